#include "harness/host/score/audit.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "harness/backend/session.h"
#include "harness/core/random.h"
#include "harness/core/status_macros.h"
#include "harness/host/run_setup.h"
#include "harness/host/score/materialisation.h"
#include "harness/host/score/plan.h"
#include "harness/host/score/session_settings.h"
#include "harness/measure/scenario/arrivals.h"
#include "harness/report/check.h"
#include "harness/report/record/latency_record.h"

namespace assay {
namespace {

// One answer in a thousand may change by rounding in another place of a batch.
constexpr double kChangedLimit = 0.001;

// Asks another system for samples by a table instead of those asked for.
class Redirected final : public SystemUnderTest {
 public:
  Redirected(SystemUnderTest* system, std::vector<int64_t> table)
      : system_(system), table_(std::move(table)) {}
  absl::Status Answer(absl::Span<const int64_t> samples) override {
    asked_.clear();
    for (const int64_t s : samples) {
      asked_.push_back(table_[static_cast<size_t>(s)]);
    }
    return system_->Answer(asked_);
  }

 private:
  SystemUnderTest* system_;
  const std::vector<int64_t> table_;
  std::vector<int64_t> asked_;
};

AuditRecord Finish(const char* kind, const SpeedRatio& ratio, bool passed,
                   std::string detail) {
  AuditRecord record;
  record.set_kind(kind);
  record.set_batch(1);
  *record.mutable_availability() = MakeAvailability(Availability::MEASURED);
  record.set_speedup(ratio.speedup);
  *record.mutable_interval() = ratio.interval;
  record.set_limit(kAuditLimit);
  record.set_passed(passed);
  record.set_detail(std::move(detail));
  return record;
}

std::string Seen(const char* what, const SpeedRatio& ratio) {
  return absl::StrFormat("%s: expected at most %.2f, got %.3f (%.3f-%.3f)",
                         what, kAuditLimit, ratio.speedup, ratio.interval.low(),
                         ratio.interval.high());
}

absl::StatusOr<Scores> ScoreIn(const Task& task, Device* device,
                               const Plan& plan, std::vector<int64_t> samples) {
  DeviceParameters none(device);
  const int64_t batch = task.spec().evaluation_batch;
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<Evaluator> evaluator,
                         Evaluator::Make(device, plan.graph, batch, &none));
  Evaluator::Options options;
  options.label = "audit the order";
  options.progress = true;
  options.stop = StopOnTerminate();
  return evaluator->Run(
      *task.EvaluationBatches(Split::kTest, batch, Scoring::kFull,
                              std::move(samples)),
      options);
}

AuditRecord NotApplicable(const char* kind, const char* why) {
  AuditRecord record;
  record.set_kind(kind);
  *record.mutable_availability() =
      MakeAvailability(Availability::NOT_APPLICABLE, why);
  return record;
}

// `score` gives the scores in the order of some samples; empty: their own.
absl::StatusOr<AuditRecord> ShuffleAndScore(
    const Task& task, uint64_t seed,
    const std::function<absl::StatusOr<Scores>(std::vector<int64_t>)>& score) {
  if (task.spec().metric == Metric::kBitsPerByte) {
    return NotApplicable("shuffled_order",
                         "a stream has one order, which is its meaning");
  }
  RandomStream random(seed, "audit/order");
  const std::vector<int64_t> order =
      random.Permutation(task.dataset().size(Split::kTest));
  ASSAY_ASSIGN_OR_RETURN(const Scores ordered, score({}));
  ASSAY_ASSIGN_OR_RETURN(const Scores shuffled, score(order));
  return AuditOrder(ordered, shuffled, order);
}

}  // namespace

