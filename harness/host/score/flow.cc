#include "harness/host/score/flow.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/descriptive.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/batch_rows.h"
#include "harness/dynamic/dynamic_program.h"
#include "harness/dynamic/host_module.h"
#include "harness/dynamic/regrouped_program.h"
#include "harness/graph/cost.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/host/dynamic_scores.h"
#include "harness/host/run_setup.h"
#include "harness/host/score/cost_record.h"
#include "harness/host/score/difference.h"
#include "harness/host/score/materialisation.h"
#include "harness/host/score/quality.h"
#include "harness/report/check.h"

namespace assay {
namespace {

constexpr size_t kPathsShown = 16;

ExecutableOptions OptionsOf(const std::string& precision, int threads,
                            const LoweringOptions& lowering = {}) {
  ExecutableOptions options;
  options.lowering = lowering;
  options.threads = threads;
  if (precision == "bf16") options.lowering.precision = FloatPrecision::kBf16;
  return options;
}

std::map<std::string, Tensor> InputsOf(const DynamicGraph& graph,
                                       const Batch& batch,
                                       absl::Span<const int64_t> rows) {
  std::map<std::string, Tensor> inputs;
  for (const auto& [name, value] : batch.feeds) {
    for (const DynamicGraph::Input& input : graph.inputs) {
      if (input.name == name) inputs[name] = GatherRows(value, rows);
    }
  }
  return inputs;
}

std::vector<int64_t> Consecutive(int64_t first, int64_t count) {
  std::vector<int64_t> rows(static_cast<size_t>(count));
  std::iota(rows.begin(), rows.end(), first);
  return rows;
}

// One of the two kinds of programs.
class FlowProgram {
 public:
  static absl::StatusOr<FlowProgram> Make(Device* device, const Flow& flow,
                                          int64_t batch,
                                          const ExecutableOptions& options) {
    FlowProgram program;
    ASSAY_ASSIGN_OR_RETURN(HostModule module,
                           BuildHostModule(*flow.graph, *flow.parameters));
    if (batch == 1) {
      ASSAY_ASSIGN_OR_RETURN(program.one_,
                             DynamicProgram::Make(device, std::move(module),
                                                  *flow.parameters, options));
      return program;
    }
    ASSAY_ASSIGN_OR_RETURN(
        program.many_,
        RegroupedProgram::Make(device, std::move(module), *flow.parameters,
                               batch, options));
    return program;
  }

  absl::StatusOr<DynamicResult> Run(
      const std::map<std::string, Tensor>& inputs) {
    return one_ != nullptr ? one_->Run(inputs) : many_->Run(inputs);
  }
  int64_t bytes() const {
    return one_ != nullptr ? one_->bytes() : many_->bytes();
  }
  std::vector<const Graph*> plans() const {
    return one_ != nullptr ? one_->plans() : many_->plans();
  }

 private:
  std::unique_ptr<DynamicProgram> one_;
  std::unique_ptr<RegroupedProgram> many_;
};

class FlowSystem final : public TimedSystem {
 public:
  FlowSystem(const DynamicGraph* graph, FlowProgram program, int64_t batch)
      : graph_(*graph), program_(std::move(program)), batch_(batch) {}

  absl::Status LoadBatches(BatchSource& source, int64_t count) override {
    inputs_.clear();
    for (int64_t number = 0; number < count; ++number) {
      ASSAY_ASSIGN_OR_RETURN(const Batch batch, source.Make(number));
      inputs_.push_back(InputsOf(graph_, batch, Consecutive(0, batch_)));
    }
    return absl::OkStatus();
  }
  absl::Status Answer(absl::Span<const int64_t> samples) override {
    for (size_t i = 0; i < samples.size(); i += static_cast<size_t>(batch_)) {
      const auto number = static_cast<size_t>(samples[i] / batch_);
      ASSAY_RETURN_IF_ERROR(program_.Run(inputs_[number]).status());
    }
    return absl::OkStatus();
  }
  int64_t samples() const override {
    return static_cast<int64_t>(inputs_.size()) * batch_;
  }
  int64_t bytes() const override { return program_.bytes(); }
  std::string form() const override {
    std::string form;
    for (const Graph* plan : program_.plans()) {
      absl::StrAppend(&form, FormOf(*plan));
    }
    return form;
  }

