#include "harness/host/score/plan.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/dtype.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/graph/text.h"
#include "harness/host/score/materialisation.h"

namespace assay {
namespace {

const Tensor* FindFeed(const Batch& batch, absl::string_view name) {
  for (const auto& [feed, value] : batch.feeds) {
    if (feed == name) return &value;
  }
  return nullptr;
}

}  // namespace

int64_t ConstantBytes(const Graph& graph) {
  int64_t bytes = 0;
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    if (graph.value(id).kind != ValueKind::kConstant) continue;
    bytes += ElementCount(graph.shape(id)) * SizeOf(graph.type(id).dtype);
  }
  return bytes;
}

std::string FormOf(const Graph& graph) {
  ParameterStore constants;  // the text without them is short
  return ToText(graph, &constants);
}

absl::StatusOr<Plan> MakePlan(const Graph& graph,
                              const ParameterStore& parameters,
                              const std::string& precision, int64_t batch,
                              LoweringOptions options) {
  if (IsQuantized(graph) != (precision == "int8")) {
    return absl::InvalidArgumentError(
        absl::StrCat("a plan of precision ", precision, " for ",
                     IsQuantized(graph) ? "a quantized graph: expected int8"
                                        : "a graph without quantize_linear"));
  }
  ASSAY_ASSIGN_OR_RETURN(const Graph batched, Rebatch(graph, batch));
  options.precision =
      precision == "bf16" ? FloatPrecision::kBf16 : FloatPrecision::kF32;
  ASSAY_ASSIGN_OR_RETURN(LoweredNetwork lowered,
                         LowerForInference(batched, parameters, options));
  if (!lowered.graph.parameters().empty()) {
    const ValueId absent = lowered.graph.parameters().front();
    return absl::NotFoundError(absl::StrCat("the plan lacks parameter ",
                                            lowered.graph.value(absent).name));
  }
  return Plan{precision, std::move(lowered.graph),
              std::move(lowered.left_in_float)};
}

absl::StatusOr<std::unique_ptr<PlanSystem>> PlanSystem::Make(Device* device,
                                                             const Plan& plan,
                                                             int threads) {
  std::unique_ptr<PlanSystem> system(new PlanSystem(device));
  CompileOptions options;
  options.threads = threads;
  ASSAY_ASSIGN_OR_RETURN(system->program_,
                         device->Compile(plan.graph, options));
  ASSAY_ASSIGN_OR_RETURN(system->stream_, device->NewStream());
  const Graph& graph = system->program_->graph();
  bool found = false;
  for (size_t i = 0; i < graph.outputs().size(); ++i) {
    const TensorType& type = graph.type(graph.outputs()[i].value);
    ASSAY_ASSIGN_OR_RETURN(DeviceTensor tensor, device->Allocate(type));
    system->outputs_.push_back(std::move(tensor));
    if (graph.outputs()[i].name != "logits") continue;
    system->logits_output_ = i;
    system->logits_ = Tensor::Zeros(type.dtype, type.shape);
    found = true;
  }
  if (!found) return absl::InvalidArgumentError("the plan has no logits");
  if (graph.inputs().empty() || graph.shape(graph.inputs()[0]).empty()) {
    return absl::InvalidArgumentError("the plan has no batched input");
  }
  system->batch_ = static_cast<size_t>(graph.shape(graph.inputs()[0])[0]);
  system->weight_bytes_ = ConstantBytes(graph);
  return system;
}

absl::Status PlanSystem::LoadBatches(BatchSource& source, int64_t count) {
  const Graph& graph = program_->graph();
  inputs_.clear();
  for (int64_t number = 0; number < count; ++number) {
    ASSAY_ASSIGN_OR_RETURN(const Batch batch, source.Make(number));
    std::vector<DeviceTensor> operands;
    for (ValueId id : graph.inputs()) {
      const Value& input = graph.value(id);
      const Tensor* feed = FindFeed(batch, input.name);
      if (feed == nullptr) {
        return absl::InvalidArgumentError(
            absl::StrCat("no feed for the plan's input ", input.name));
      }
      ASSAY_ASSIGN_OR_RETURN(DeviceTensor tensor,
                             device_->Allocate(input.type));
      ASSAY_RETURN_IF_ERROR(device_->Upload(*stream_, *feed, tensor));
      ASSAY_RETURN_IF_ERROR(stream_->Synchronize());
      operands.push_back(std::move(tensor));
    }
    inputs_.push_back(std::move(operands));
  }
  return absl::OkStatus();
}

absl::Status PlanSystem::Answer(absl::Span<const int64_t> samples) {
  for (size_t i = 0; i < samples.size(); i += batch_) {
    const size_t number = static_cast<size_t>(samples[i]) / batch_;
    ASSAY_RETURN_IF_ERROR(
        program_->Run(*stream_, inputs_[number], {}, outputs_));
    ASSAY_RETURN_IF_ERROR(
        device_->Download(*stream_, outputs_[logits_output_], &logits_));
    ASSAY_RETURN_IF_ERROR(stream_->Synchronize());
  }
  return absl::OkStatus();
}

int64_t PlanSystem::bytes() const {
  return weight_bytes_ + program_->scratch_bytes();
}

}  // namespace assay