absl::StatusOr<std::vector<AuditRecord>> AuditTiming(
    const ScenarioSettings& settings, SystemUnderTest* system, Clock& clock) {
  const int64_t samples = settings.data_samples;
  Redirected same(system, std::vector<int64_t>(static_cast<size_t>(samples)));
  // As another seed would draw them.
  Redirected other(system, DrawSamples(settings.seed + 1, 0, samples, samples));
  const std::vector<Variant> variants = {
      {"ordinary", system}, {"same_sample", &same}, {"alternate_seed", &other}};
  ASSAY_ASSIGN_OR_RETURN(const SessionTimings timings,
                         RunScenario(settings, variants, clock));
  const SpeedRatio repeated = MedianSpeedRatio(timings, 0, 1, settings.seed);
  const SpeedRatio reseeded = MedianSpeedRatio(timings, 2, 0, settings.seed);
  std::vector<AuditRecord> records;
  records.push_back(Finish(
      "same_sample", repeated, repeated.interval.low() <= kAuditLimit,
      Seen("one sample over and over, against the ordinary run", repeated)));
  records.push_back(Finish(
      "alternate_seed", reseeded, reseeded.interval.low() <= kAuditLimit,
      Seen("the ordinary run, against one with another seed", reseeded)));
  return records;
}

AuditRecord AuditOrder(const Scores& ordered, const Scores& shuffled,
                       const std::vector<int64_t>& order) {
  AuditRecord record;
  record.set_kind("shuffled_order");
  if (ordered.count() != static_cast<int64_t>(order.size()) ||
      shuffled.count() != ordered.count()) {
    *record.mutable_availability() = MakeAvailability(
        Availability::REFUSED,
        absl::StrFormat("%d and %d answers to %d items", ordered.count(),
                        shuffled.count(), order.size()));
    return record;
  }
  *record.mutable_availability() = MakeAvailability(Availability::MEASURED);
  uint64_t changed = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    const size_t item = static_cast<size_t>(order[i]);
    changed += shuffled.predictions[i] != ordered.predictions[item] ? 1 : 0;
  }
  const auto most =
      static_cast<uint64_t>(kChangedLimit * static_cast<double>(order.size()));
  record.set_items(order.size());
  record.set_answers_changed(changed);
  record.set_passed(changed <= most);
  record.set_detail(absl::StrFormat(
      "answers that change with the order of the items: expected at most %d of "
      "%d, got %d",
      most, order.size(), changed));
  return record;
}

absl::StatusOr<std::vector<AuditRecord>> Audit(
    const Task& task, Device* device, int threads, const MeasureSpec& measure,
    uint64_t seed, const Graph& graph, const ParameterStore& parameters) {
  const std::string precision = IsQuantized(graph) ? "int8" : "f32";
  ASSAY_ASSIGN_OR_RETURN(const Plan plan,
                         MakePlan(graph, parameters, precision, 1));
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<PlanSystem> system,
                         PlanSystem::Make(device, plan, threads));
  const std::unique_ptr<BatchSource> source =
      task.EvaluationBatches(Split::kTest, 1);
  ASSAY_RETURN_IF_ERROR(system->LoadBatches(
      *source, std::min(kBatchesInMemory, source->batch_count())));
  ScenarioSettings settings =
      SettingsOf(measure, {Scenario::kSingleStream, 1, 1}, seed);
  settings.data_samples = system->samples();
  ASSAY_ASSIGN_OR_RETURN(std::vector<AuditRecord> records,
                         AuditTiming(settings, system.get(), MonotonicClock()));
  ASSAY_ASSIGN_OR_RETURN(
      const Plan many,
      MakePlan(graph, parameters, precision, task.spec().evaluation_batch));
  ASSAY_ASSIGN_OR_RETURN(
      records.emplace_back(),
      ShuffleAndScore(task, seed, [&](std::vector<int64_t> samples) {
        return ScoreIn(task, device, many, std::move(samples));
      }));
  for (AuditRecord& record : records) record.set_precision(precision);
  return records;
}

absl::StatusOr<std::vector<AuditRecord>> Audit(const Task& task, Device* device,
                                               uint64_t seed,
                                               const Flow& flow) {
  constexpr char kWhy[] =
      "with control flow the path of a sample decides what it takes";
  std::vector<AuditRecord> records = {NotApplicable("same_sample", kWhy),
                                      NotApplicable("alternate_seed", kWhy)};
  ASSAY_ASSIGN_OR_RETURN(
      records.emplace_back(),
      ShuffleAndScore(task, seed, [&](std::vector<int64_t> samples) {
        return ScoreFlow(task, device, flow, "audit the order",
                         std::move(samples));
      }));
  for (AuditRecord& record : records) {
    record.set_precision(flow.precision());
  }
  return records;
}

}  // namespace assay
