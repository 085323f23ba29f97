#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "harness/models/onnx/export/exporters.h"

namespace assay {
namespace {

struct Tables {
  std::string cosine, sine;  // [T, D/2]
};

Tables Turns(NodeWriter& w, int64_t positions, int64_t half) {
  const Attributes& a = w.attributes();
  const double base = a.Real("base", 10000);
  const double sign = a.Int("inverse", 0) != 0 ? -1 : 1;
  Tensor cosine(DType::kF64, {positions, half}), sine = cosine.Clone();
  for (int64_t t = 0; t < positions; ++t) {
    for (int64_t i = 0; i < half; ++i) {
      const double angle =
          static_cast<double>(t + a.Int("offset", 0)) *
          std::pow(base, -static_cast<double>(i) / static_cast<double>(half));
      cosine.data<double>()[t * half + i] = std::cos(angle);
      sine.data<double>()[t * half + i] = sign * std::sin(angle);
    }
  }
  return {w.Constant(cosine.Cast(w.dtype(0))),
          w.Constant(sine.Cast(w.dtype(0)))};
}

absl::Status Rope(NodeWriter& w) {
  const int64_t half = w.shape(0)[3] / 2;
  const Tables turn = Turns(w, w.shape(0)[2], half);
  const std::string axis = w.Ints({3});
  const auto part = [&](int64_t start, int64_t end) {
    return w.Emit("Slice", {w.In(0), w.Ints({start}), w.Ints({end}), axis});
  };
  const std::string a = part(0, half);
  const std::string b = part(half, std::numeric_limits<int64_t>::max());
  const auto mul = [&](const std::string& x, const std::string& y) {
    return w.Emit("Mul", {x, y});
  };
  const std::string first =
      w.Emit("Sub", {mul(a, turn.cosine), mul(b, turn.sine)});
  const std::string second =
      w.Emit("Add", {mul(b, turn.cosine), mul(a, turn.sine)});
  w.Result("Concat", {first, second}, {{"axis", int64_t{3}}});
  return absl::OkStatus();
}

absl::Status RepeatHeads(NodeWriter& w) {
  const Shape& src = w.shape(0);
  const int64_t repeats = w.attributes().Int("repeats", 1);
  const std::string apart = w.Emit("Unsqueeze", {w.In(0), w.Ints({2})});
  const std::string repeated =
      w.Emit("Expand", {apart, w.Ints({1, 1, repeats, 1, 1})});
  w.Result("Reshape", {repeated, w.Ints({0, -1, src[2], src[3]})});
  return absl::OkStatus();
}

constexpr OnnxExporter kAttention[] = {
    {.op = "decoder_layer",
     .refused = "a step of decoding that changes caches of its own; export the "
                "network over whole sequences"},
    {.op = "repeat_heads", .write = RepeatHeads, .moves = true},
    {.op = "rope", .write = Rope},
};

}  // namespace

absl::Span<const OnnxExporter> AttentionExporters() { return kAttention; }

}  // namespace assay
