#include "harness/ops/matmul/cpu/matmul_cpu.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "harness/backend/cpu/layout.h"
#include "harness/core/shape.h"
#include "harness/ops/matmul/cpu/outer_cpu.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace assay::cpu {
namespace {

using dnnl::memory;

// Rows from which on weights are worth packing for one product.
constexpr memory::dim kManyRows = 1024;

// A row-major tensor as matrices: leading ones up to `rank`, the last two axes
// exchanged if `transposed`.
memory::desc MatrixDesc(const TensorType& type, size_t rank, bool transposed) {
  memory::dims dims(type.shape.begin(), type.shape.end());
  while (dims.size() < rank) dims.insert(dims.begin(), 1);
  memory::dims strides = RowMajorStrides(dims);
  if (transposed) {
    std::swap(dims[rank - 1], dims[rank - 2]);
    std::swap(strides[rank - 1], strides[rank - 2]);
  }
  return memory::desc(dims, DnnlType(type.dtype), strides);
}

// Two matrices [rows, columns] with everything before them merged.
memory::desc RowsDesc(const TensorType& type) {
  const int64_t columns = type.shape.back();
  const int64_t rows = columns == 0 ? 0 : ElementCount(type.shape) / columns;
  return memory::desc({rows, columns}, DnnlType(type.dtype),
                      memory::dims{columns, 1});
}

}  // namespace

absl::Status MakeMatmul(ProgramBuilder& b) {
  const ValueId lhs = b.input(0), rhs = b.input(1), dst = b.output();
  for (const NodeId id : b.unit().nodes) {
    if (b.graph().node(id).op != "reduce_sum") continue;
    MakeOuterProducts(b, id);
    return absl::OkStatus();
  }
  const size_t rank = b.shape(dst).size();
  const memory::desc lhs_desc = MatrixDesc(
      b.type(lhs), rank, b.node().attributes.Int("transpose_a", 0) != 0);
  const memory::desc rhs_desc = MatrixDesc(
      b.type(rhs), rank, b.node().attributes.Int("transpose_b", 0) != 0);
  const memory::desc dst_desc = PlainDesc(b.type(dst).dtype, b.shape(dst));
  const dnnl::matmul::primitive_desc pd(b.engine(), lhs_desc, rhs_desc,
                                        dst_desc, UserScratchpad());
  const SlotId read_lhs = b.ReadPlain(lhs), read_rhs = b.ReadPlain(rhs);
  b.AddPrimitive(dnnl::matmul(pd),
                 {{DNNL_ARG_SRC, read_lhs, lhs_desc},
                  {DNNL_ARG_WEIGHTS, read_rhs, rhs_desc},
                  {DNNL_ARG_DST, b.WritePlain(dst), dst_desc, true}},
                 pd.scratchpad_desc());
  return absl::OkStatus();
}

absl::Status MakeLinear(ProgramBuilder& b) {
  const ValueId src = b.input(0), weights = b.input(1), bias = b.input(2);
  const ValueId dst = b.output();
  const memory::desc src_desc = RowsDesc(b.type(src));
  const memory::desc dst_desc = RowsDesc(b.type(dst));
  // Weights [O, I] are read as [I, O]; as oneDNN likes where that costs
  // nothing, or little beside the product.
  const memory::desc plain_weights = MatrixDesc(b.type(weights), 2, true);
  const memory::desc any_weights(plain_weights.get_dims(),
                                 plain_weights.get_data_type(),
                                 memory::format_tag::any);
  const memory::desc bias_desc =
      bias == kNoValue
          ? memory::desc()
          : memory::desc({1, b.shape(bias)[0]}, DnnlType(b.type(bias).dtype),
                         memory::dims{b.shape(bias)[0], 1});
  const bool packs =
      (b.is_constant(weights) || src_desc.get_dims()[0] >= kManyRows) &&
      b.options().pack_weights;
  b.taken().plain_weights |= b.is_constant(weights) && !packs;
  const dnnl::matmul::primitive_desc pd(b.engine(), src_desc,
                                        packs ? any_weights : plain_weights,
                                        bias_desc, dst_desc, UserScratchpad());
  std::vector<PrimitiveArgument> arguments = {
      {DNNL_ARG_SRC, b.ReadPlain(src), src_desc},
      {DNNL_ARG_WEIGHTS, b.ReadAs(weights, plain_weights, pd.weights_desc()),
       pd.weights_desc()}};
  if (bias != kNoValue) {
    arguments.push_back({DNNL_ARG_BIAS, b.ReadPlain(bias), bias_desc});
  }
  arguments.push_back({DNNL_ARG_DST, b.WritePlain(dst), dst_desc, true});
  b.AddPrimitive(dnnl::matmul(pd), std::move(arguments), pd.scratchpad_desc());
  return absl::OkStatus();
}

}  // namespace assay::cpu
