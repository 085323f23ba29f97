#include <cstdint>
#include <string>
#include <vector>

#include "harness/models/onnx/export/exporters.h"

namespace assay {
namespace {

OnnxAttribute Epsilon(const NodeWriter& w) {
  return static_cast<float>(w.attributes().Real("epsilon", 1e-5));
}

absl::Status BatchNorm(NodeWriter& w) {
  w.Result("BatchNormalization", w.AllIn(), {{"epsilon", Epsilon(w)}});
  return absl::OkStatus();
}

absl::Status LayerNorm(NodeWriter& w) {
  w.Result("LayerNormalization", w.AllIn(),
           {{"axis", int64_t{-1}}, {"epsilon", Epsilon(w)}});
  return absl::OkStatus();
}

absl::Status RmsNorm(NodeWriter& w) {
  const std::string x = w.In(0);
  const std::string mean =
      w.Emit("ReduceMean", {w.Emit("Mul", {x, x})},
             {{"axes", std::vector<int64_t>{-1}}, {"keepdims", int64_t{1}}});
  const std::string epsilon =
      w.Scalar(w.dtype(0), w.attributes().Real("epsilon", 1e-5));
  const std::string norm = w.Emit("Sqrt", {w.Emit("Add", {mean, epsilon})});
  w.Result("Mul", {w.Emit("Div", {x, norm}), w.In(1)});
  return absl::OkStatus();
}

constexpr OnnxExporter kNorm[] = {
    {.op = "batch_norm", .write = BatchNorm},
    {.op = "batch_norm_backward", .refused = "a gradient"},
    {.op = "batch_norm_training",
     .refused = "training's form; export the network with batch_norm"},
    {.op = "layer_norm", .write = LayerNorm},
    {.op = "layer_norm_backward", .refused = "a gradient"},
    {.op = "rms_norm", .write = RmsNorm},
    {.op = "rms_norm_backward", .refused = "a gradient"},
};

}  // namespace

absl::Span<const OnnxExporter> NormExporters() { return kNorm; }

}  // namespace assay
