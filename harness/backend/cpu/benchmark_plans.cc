#include "harness/backend/cpu/benchmark_plans.h"

#include "harness/core/status_macros.h"
#include "harness/graph/rewrites/fold_batch_norm.h"
#include "harness/graph/rewrites/quantize.h"
#include "harness/models/init.h"
#include "harness/models/registry.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

absl::StatusOr<QuantizedNetwork> QuantizeAll(const Graph& graph,
                                             const ParameterStore& store) {
  ASSAY_ASSIGN_OR_RETURN(const FoldedNetwork folded,
                         FoldBatchNorm(graph, store));
  QuantizeOptions options;
  for (ValueId id = 0; id < folded.graph.value_count(); ++id) {
    const Value& value = folded.graph.value(id);
    if (value.kind == ValueKind::kParameter) continue;
    const bool positive = value.producer != kNoNode &&
                          folded.graph.node(value.producer).op == "relu";
    options.activations[value.name] = {positive ? 0.0 : -8.0, 8.0};
  }
  for (NodeId id = 0; id < folded.graph.node_count(); ++id) {
    const Node& node = folded.graph.node(id);
    if (node.op != "conv2d" && node.op != "linear") continue;
    const std::string& name = folded.graph.value(node.inputs[1]).name;
    options.weight_scales[name] =
        WeightScales(*folded.parameters.Find(name), true);
  }
  return Quantize(folded.graph, folded.parameters, options);
}

}  // namespace

absl::StatusOr<LoweredNetwork> MakeBenchmarkPlan(const std::string& network,
                                                 int64_t batch, PlanType type) {
  ReferenceGraphOptions options;
  options.batch = batch;
  ASSAY_ASSIGN_OR_RETURN(const ReferenceGraph made,
                         BuildReferenceGraph(network, StandardOps(), options));
  ASSAY_ASSIGN_OR_RETURN(const ParameterStore store,
                         Initialise(made.graph, made.initialisers, 1));
  LoweringOptions lowering;
  if (type == PlanType::kInt8) {
    ASSAY_ASSIGN_OR_RETURN(const QuantizedNetwork quantized,
                           QuantizeAll(made.graph, store));
    return LowerForInference(quantized.graph, quantized.parameters, lowering);
  }
  if (type == PlanType::kBf16) lowering.precision = FloatPrecision::kBf16;
  return LowerForInference(made.graph, store, lowering);
}

}  // namespace assay
