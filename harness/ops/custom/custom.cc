#include "harness/ops/custom/custom.h"

#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/support/infer.h"

namespace assay {
namespace {

struct Registry {
  std::mutex mutex;
  std::map<int64_t, std::shared_ptr<const CustomCall>> calls;
  int64_t next = 1;
};

Registry& Calls() {
  static Registry* const registry = new Registry;
  return *registry;
}

absl::StatusOr<std::shared_ptr<const CustomCall>> CallOf(
    const Attributes& attributes) {
  const int64_t number = attributes.Int("call", 0);
  std::shared_ptr<const CustomCall> call = FindCustomCall(number);
  if (call != nullptr) return call;
  return absl::InvalidArgumentError(
      absl::StrCat("call: expected the number of a custom op of this process, "
                   "got ",
                   number));
}

absl::StatusOr<std::vector<TensorType>> Types(const InferContext& context,
                                              size_t count) {
  std::vector<TensorType> types;
  for (size_t i = 0; i < count; ++i) {
    if (context.inputs[i] == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("operand ", i, ": expected a value, got none"));
    }
    types.push_back(*context.inputs[i]);
  }
  return types;
}

absl::Status Named(const CustomCall& call, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("custom op '", call.name,
                                                  "': ", status.message()));
}

absl::Status InferCustom(InferContext& context) {
  ASSAY_ASSIGN_OR_RETURN(const auto call, CallOf(context.attributes));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<TensorType> operands,
                         Types(context, context.inputs.size()));
  absl::StatusOr<std::vector<TensorType>> results = call->infer(operands);
  if (!results.ok()) return Named(*call, results.status());
  if (results->size() != call->results) {
    return Named(*call, absl::InternalError(
                            absl::StrCat("expected types of ", call->results,
                                         " results, got ", results->size())));
  }
  return SetResults(context, *std::move(results));
}

absl::Status InferCustomBackward(InferContext& context) {
  ASSAY_ASSIGN_OR_RETURN(const auto call, CallOf(context.attributes));
  const int64_t operands = context.attributes.Int("operands", 0);
  const size_t count = context.inputs.size();
  if (operands < 1 ||
      static_cast<size_t>(operands) + 2 * call->results != count) {
    return absl::InvalidArgumentError(
        absl::StrCat("operands: expected ", count,
                     " operands of the node less 2 for each "
                     "of ",
                     call->results, " results, got ", operands));
  }
  ASSAY_ASSIGN_OR_RETURN(std::vector<TensorType> types, Types(context, count));
  types.resize(static_cast<size_t>(operands));
  return SetResults(context, std::move(types));
}

absl::Status CustomReference(ReferenceContext& context) {
  return RunCustomCall("custom", context.attributes, context.inputs,
                       context.outputs);
}
absl::Status CustomBackwardReference(ReferenceContext& context) {
  return RunCustomCall("custom_backward", context.attributes, context.inputs,
                       context.outputs);
}

// The gradients by the call that the op names for them.
absl::StatusOr<std::vector<ValueId>> GradientsByCall(
    GradientBuilder& g, const CustomCall& call, std::vector<ValueId> operands) {
  GraphBuilder& b = g.b();
  std::vector<ValueId> gradients =
      b.Ops("custom", std::move(operands), {{"call", call.gradient}});
  ASSAY_RETURN_IF_ERROR(Named(call, b.status()));
  bool fit = gradients.size() == g.input_count();
  for (size_t i = 0; fit && i < gradients.size(); ++i) {
    fit = b.dtype(gradients[i]) == b.dtype(g.input(i)) &&
          b.shape(gradients[i]) == b.shape(g.input(i));
  }
  if (fit) return gradients;
  return Named(call, absl::InvalidArgumentError(absl::StrCat(
                         "its gradient op: expected ", g.input_count(),
                         " results of the types of the operands, got ",
                         gradients.size(), " results")));
}

