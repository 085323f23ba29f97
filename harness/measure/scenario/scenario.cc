#include "harness/measure/scenario/scenario.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/measure/scenario/arrivals.h"

namespace assay {
namespace {

absl::Status Named(const absl::Status& status, absl::string_view variant) {
  if (status.ok()) return status;
  return absl::Status(
      status.code(), absl::StrCat("variant ", variant, ": ", status.message()));
}

absl::Status CheckPositive(absl::string_view what, int64_t value) {
  if (value >= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("scenario: expected ", what, " >= 1, got ", value));
}

absl::Status Check(const ScenarioSettings& settings,
                   absl::Span<const Variant> variants) {
  ASSAY_RETURN_IF_ERROR(CheckPositive("data_samples", settings.data_samples));
  ASSAY_RETURN_IF_ERROR(
      CheckPositive("samples_per_query", settings.samples_per_query));
  ASSAY_RETURN_IF_ERROR(CheckPositive("min_queries", settings.min_queries));
  ASSAY_RETURN_IF_ERROR(CheckPositive("max_queries", settings.max_queries));
  ASSAY_RETURN_IF_ERROR(CheckPositive("rounds", settings.rounds));
  ASSAY_RETURN_IF_ERROR(
      CheckPositive("variants", static_cast<int64_t>(variants.size())));
  if (settings.scenario == Scenario::kServer && !(settings.target_qps > 0.0)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "scenario: expected a positive target_qps for SERVER, got ",
        settings.target_qps));
  }
  std::set<std::string> names;
  for (const Variant& variant : variants) {
    if (!names.insert(variant.name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("scenario: two variants named ", variant.name));
    }
  }
  return absl::OkStatus();
}

bool Stopped(const ScenarioSettings& settings) {
  return settings.stop != nullptr && settings.stop->load();
}

class Session {
 public:
  Session(const ScenarioSettings& settings, absl::Span<const Variant> variants,
          Clock& clock, BlockObserver* observer)
      : settings_(settings),
        variants_(variants),
        clock_(clock),
        observer_(observer),
        start_ns_(clock.NowNs()) {}

  absl::StatusOr<SessionTimings> Run() {
    int64_t slowest = 0;
    for (const Variant& variant : variants_) {
      ASSAY_ASSIGN_OR_RETURN(const int64_t median, WarmUp(variant));
      slowest = std::max(slowest, median);
    }
    result_.queries_per_block = QueriesPerBlock(slowest);
    const int64_t blocks =
        2 * settings_.rounds * static_cast<int64_t>(variants_.size());
    std::vector<int64_t> blocks_of(variants_.size());
    for (int64_t round = 0; round < settings_.rounds; ++round) {
      for (size_t v : DrawRound(settings_.seed, round, variants_.size())) {
        if (Stopped(settings_)) {
          return absl::CancelledError("scenario: stopped between blocks");
        }
        ASSAY_RETURN_IF_ERROR(
            Named(RunBlock(v, blocks_of[v]++), variants_[v].name));
        if (settings_.progress) {
          settings_.progress(static_cast<int64_t>(result_.blocks.size()),
                             blocks);
        }
      }
    }
    return std::move(result_);
  }

 private:
  // Runs queries until both limits are reached; their median latency.
  absl::StatusOr<int64_t> WarmUp(const Variant& variant) {
    VariantTimings timings;
    timings.name = variant.name;
    const std::vector<int64_t> samples =
        DrawSamples(settings_.seed, -1, settings_.samples_per_query,
                    settings_.data_samples);
    const int64_t begin = clock_.NowNs();
    const int64_t end =
        begin + static_cast<int64_t>(settings_.warm_up_seconds * 1e9);
    const int64_t least = std::max<int64_t>(settings_.warm_up_queries, 1);
    std::vector<int64_t> taken;
    int64_t now = begin;
    while (static_cast<int64_t>(taken.size()) < least || now < end) {
      if (Stopped(settings_)) {
        return absl::CancelledError("scenario: stopped while warming up");
      }
      const int64_t before = now;
      ASSAY_RETURN_IF_ERROR(
          Named(variant.system->Answer(samples), variant.name));
      now = clock_.NowNs();
      taken.push_back(now - before);
    }
    timings.warm_up_queries = static_cast<int64_t>(taken.size());
    timings.warm_up_ns = now - begin;
    result_.variants.push_back(std::move(timings));
    const auto middle = taken.begin() + static_cast<int64_t>(taken.size() / 2);
    std::nth_element(taken.begin(), middle, taken.end());
    return *middle;
  }

