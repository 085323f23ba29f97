#include "harness/ops/matmul/cpu/matmul_cpu.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "harness/backend/cpu/layout.h"
#include "harness/backend/cpu/parallel.h"
#include "harness/core/shape.h"
#include "harness/ops/matmul/cpu/gemv.h"
#include "harness/ops/matmul/cpu/outer_cpu.h"
#include "harness/ops/matmul/cpu/strassen_cpu.h"
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

// One row, whose cost is reading the matrix once: elements of type T.
template <typename T>
class RowKernel final : public Kernel {
 public:
  struct Slots {
    SlotId src, matrix, bias, dst, x, sums;
  };

  // No bias: kNoSlot.
  RowKernel(const Slots& slots, DType matrix, int64_t columns, int64_t outputs,
            bool narrow_bias, int threads)
      : s_(slots),
        matrix_(matrix),
        columns_(columns),
        outputs_(outputs),
        narrow_bias_(narrow_bias),
        threads_(threads) {}

  absl::Status Run(void* const* slots) const override {
    const T* src = At<const T>(slots, s_.src);
    float* x = At<float>(slots, s_.x);
    for (int64_t i = 0; i < columns_; ++i) x[i] = static_cast<float>(src[i]);
    ParallelRanges(threads_, GemvBlocks(outputs_),
                   [&](int, int64_t begin, int64_t end) {
                     RunBlocks(slots, x, begin, end);
                   });
    return absl::OkStatus();
  }

 private:
  void RunBlocks(void* const* slots, const float* x, int64_t begin,
                 int64_t end) const {
    float* sums = At<float>(slots, s_.sums);
    Gemv(matrix_, slots[s_.matrix], columns_, x, begin, end, sums);
    const int64_t first = begin * kGemvRows;
    const int64_t last = std::min(end * kGemvRows, outputs_);
    if (s_.bias != kNoSlot && narrow_bias_) {
      AddBias(At<const BFloat16>(slots, s_.bias), first, last, sums);
    } else if (s_.bias != kNoSlot) {
      AddBias(At<const float>(slots, s_.bias), first, last, sums);
    }
    T* dst = At<T>(slots, s_.dst);
    for (int64_t i = first; i < last; ++i) dst[i] = static_cast<T>(sums[i]);
  }

  template <typename B>
  static void AddBias(const B* bias, int64_t first, int64_t last, float* sums) {
    for (int64_t i = first; i < last; ++i) {
      sums[i] += static_cast<float>(bias[i]);
    }
  }

  Slots s_;
  DType matrix_;
  int64_t columns_, outputs_;
  bool narrow_bias_;
  int threads_;
};

// Whether the node is a product of one row and constant weights of its type.
bool IsRow(const ProgramBuilder& b) {
  const TensorType& src = b.type(b.input(0));
  const TensorType& weights = b.type(b.input(1));
  return b.options().pack_weights && b.is_constant(b.input(1)) &&
         weights.dtype == src.dtype && b.type(b.output()).dtype == src.dtype &&
         (src.dtype == DType::kF32 || src.dtype == DType::kBF16) &&
         ElementCount(src.shape) == weights.shape[1];
}

template <typename T>
void MakeRow(ProgramBuilder& b) {
  const ValueId weights = b.input(1), bias = b.input(2);
  const TensorType& type = b.type(weights);
  const int64_t outputs = type.shape[0], columns = type.shape[1];
  const int64_t blocks = GemvBlocks(outputs);
  const int64_t bytes = blocks * GemvBlockBytes(type.dtype, columns);
  std::vector<char> packed(static_cast<size_t>(bytes));
  PackGemv(type.dtype, b.graph().value(weights).constant.raw(), outputs,
           columns, packed.data());
  typename RowKernel<T>::Slots slots;
  slots.src = b.ReadPlain(b.input(0));
  slots.matrix = b.Constant(packed.data(), bytes);
  slots.bias = bias == kNoValue ? kNoSlot : b.ReadPlain(bias);
  slots.dst = b.WritePlain(b.output());
  slots.x = b.Scratch(columns * 4);
  slots.sums = b.Scratch(blocks * kGemvRows * 4);
  std::vector<SlotId> reads = {slots.src, slots.matrix};
  if (bias != kNoValue) reads.push_back(slots.bias);
  const bool narrow_bias =
      bias != kNoValue && b.type(bias).dtype == DType::kBF16;
  const int threads = static_cast<int>(
      std::min<int64_t>(ThreadsFor(b.threads(), outputs * columns), blocks));
  b.AddStep(std::make_unique<RowKernel<T>>(slots, type.dtype, columns, outputs,
                                           narrow_bias, threads),
            std::move(reads), {slots.dst, slots.x, slots.sums});
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
  if (IsRow(b)) {
    b.type(src).dtype == DType::kF32 ? MakeRow<float>(b) : MakeRow<BFloat16>(b);
    return absl::OkStatus();
  }
  if (SuitsStrassen(b)) {
    AddStrassen(b, ProductEpilogue(), b.WritePlain(dst));
    return absl::OkStatus();
  }
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
