#include "harness/host/score/evaluation.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/backend/session.h"
#include "harness/core/status_macros.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/host/run_setup.h"
#include "harness/host/score/difference.h"
#include "harness/host/score/materialisation.h"
#include "harness/host/score/plan.h"
#include "harness/host/score/quality.h"
#include "harness/report/check.h"

namespace assay {
namespace {

class Evaluation {
 public:
  Evaluation(const Task& task, Device* device, const EvaluationOptions& options)
      : task_(task),
        device_(device),
        options_(options),
        batch_(task.spec().evaluation_batch) {}

  int64_t batch() const { return batch_; }

  absl::StatusOr<Scores> ScoreOf(const Graph& graph,
                                 const ParameterStore& parameters,
                                 absl::string_view what) {
    DeviceParameters loaded(device_);
    ASSAY_RETURN_IF_ERROR(loaded.Load(parameters));
    ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<Evaluator> evaluator,
                           Evaluator::Make(device_, graph, batch_, &loaded));
    Evaluator::Options run;
    run.label = absl::StrCat("score ", options_.label, " ", what);
    run.progress = true;
    run.stop = StopOnTerminate();
    return evaluator->Run(*task_.EvaluationBatches(Split::kTest, batch_), run);
  }

  // Of the first batch of the test split.
  absl::StatusOr<Tensor> LogitsOf(const Graph& graph,
                                  const ParameterStore& parameters) {
    DeviceParameters loaded(device_);
    ASSAY_RETURN_IF_ERROR(loaded.Load(parameters));
    ASSAY_ASSIGN_OR_RETURN(const Graph batched, Rebatch(graph, batch_));
    ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session,
                           Session::Make(device_, batched, &loaded));
    ASSAY_ASSIGN_OR_RETURN(
        const Batch batch,
        task_.EvaluationBatches(Split::kTest, batch_)->Make(0));
    for (const auto& [name, value] : batch.feeds) {
      if (batched.FindValue(name) == kNoValue) continue;  // labels
      ASSAY_RETURN_IF_ERROR(session->Feed(name, value));
    }
    ASSAY_RETURN_IF_ERROR(session->Run());
    return session->Fetch("logits");
  }

  // How far the plan's answers are from the program's.
  absl::Status Compare(const Graph& graph, const ParameterStore& parameters,
                       const Plan& plan, MaterialisationRecord* record) {
    ASSAY_ASSIGN_OR_RETURN(const Tensor exact, LogitsOf(graph, parameters));
    ASSAY_ASSIGN_OR_RETURN(const Tensor lowered, LogitsOf(plan.graph, {}));
    record->set_max_output_difference(LargestDifference(exact, lowered));
    return absl::OkStatus();
  }

  void Add(const std::string& precision, const Scores& scores,
           CandidateRecord* record) {
    *record->add_quality() =
        MakeQualityRecord(task_, Split::kTest, scores, precision, batch_);
  }

 private:
  const Task& task_;
  Device* device_;
  const EvaluationOptions& options_;
  const int64_t batch_;
};

void AddUnavailable(const std::string& precision, const absl::Status& why,
                    CandidateRecord* record) {
  QualityRecord* quality = record->add_quality();
  quality->set_split("test");
  quality->set_precision(precision);
  *quality->mutable_availability() =
      MakeAvailability(Availability::UNAVAILABLE, why.message());
}

absl::Status AddBf16(Evaluation& evaluation, const Graph& graph,
                     const ParameterStore& parameters, CandidateRecord* record,
                     ScoresByPrecision* scores) {
  ASSAY_ASSIGN_OR_RETURN(
      const Plan plan, MakePlan(graph, parameters, "bf16", evaluation.batch()));
  auto scored = evaluation.ScoreOf(plan.graph, {}, "bf16");
  if (absl::IsUnimplemented(scored.status())) {
    AddUnavailable("bf16", scored.status(), record);
    return absl::OkStatus();
  }
  ASSAY_RETURN_IF_ERROR(scored.status());
  evaluation.Add("bf16", *scored, record);
  scores->emplace("bf16", *std::move(scored));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ScoresByPrecision> EvaluateNetwork(
    const Task& task, Device* device, const Graph& graph,
    const ParameterStore& parameters, const EvaluationOptions& options,
    CandidateRecord* record) {
  Evaluation evaluation(task, device, options);
  const bool quantized = IsQuantized(graph);
  const std::string precision = quantized ? "int8" : "f32";
  ASSAY_ASSIGN_OR_RETURN(const Plan plan, MakePlan(graph, parameters, precision,
                                                   evaluation.batch()));
  ASSAY_ASSIGN_OR_RETURN(
      *record->mutable_materialisation(),
      MakeMaterialisationRecord(graph, parameters, plan.graph,
                                plan.left_in_float));
  MaterialisationRecord* lowering = record->mutable_materialisation();
  const ExecutedCost executed = ExecutedCostOf(plan.graph);
  lowering->set_plan_macs(
      static_cast<uint64_t>(executed.macs / evaluation.batch()));
  lowering->set_plan_weight_bytes(static_cast<uint64_t>(executed.weight_bytes));

  ASSAY_ASSIGN_OR_RETURN(Scores program,
                         evaluation.ScoreOf(graph, parameters, "as given"));
  ASSAY_ASSIGN_OR_RETURN(Scores lowered,
                         evaluation.ScoreOf(plan.graph, {}, "lowered"));
  lowering->set_answers_changed_by_lowering(AnswersChanged(program, lowered));
  ASSAY_RETURN_IF_ERROR(evaluation.Compare(graph, parameters, plan, lowering));

  ScoresByPrecision scores;
  Scores& own = quantized ? lowered : program;
  evaluation.Add(precision, own, record);
  scores.emplace(precision, std::move(own));
  if (options.bf16 && !quantized) {
    ASSAY_RETURN_IF_ERROR(
        AddBf16(evaluation, graph, parameters, record, &scores));
  }
  return scores;
}

}  // namespace assay