  int64_t QueriesPerBlock(int64_t latency_ns) const {
    if (settings_.scenario == Scenario::kOffline) return 1;
    double per_second =
        1e9 / static_cast<double>(std::max<int64_t>(latency_ns, 1));
    if (settings_.scenario == Scenario::kServer) {
      per_second = std::min(per_second, settings_.target_qps);
    }
    double queries = std::max(static_cast<double>(settings_.min_queries),
                              std::ceil(settings_.min_seconds * per_second));
    queries = std::min({queries, static_cast<double>(settings_.max_queries),
                        std::floor(settings_.max_seconds * per_second)});
    const double blocks = 2.0 * static_cast<double>(settings_.rounds);
    return std::max<int64_t>(1,
                             static_cast<int64_t>(std::ceil(queries / blocks)));
  }

  // `index` counts the variant's own blocks, so that all variants draw alike.
  absl::Status RunBlock(size_t variant, int64_t index) {
    const int64_t count = result_.queries_per_block;
    const std::vector<int64_t> samples =
        DrawSamples(settings_.seed, index, count * settings_.samples_per_query,
                    settings_.data_samples);
    std::vector<int64_t> arrivals;
    if (settings_.scenario == Scenario::kServer) {
      arrivals = DrawPoissonArrivals(settings_.seed, index, count,
                                     settings_.target_qps);
    }
    std::vector<int64_t> latencies(static_cast<size_t>(count));
    if (observer_ != nullptr) {
      ASSAY_RETURN_IF_ERROR(observer_->BeforeBlock(variant));
    }
    BlockTiming block;
    block.start_ns = clock_.NowNs();
    ASSAY_ASSIGN_OR_RETURN(
        block.end_ns, arrivals.empty()
                          ? RunBackToBack(variant, samples, block.start_ns,
                                          absl::MakeSpan(latencies))
                          : RunScheduled(variant, samples, block.start_ns,
                                         arrivals, absl::MakeSpan(latencies)));
    const int64_t answered = count * settings_.samples_per_query;
    if (observer_ != nullptr) {
      ASSAY_RETURN_IF_ERROR(observer_->AfterBlock(variant, answered));
    }
    Keep(variant, block, latencies, answered);
    return absl::OkStatus();
  }

  absl::StatusOr<int64_t> RunBackToBack(size_t variant,
                                        absl::Span<const int64_t> samples,
                                        int64_t start,
                                        absl::Span<int64_t> latencies) {
    SystemUnderTest& system = *variants_[variant].system;
    const size_t per_query = static_cast<size_t>(settings_.samples_per_query);
    int64_t issued = start;
    for (size_t q = 0; q < latencies.size(); ++q) {
      const absl::Status status =
          system.Answer(samples.subspan(q * per_query, per_query));
      if (!status.ok()) return status;
      const int64_t done = clock_.NowNs();
      latencies[q] = done - issued;
      issued = done;
    }
    return issued;
  }

  absl::StatusOr<int64_t> RunScheduled(size_t variant,
                                       absl::Span<const int64_t> samples,
                                       int64_t start,
                                       absl::Span<const int64_t> arrivals,
                                       absl::Span<int64_t> latencies) {
    SystemUnderTest& system = *variants_[variant].system;
    const size_t per_query = static_cast<size_t>(settings_.samples_per_query);
    int64_t done = start;
    for (size_t q = 0; q < latencies.size(); ++q) {
      const int64_t scheduled = start + arrivals[q];
      clock_.WaitUntilNs(scheduled);
      const absl::Status status =
          system.Answer(samples.subspan(q * per_query, per_query));
      if (!status.ok()) return status;
      done = clock_.NowNs();
      latencies[q] = done - scheduled;
    }
    return done;
  }

  void Keep(size_t variant, BlockTiming block,
            const std::vector<int64_t>& latencies, int64_t answered) {
    VariantTimings& timings = result_.variants[variant];
    block.variant = variant;
    block.first_query = static_cast<int64_t>(timings.latency_ns.size());
    block.queries = static_cast<int64_t>(latencies.size());
    timings.busy_ns += block.end_ns - block.start_ns;
    timings.samples += answered;
    timings.latency_ns.insert(timings.latency_ns.end(), latencies.begin(),
                              latencies.end());
    block.start_ns -= start_ns_;
    block.end_ns -= start_ns_;
    result_.blocks.push_back(block);
  }

  const ScenarioSettings& settings_;
  absl::Span<const Variant> variants_;
  Clock& clock_;
  BlockObserver* observer_;
  int64_t start_ns_;
  SessionTimings result_;
};

}  // namespace

const char* ScenarioName(Scenario scenario) {
  switch (scenario) {
    case Scenario::kSingleStream:
      return "SINGLE_STREAM";
    case Scenario::kMultiStream:
      return "MULTI_STREAM";
    case Scenario::kOffline:
      return "OFFLINE";
    case Scenario::kServer:
      return "SERVER";
  }
  return "UNKNOWN";
}

absl::StatusOr<SessionTimings> RunScenario(const ScenarioSettings& settings,
                                           absl::Span<const Variant> variants,
                                           Clock& clock,
                                           BlockObserver* observer) {
  ASSAY_RETURN_IF_ERROR(Check(settings, variants));
  return Session(settings, variants, clock, observer).Run();
}

}  // namespace assay
