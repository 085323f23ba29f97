#include "harness/measure/scenario/scenario.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
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

absl::Status CheckServer(const ScenarioSettings& settings) {
  if (settings.evict) {
    return absl::InvalidArgumentError(
        "scenario: SERVER cannot have cold caches: a query in the queue would "
        "wait for the eviction");
  }
  if (settings.target_qps > 0.0 ||
      (settings.target_qps == 0.0 && settings.target_utilisation > 0.0)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "scenario: expected a positive target_qps or target_utilisation for "
      "SERVER, got ",
      settings.target_qps, " and ", settings.target_utilisation));
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
  if (settings.scenario == Scenario::kServer) {
    ASSAY_RETURN_IF_ERROR(CheckServer(settings));
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

int64_t MedianOf(absl::Span<const int64_t> values) {
  std::vector<int64_t> copy(values.begin(), values.end());
  const auto middle = copy.begin() + static_cast<int64_t>(copy.size() / 2);
  std::nth_element(copy.begin(), middle, copy.end());
  return *middle;
}

// Whether the last quarter took as long as the one before it.
bool IsSteady(absl::Span<const int64_t> taken, double tolerance) {
  const size_t quarter = std::max<size_t>(1, taken.size() / 4);
  if (taken.size() < 2 * quarter) return true;
  const double last = static_cast<double>(
      MedianOf(taken.subspan(taken.size() - quarter, quarter)));
  const double before = static_cast<double>(
      MedianOf(taken.subspan(taken.size() - 2 * quarter, quarter)));
  return std::abs(last - before) <= tolerance * std::max(last, before);
}

// Medians of a warm-up.
struct Pace {
  int64_t latency_ns = 0;
  int64_t turn_ns = 0;  // with the eviction before the query
};

class Session {
 public:
  Session(const ScenarioSettings& settings, absl::Span<const Variant> variants,
          Clock& clock, BlockObserver* observer)
      : settings_(settings),
        variants_(variants),
        clock_(clock),
        observer_(observer),
        start_ns_(clock.NowNs()) {
    result_.start_ns = start_ns_;
  }

  absl::StatusOr<SessionTimings> Run() {
    Pace slowest;
    int64_t fastest_ns = std::numeric_limits<int64_t>::max();
    for (const Variant& variant : variants_) {
      ASSAY_ASSIGN_OR_RETURN(const Pace pace, WarmUp(variant));
      fastest_ns = std::min(fastest_ns, pace.latency_ns);
      slowest.latency_ns = std::max(slowest.latency_ns, pace.latency_ns);
      slowest.turn_ns = std::max(slowest.turn_ns, pace.turn_ns);
    }
    SettleCounts(slowest, fastest_ns);
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
  absl::StatusOr<Pace> WarmUp(const Variant& variant) {
    VariantTimings timings;
    timings.name = variant.name;
    const std::vector<int64_t> samples =
        DrawSamples(settings_.seed, -1, settings_.samples_per_query,
                    settings_.data_samples);
    const int64_t begin = clock_.NowNs();
    std::vector<int64_t> latencies, turns;
    int64_t now = begin;
    while (GoOnWarmingUp(now - begin, latencies, &timings)) {
      if (Stopped(settings_)) {
        return absl::CancelledError("scenario: stopped while warming up");
      }
      const int64_t turn = now;
      const int64_t issued = Issue(turn);
      ASSAY_RETURN_IF_ERROR(
          Named(variant.system->Answer(samples), variant.name));
      now = clock_.NowNs();
      latencies.push_back(now - issued);
      turns.push_back(now - turn);
    }
    timings.warm_up_queries = static_cast<int64_t>(latencies.size());
    timings.warm_up_ns = now - begin;
    result_.variants.push_back(std::move(timings));
    return Pace{MedianOf(latencies), MedianOf(turns)};
  }

  // Looks at the medians each time that the count has grown by half.
  bool GoOnWarmingUp(int64_t passed_ns, absl::Span<const int64_t> latencies,
                     VariantTimings* timings) {
    const auto ns = [](double seconds) {
      return static_cast<int64_t>(seconds * 1e9);
    };
    const int64_t count = static_cast<int64_t>(latencies.size());
    if (count < std::max<int64_t>(settings_.warm_up_queries, 1) ||
        passed_ns < ns(settings_.warm_up_seconds)) {
      next_look_ = 0;
      return true;
    }
    if (count >= next_look_) {
      timings->warm_up_steady =
          IsSteady(latencies, settings_.warm_up_tolerance);
      next_look_ = count + count / 2 + 1;
    }
    return !timings->warm_up_steady &&
           passed_ns < ns(settings_.warm_up_most_seconds);
  }

  // Makes the caches cold where that is asked; the instant from which the query
  // counts.
  int64_t Issue(int64_t now) {
    if (!settings_.evict) return now;
    settings_.evict();
    return clock_.NowNs();
  }

  // Before the first timed query, so that the results cannot choose them.
  void SettleCounts(const Pace& slowest, int64_t fastest_ns) {
    const auto rate = [](int64_t ns) {
      return 1e9 / static_cast<double>(std::max<int64_t>(ns, 1));
    };
    double per_second = rate(slowest.turn_ns);
    if (settings_.scenario == Scenario::kServer) {
      result_.target_qps =
          settings_.target_qps > 0.0
              ? settings_.target_qps
              : settings_.target_utilisation * rate(slowest.latency_ns);
      per_second = std::min(per_second, result_.target_qps);
    }
    const double busiest = settings_.scenario == Scenario::kServer
                               ? result_.target_qps
                               : rate(fastest_ns);
    double queries = std::max(static_cast<double>(settings_.min_queries),
                              std::ceil(settings_.min_seconds * per_second));
    queries = std::min({queries, static_cast<double>(settings_.max_queries),
                        std::floor(settings_.max_seconds * per_second)});
    queries =
        std::max(queries, std::ceil(settings_.least_busy_seconds * busiest));
    const double blocks = 2.0 * static_cast<double>(settings_.rounds);
    const int64_t per_block =
        std::max<int64_t>(1, static_cast<int64_t>(std::ceil(queries / blocks)));
    const bool offline = settings_.scenario == Scenario::kOffline;
    result_.queries_per_block = offline ? 1 : per_block;
    result_.samples_per_query =
        settings_.samples_per_query * (offline ? per_block : 1);
  }

  // `index` counts the variant's own blocks, so that all variants draw alike.
  absl::Status RunBlock(size_t variant, int64_t index) {
    const int64_t count = result_.queries_per_block;
    const int64_t answered = count * result_.samples_per_query;
    const std::vector<int64_t> samples =
        DrawSamples(settings_.seed, index, answered, settings_.data_samples);
    std::vector<int64_t> arrivals;
    if (settings_.scenario == Scenario::kServer) {
      arrivals =
          DrawPoissonArrivals(settings_.seed, index, count, result_.target_qps);
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
    const size_t per_query = static_cast<size_t>(result_.samples_per_query);
    int64_t issued = start;
    for (size_t q = 0; q < latencies.size(); ++q) {
      issued = Issue(issued);
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
    const size_t per_query = static_cast<size_t>(result_.samples_per_query);
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
    timings.busy_ns +=
        settings_.evict
            ? std::accumulate(latencies.begin(), latencies.end(), int64_t{0})
            : block.end_ns - block.start_ns;
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
  int64_t next_look_ = 0;
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
    case Scenario::kPrefill:
      return "PREFILL";
    case Scenario::kDecode:
      return "DECODE";
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
