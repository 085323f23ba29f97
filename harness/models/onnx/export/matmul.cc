#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

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

constexpr OnnxExporter kMatmul[] = {
    {.op = "linear", .write = Linear},
    {.op = "linear_u4", .refused = "made by lowering; export what it lowers"},
    {.op = "matmul", .write = Matmul},
};

}  // namespace

absl::Span<const OnnxExporter> MatmulExporters() { return kMatmul; }

}  // namespace assay
