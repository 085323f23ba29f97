// From a trained network to the graph of a plan: what is timed and shipped.
#ifndef ASSAY_HARNESS_GRAPH_REWRITES_LOWER_H_
#define ASSAY_HARNESS_GRAPH_REWRITES_LOWER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

enum class FloatPrecision : uint8_t { kF32, kBf16 };

// Every pass can be switched off.
struct LoweringOptions {
  bool fold_batch_norms = true;  // rewrites/fold_batch_norm.h
  // Two layers in a row that cost more than their product
  // (rewrites/fold_low_rank.h).
  bool fold_low_rank = true;
  // Linear layers read 4-bit weights as they are stored
  // (rewrites/fuse_group_weights.h).
  bool group_weights = true;
  // Quantization that no integer kernel asks for goes
  // (rewrites/drop_roundings.h).
  bool drop_roundings = true;
  // What other programs compose of small ops (rewrites/fuse_compositions.h).
  bool fuse_compositions = true;
  // Attention as one op (rewrites/fuse_attention.h).
  bool fuse_attention = true;
  // conv2d and linear between dequantize_linear and quantize_linear become
  // integer kernels, with what stands between them.
  bool integers = true;
  // Attention multiplies integers where both its products are between grids
  // (rewrites/fuse_attention.h).
  bool integer_attention = true;
  // Residual additions join integer kernels although the sum's quantization
  // comes between: conv -> Q -> DQ -> add -> Q rounds once instead of twice.
  // False keeps such additions in float, and says so.
  bool integer_sums = true;
  // What moves, moves integers (rewrites/hoist_quantize.h, and SinkDequantize
  // of drop_roundings.h).
  bool integer_moves = true;
  // conv2d and linear take residual additions and activations with them.
  bool fuse = true;
  bool fold_constants = true;  // rewrites/constant_fold.h
  // f32 layers with at most this share of weights that are not zero leave the
  // zeros out (rewrites/mark_sparse.h). 0: none. The preset is where the cpu
  // backend's sparse kernels begin to win (backend/cpu/sparse_benchmark).
  double sparse_density = 0.2;
  // Of what is not integer.
  FloatPrecision precision = FloatPrecision::kF32;
};

struct LoweredNetwork {
  Graph graph;  // without the parameters that the store held
  // Names of results that are still computed in floats although integers come
  // before and after them, in node order.
  std::vector<std::string> left_in_float;
};

// Lowers a network in inference form: folds batch norms, freezes parameters,
// then fuses. Inputs and outputs keep names and types. Errors are those of the
// rewrites it calls.
absl::StatusOr<LoweredNetwork> LowerForInference(
    const Graph& graph, const ParameterStore& parameters,
    const LoweringOptions& options = {});

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_REWRITES_LOWER_H_