 private:
  const DynamicGraph& graph_;
  FlowProgram program_;
  const int64_t batch_;
  std::vector<std::map<std::string, Tensor>> inputs_;
};

absl::StatusOr<DynamicScores> ScoreWith(const Task& task, Device* device,
                                        const Flow& flow,
                                        const std::string& label,
                                        const ExecutableOptions& options,
                                        std::vector<int64_t> samples = {},
                                        const TensorType* logits = nullptr) {
  Evaluator::Options run;
  run.label = label;
  run.progress = true;
  run.stop = StopOnTerminate();
  const std::unique_ptr<BatchSource> source =
      samples.empty()
          ? task.EvaluationBatches(Split::kTest, task.spec().evaluation_batch)
          : task.EvaluationBatches(Split::kTest, task.spec().evaluation_batch,
                                   Scoring::kFull, std::move(samples));
  return ScoreDynamic(device, *flow.graph, *flow.parameters, *source, run,
                      options, logits);
}

// What a row of logits must be.
TensorType LogitsOf(const Graph& reference) {
  TensorType type = reference.type(reference.FindOutput("logits"));
  type.shape[0] = 1;
  return type;
}

uint64_t Rounded(double value) {
  return static_cast<uint64_t>(std::llround(std::max(value, 0.0)));
}

void FillPaths(const DynamicGraph& graph, const DynamicScores& scores,
               PathCosts* paths) {
  paths->set_conditionals(static_cast<uint64_t>(SiteCount(graph)));
  paths->set_distinct(scores.paths.size());
  std::vector<std::pair<int64_t, std::string>> taken;
  for (const auto& [path, count] : scores.paths) taken.push_back({count, path});
  std::sort(taken.begin(), taken.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  const double samples = static_cast<double>(scores.macs.size());
  for (size_t i = 0; i < std::min(taken.size(), kPathsShown); ++i) {
    PathShare* share = paths->add_most_taken();
    share->set_path(taken[i].second);
    share->set_share(static_cast<double>(taken[i].first) / samples);
  }
  std::vector<double> macs(scores.macs.begin(), scores.macs.end());
  std::sort(macs.begin(), macs.end());
  paths->set_least_macs(Rounded(macs.front()));
  paths->set_p5_macs(Rounded(SortedQuantile(macs, 0.05)));
  paths->set_mean_macs(scores.mean_macs());
  paths->set_p95_macs(Rounded(SortedQuantile(macs, 0.95)));
  paths->set_most_macs(Rounded(macs.back()));
}

// Means over the samples, by how many came to each sub-network.
absl::Status FillMeans(const Flow& flow, const DynamicScores& scores,
                       CandidateRecord* record) {
  const double samples = static_cast<double>(scores.macs.size());
  double alive = 0, bit_macs = 0, executed = 0;
  int64_t activations = 0;
  for (size_t i = 0; i < scores.subnetworks.size(); ++i) {
    const Graph& graph = scores.subnetworks[i];
    const double share = static_cast<double>(scores.visits[i]) / samples;
    ASSAY_ASSIGN_OR_RETURN(const CostRecord cost,
                           MakeCostRecord(graph, *flow.parameters, 0));
    alive += share * static_cast<double>(cost.nonzero_macs());
    bit_macs += share * cost.bit_macs();
    activations =
        std::max(activations, static_cast<int64_t>(cost.activation_bytes()));
    ASSAY_ASSIGN_OR_RETURN(const LoweredNetwork lowered,
                           LowerForInference(graph, *flow.parameters));
    executed += share * static_cast<double>(ExecutedCostOf(lowered.graph).macs);
  }
  CostRecord* cost = record->mutable_cost();
  cost->set_macs(Rounded(scores.mean_macs()));
  cost->set_nonzero_macs(Rounded(alive));
  cost->set_bit_macs(bit_macs);
  cost->set_activation_bytes(static_cast<uint64_t>(activations));
  FillPaths(*flow.graph, scores, cost->mutable_paths());
  record->mutable_materialisation()->set_plan_macs(Rounded(executed));
  return absl::OkStatus();
}

// The pieces as plans, and what a run node by node answers otherwise.
absl::Status FillMaterialisation(const Task& task, Device* device,
                                 const Flow& flow, const std::string& label,
                                 const DynamicScores& lowered,
                                 MaterialisationRecord* record) {
  ASSAY_ASSIGN_OR_RETURN(const LoweredNetwork plan,
                         LowerForInference(*flow.pieces, *flow.parameters));
  ASSAY_ASSIGN_OR_RETURN(
      *record, MakeMaterialisationRecord(*flow.pieces, *flow.parameters,
                                         plan.graph, plan.left_in_float));
  record->set_plan_weight_bytes(
      static_cast<uint64_t>(ExecutedCostOf(plan.graph).weight_bytes));
  ExecutableOptions as_given;
  as_given.lower = false;
  ASSAY_ASSIGN_OR_RETURN(
      const DynamicScores exact,
      ScoreWith(task, device, flow, label + " as given", as_given));
  record->set_answers_changed_by_lowering(
      AnswersChanged(exact.scores, lowered.scores));
  record->set_max_output_difference(
      LargestDifference(exact.first_logits, lowered.first_logits));
  return absl::OkStatus();
}

}  // namespace

std::string Flow::precision() const {
  return IsQuantized(*pieces) ? "int8" : "f32";
}

absl::StatusOr<ScoresByPrecision> EvaluateFlow(const Task& task, Device* device,
                                               const Flow& flow,
                                               const Graph& reference,
                                               const EvaluationOptions& options,
                                               CandidateRecord* record) {
  const int64_t batch = task.spec().evaluation_batch;
  const std::string label = absl::StrCat("score ", options.label);
  const std::string own = flow.precision();
  const TensorType logits = LogitsOf(reference);
  ASSAY_ASSIGN_OR_RETURN(DynamicScores scored,
                         ScoreWith(task, device, flow, label + " lowered",
                                   OptionsOf(own, 0), {}, &logits));
  if (scored.macs.empty()) {
    return absl::InvalidArgumentError("the test split is empty");
  }
  ASSAY_RETURN_IF_ERROR(FillMaterialisation(task, device, flow, label, scored,
                                            record->mutable_materialisation()));
  ASSAY_RETURN_IF_ERROR(FillMeans(flow, scored, record));
  ScoresByPrecision scores;
  const auto add = [&](const std::string& precision, Scores made) {
    *record->add_quality() =
        MakeQualityRecord(task, Split::kTest, made, precision, batch);
    scores.emplace(precision, std::move(made));
  };
  add(own, std::move(scored.scores));
  if (!options.bf16 || own == "int8") return scores;
  auto bf16 =
      ScoreWith(task, device, flow, label + " bf16", OptionsOf("bf16", 0));
  if (bf16.ok()) {
    add("bf16", std::move(bf16->scores));
  } else if (absl::IsUnimplemented(bf16.status())) {
    QualityRecord* quality = record->add_quality();
    quality->set_split("test");
    quality->set_precision("bf16");
    *quality->mutable_availability() =
        MakeAvailability(Availability::UNAVAILABLE, bf16.status().message());
  } else {
    return bf16.status();
  }
  return scores;
}

absl::StatusOr<Scores> ScoreFlow(const Task& task, Device* device,
                                 const Flow& flow, const std::string& label,
                                 std::vector<int64_t> samples) {
  ASSAY_ASSIGN_OR_RETURN(
      DynamicScores scored,
      ScoreWith(task, device, flow, label, OptionsOf(flow.precision(), 0),
                std::move(samples)));
  return std::move(scored.scores);
}

absl::StatusOr<Tensor> FlowLogits(Device* device, const Flow& flow,
                                  const Batch& first, int64_t rows,
                                  int64_t batch) {
  ASSAY_ASSIGN_OR_RETURN(
      FlowProgram program,
      FlowProgram::Make(device, flow, batch, OptionsOf(flow.precision(), 0)));
  Tensor all;
  for (int64_t begin = 0; begin < rows; begin += batch) {
    const int64_t count = std::min(batch, rows - begin);
    ASSAY_ASSIGN_OR_RETURN(
        const DynamicResult result,
        program.Run(InputsOf(*flow.graph, first, Consecutive(begin, count))));
    const Tensor part = result.outputs.at("logits").Cast(DType::kF32);
    if (begin == 0) {
      Shape shape = part.shape();
      shape[0] = rows;
      all = Tensor(DType::kF32, shape);
    }
    ScatterRows(part, Consecutive(begin, count), &all);
  }
  return all;
}

absl::StatusOr<std::unique_ptr<TimedSystem>> MakeFlowSystem(
    Device* device, const Flow& flow, const std::string& precision,
    int64_t batch, int threads, const LoweringOptions& lowering) {
  ASSAY_ASSIGN_OR_RETURN(
      FlowProgram program,
      FlowProgram::Make(device, flow, batch,
                        OptionsOf(precision, threads, lowering)));
  return std::make_unique<FlowSystem>(flow.graph, std::move(program), batch);
}

}  // namespace assay
