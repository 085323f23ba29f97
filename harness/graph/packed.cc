#include "harness/graph/packed.h"

#include "harness/core/dtype.h"
#include "harness/core/shape.h"

namespace assay {

std::vector<bool> PackedValues(const Graph& graph) {
  std::vector<bool> packed(static_cast<size_t>(graph.value_count()));
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node& node = graph.node(id);
    const bool layer = node.op == "linear_u4";
    if (!layer && node.op != "dequantize_u4") continue;
    const size_t first = layer ? 1 : 0;
    for (const size_t i : {first, first + 2}) {
      if (i >= node.inputs.size() || node.inputs[i] == kNoValue) continue;
      const ValueId v = node.inputs[i];
      const ValueKind kind = graph.value(v).kind;
      packed[static_cast<size_t>(v)] =
          kind == ValueKind::kParameter || kind == ValueKind::kConstant;
    }
  }
  return packed;
}

int64_t StoredElements(const TensorType& type, bool packed) {
  return ElementCount(type.shape) * (packed ? 2 : 1);
}

uint32_t StoredBits(const TensorType& type, bool packed) {
  return static_cast<uint32_t>(SizeOf(type.dtype) * (packed ? 4 : 8));
}

}  // namespace assay
