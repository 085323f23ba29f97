#include "harness/backend/cpu/rounding.h"

namespace assay::cpu {

ValueId UnitResult(const ProgramBuilder& builder) {
  return builder.graph().node(builder.unit().nodes.back()).outputs[0];
}

Rounding UnitRounding(const ProgramBuilder& builder) {
  const Graph& graph = builder.graph();
  const Node& last = graph.node(builder.unit().nodes.back());
  Rounding rounding;
  rounding.dtype = graph.type(last.outputs[0]).dtype;
  if (last.op == "quantize_linear") {
    const Tensor& scale = graph.value(last.inputs[1]).constant;
    const Tensor& zero = graph.value(last.inputs[2]).constant;
    rounding.inverse = 1.0f / scale.data<float>()[0];
    rounding.zero = static_cast<float>(zero.data<int32_t>()[0]);
  }
  return rounding;
}

}  // namespace assay::cpu