absl::Status CustomGradient(GradientBuilder& g) {
  ASSAY_ASSIGN_OR_RETURN(const auto call, CallOf(g.attributes()));
  if (!call->backward && call->gradient == 0) return absl::OkStatus();
  GraphBuilder& b = g.b();
  std::vector<ValueId> operands;
  for (size_t i = 0; i < g.input_count(); ++i) operands.push_back(g.input(i));
  for (size_t i = 0; i < call->results; ++i) operands.push_back(g.output(i));
  for (size_t i = 0; i < call->results; ++i) {
    ValueId gradient = g.gradient(i);
    if (gradient == kNoValue) {
      gradient = b.Op("broadcast_to", {b.Scalar(b.dtype(g.output(i)), 0)},
                      {{"shape", b.shape(g.output(i))}});
    }
    operands.push_back(gradient);
  }
  std::vector<ValueId> gradients;
  if (call->gradient != 0) {
    ASSAY_ASSIGN_OR_RETURN(gradients,
                           GradientsByCall(g, *call, std::move(operands)));
  } else {
    gradients = b.Ops("custom_backward", std::move(operands),
                      {{"call", g.attributes().Int("call", 0)},
                       {"operands", static_cast<int64_t>(g.input_count())}});
  }
  for (size_t i = 0; i < gradients.size(); ++i) {
    if (g.needs(i)) g.Set(i, gradients[i]);
  }
  return b.status();
}

absl::Status CustomBackwardGradient(GradientBuilder& g) {
  ASSAY_ASSIGN_OR_RETURN(const auto call, CallOf(g.attributes()));
  return Named(*call,
               absl::FailedPreconditionError(
                   "it is differentiated twice, and its gradient is a function "
                   "that has none: expected an op for its gradient"));
}

}  // namespace

int64_t RegisterCustomCall(CustomCall call) {
  Registry& registry = Calls();
  std::lock_guard<std::mutex> lock(registry.mutex);
  registry.calls[registry.next] =
      std::make_shared<const CustomCall>(std::move(call));
  return registry.next++;
}

void ForgetCustomCall(int64_t call) {
  Registry& registry = Calls();
  std::lock_guard<std::mutex> lock(registry.mutex);
  registry.calls.erase(call);
}

std::shared_ptr<const CustomCall> FindCustomCall(int64_t call) {
  Registry& registry = Calls();
  std::lock_guard<std::mutex> lock(registry.mutex);
  const auto found = registry.calls.find(call);
  return found == registry.calls.end() ? nullptr : found->second;
}

bool HasCustomCalls(const Graph& graph) {
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const std::string& op = graph.node(id).op;
    if (op == "custom" || op == "custom_backward") return true;
  }
  return false;
}

absl::Status RunCustomCall(const std::string& op, const Attributes& attributes,
                           absl::Span<const Tensor* const> inputs,
                           absl::Span<Tensor* const> outputs) {
  ASSAY_ASSIGN_OR_RETURN(const auto call, CallOf(attributes));
  if (op == "custom") return Named(*call, call->forward(inputs, outputs));
  if (!call->backward) {
    return Named(*call, absl::FailedPreconditionError("it has no gradient"));
  }
  const size_t operands = outputs.size();
  std::vector<Tensor*> gradients;
  for (Tensor* const output : outputs) {
    const bool real = IsFloat(output->dtype());
    gradients.push_back(real ? output : nullptr);
    if (!real) {
      std::memset(output->raw(), 0, static_cast<size_t>(output->bytes()));
    }
  }
  return Named(*call, call->backward(inputs.subspan(0, operands),
                                     inputs.subspan(operands, call->results),
                                     inputs.subspan(operands + call->results),
                                     gradients));
}

OpSchema CustomSchema() {
  return {.name = "custom",
          .max_inputs = -1,
          .operands = "operand",
          .attributes = {{"call", "int"}},
          .infer = InferCustom,
          .reference = CustomReference,
          .gradient = CustomGradient};
}

OpSchema CustomBackwardSchema() {
  return {.name = "custom_backward",
          .min_inputs = 3,
          .max_inputs = -1,
          .operands = "operand",
          .attributes = {{"call", "int"}, {"operands", "int"}},
          .infer = InferCustomBackward,
          .reference = CustomBackwardReference,
          .gradient = CustomBackwardGradient};
}

}  // namespace assay
