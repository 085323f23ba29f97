#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/models/onnx/export/exporters.h"

namespace assay {
namespace {

// With the last two of `rank` axes exchanged.
std::string Transposed(NodeWriter& w, const std::string& x, int64_t rank) {
  std::vector<int64_t> order(static_cast<size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  return w.Emit("Transpose", {x}, {{"perm", std::move(order)}});
}

absl::Status Matmul(NodeWriter& w) {
  const auto operand = [&](size_t i, const char* transpose) {
    return w.attributes().Int(transpose, 0) != 0
               ? Transposed(w, w.In(i), w.rank(i))
               : w.In(i);
  };
  const std::string a = operand(0, "transpose_a");
  w.Result("MatMul", {a, operand(1, "transpose_b")});
  return absl::OkStatus();
}

// ONNX's Gemm is a linear layer over matrices alone.
absl::Status Linear(NodeWriter& w) {
  if (w.rank(0) == 2) {
    w.Result("Gemm", w.AllIn(), {{"transB", int64_t{1}}});
    return absl::OkStatus();
  }
  const std::string weights = Transposed(w, w.In(1), 2);
  if (!w.Has(2)) {
    w.Result("MatMul", {w.In(0), weights});
    return absl::OkStatus();
  }
  w.Result("Add", {w.Emit("MatMul", {w.In(0), weights}), w.In(2)});
  return absl::OkStatus();
}

// Operand `i` in one row, as f32 unless it is of bytes.
std::string Flat(NodeWriter& w, size_t i) {
  const Tensor* known = w.Known(i);
  if (known == nullptr) return w.Emit("Reshape", {w.In(i), w.Ints({-1})});
  Tensor flat = known->Reshaped({known->size()});
  return w.Constant(flat.dtype() == DType::kU8 ? flat : flat.Cast(DType::kF32));
}

// src weights scales [zero_points] [bias]; MatMulNBits has the same weights,
// and sums of f32.
absl::Status LinearU4(NodeWriter& w) {
  const Shape& weights = w.shape(1);
  const int64_t group = 2 * weights[2];
  if ((group & (group - 1)) != 0) {
    return absl::UnimplementedError(absl::StrCat(
        "MatMulNBits has groups of powers of two, these are of ", group));
  }
  if (w.dst_dtype() != DType::kF32) {
    return absl::UnimplementedError("MatMulNBits is written for f32 and bf16");
  }
  std::vector<std::string> operands = {w.In(0), w.In(1), Flat(w, 2)};
  if (w.Has(3)) operands.push_back(Flat(w, 3));
  const OnnxAttributes attributes = {{"K", w.shape(0).back()},
                                     {"N", weights[0]},
                                     {"bits", int64_t{4}},
                                     {"block_size", group}};
  const std::string product =
      w.Emit("MatMulNBits", std::move(operands), attributes);
  w.SetDomain(kMicrosoftDomain);
  if (w.Has(4)) {
    w.Result("Add", {product, w.In(4)});
  } else {
    w.Result("Identity", {product});
  }
  return absl::OkStatus();
}

constexpr OnnxExporter kMatmul[] = {
    {.op = "linear", .write = Linear},
    {.op = "linear_u4",
     .refused = "made by lowering; export what it lowers",
     .microsoft = LinearU4},
    {.op = "matmul", .write = Matmul},
};

}  // namespace

absl::Span<const OnnxExporter> MatmulExporters() { return kMatmul; }

}  // namespace assay
