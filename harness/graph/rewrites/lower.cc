#include "harness/graph/rewrites/lower.h"

#include <algorithm>

#include "harness/core/status_macros.h"
#include "harness/graph/rewrites/constant_fold.h"
#include "harness/graph/rewrites/drop_roundings.h"
#include "harness/graph/rewrites/fold_batch_norm.h"
#include "harness/graph/rewrites/fold_low_rank.h"
#include "harness/graph/rewrites/freeze.h"
#include "harness/graph/rewrites/fuse_attention.h"
#include "harness/graph/rewrites/fuse_compositions.h"
#include "harness/graph/rewrites/fuse_group_weights.h"
#include "harness/graph/rewrites/fuse_layers.h"
#include "harness/graph/rewrites/hoist_quantize.h"
#include "harness/graph/rewrites/mark_sparse.h"
#include "harness/graph/rewrites/to_bf16.h"

namespace assay {
namespace {

// With more rows a dense bf16 layer is faster than one that unpacks 4 bits, at
// four times the memory (backend/cpu/u4_benchmark). Weights that leave the
// caches take the time of their bytes.
constexpr int64_t kMostPackedBf16Rows = 2, kMostPackedLargeBf16Rows = 4;

bool IsInteger(const Graph& graph, ValueId v) {
  const DType dtype = graph.type(v).dtype;
  return dtype == DType::kU8 || dtype == DType::kS8;
}

// Float results with 8-bit activations both before and after them.
std::vector<std::string> LeftInFloat(const Graph& graph) {
  const size_t values = static_cast<size_t>(graph.value_count());
  const auto at = [](ValueId v) { return static_cast<size_t>(v); };
  // before[v]: made from 8-bit results; after[v]: becomes 8-bit ones.
  std::vector<bool> before(values, false), after(values, false);
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node& node = graph.node(id);
    const bool reached =
        std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId v) {
          if (v == kNoValue) return false;
          const bool result = graph.value(v).kind == ValueKind::kResult;
          return before[at(v)] || (result && IsInteger(graph, v));
        });
    for (const ValueId v : node.outputs) {
      before[at(v)] = reached && !IsInteger(graph, v);
    }
  }
  for (NodeId id = graph.node_count() - 1; id >= 0; --id) {
    const Node& node = graph.node(id);
    const bool reaches = std::any_of(
        node.outputs.begin(), node.outputs.end(),
        [&](ValueId v) { return after[at(v)] || IsInteger(graph, v); });
    for (const ValueId v : node.inputs) {
      if (v != kNoValue && reaches && !IsInteger(graph, v)) after[at(v)] = true;
    }
  }
  std::vector<std::string> names;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node& node = graph.node(id);
    // The borders themselves: a fused node or dequantize_linear has integers
    // in front of it.
    const bool border = node.op == "dequantize_linear" ||
                        (node.op.find("_fused") != std::string::npos &&
                         IsInteger(graph, node.inputs[0]));
    const ValueId v = node.outputs[0];
    if (!border && before[at(v)] && after[at(v)]) {
      names.push_back(graph.value(v).name);
    }
  }
  return names;
}

}  // namespace

absl::StatusOr<LoweredNetwork> LowerForInference(
    const Graph& graph, const ParameterStore& parameters,
    const LoweringOptions& options) {
  FoldedNetwork folded{graph, parameters};
  if (options.fold_batch_norms) {
    ASSAY_ASSIGN_OR_RETURN(folded, FoldBatchNorm(graph, parameters));
  }
  ASSAY_ASSIGN_OR_RETURN(Graph lowered,
                         Freeze(folded.graph, folded.parameters));
  if (options.fold_low_rank) {
    ASSAY_ASSIGN_OR_RETURN(lowered, FoldLowRank(lowered));
  }
  if (options.group_weights) {
    const bool bf16 = options.precision == FloatPrecision::kBf16;
    ASSAY_ASSIGN_OR_RETURN(
        lowered, FuseGroupWeights(lowered, bf16 ? kMostPackedBf16Rows : 0,
                                  bf16 ? kMostPackedLargeBf16Rows : 0));
  }
  const bool integer_attention =
      options.integers && options.integer_attention && options.fuse_attention;
  if (options.integers && options.drop_roundings) {
    ASSAY_ASSIGN_OR_RETURN(lowered, DropRoundings(lowered, integer_attention));
  }
  if (options.fuse_compositions) {
    ASSAY_ASSIGN_OR_RETURN(lowered, FuseCompositions(lowered));
  }
  if (integer_attention) {
    ASSAY_ASSIGN_OR_RETURN(lowered,
                           FuseAttention(lowered, AttentionUse::kIntegers));
    // What attention did not take.
    if (options.drop_roundings) {
      ASSAY_ASSIGN_OR_RETURN(lowered, DropRoundings(lowered));
    }
  }
  if (options.fuse_attention) {
    ASSAY_ASSIGN_OR_RETURN(lowered, FuseAttention(lowered));
  }
  if (options.integers && options.integer_moves) {
    ASSAY_ASSIGN_OR_RETURN(lowered, HoistQuantize(lowered));
    ASSAY_ASSIGN_OR_RETURN(lowered, SinkDequantize(lowered));
  }
  if (options.integers) {
    ASSAY_ASSIGN_OR_RETURN(lowered,
                           FuseIntegerLayers(lowered, options.integer_sums));
  }
  if (options.fuse_attention && options.fold_constants) {
    // Masks that are computed are known now.
    ASSAY_ASSIGN_OR_RETURN(lowered, FoldConstants(lowered));
    ASSAY_ASSIGN_OR_RETURN(lowered, FuseAttention(lowered));
  }
  if (options.precision == FloatPrecision::kBf16) {
    ASSAY_ASSIGN_OR_RETURN(lowered, ToBf16(lowered));
  }
  if (options.fold_constants) {
    ASSAY_ASSIGN_OR_RETURN(lowered, FoldConstants(lowered));
  }
  if (options.fuse) {
    ASSAY_ASSIGN_OR_RETURN(lowered, FuseFloatLayers(lowered));
  }
  ASSAY_ASSIGN_OR_RETURN(lowered, MarkSparse(lowered, options.sparse_density));
  return LoweredNetwork{lowered, LeftInFloat(lowered)};
}

}  // namespace assay
