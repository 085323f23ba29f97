#include <cstdint>
#include <utility>
#include <vector>

#include "harness/models/onnx/export/exporters.h"

namespace assay {
namespace {

// pads are [top, left, bottom, right] in both.
OnnxAttributes Geometry(const NodeWriter& w) {
  const Attributes& a = w.attributes();
  const Shape& weights = w.shape(1);
  return {{"kernel_shape", std::vector<int64_t>{weights[2], weights[3]}},
          {"strides", a.Ints("strides", {1, 1})},
          {"pads", a.Ints("pads", {0, 0, 0, 0})},
          {"dilations", a.Ints("dilations", {1, 1})},
          {"group", a.Int("groups", 1)}};
}

absl::Status Conv(NodeWriter& w) {
  w.Result("Conv", w.AllIn(), Geometry(w));
  return absl::OkStatus();
}

// A transposed convolution. Sources that differ by less than a stride give
// results of one size; output_padding tells them apart.
absl::Status ConvTranspose(NodeWriter& w) {
  OnnxAttributes attributes = Geometry(w);
  const Attributes& a = w.attributes();
  const std::vector<int64_t> strides = a.Ints("strides", {1, 1}),
                             pads = a.Ints("pads", {0, 0, 0, 0}),
                             dilations = a.Ints("dilations", {1, 1});
  std::vector<int64_t> extra;
  for (size_t axis = 0; axis < 2; ++axis) {
    const int64_t covered = strides[axis] * (w.shape(0)[axis + 2] - 1) +
                            dilations[axis] * (w.shape(1)[axis + 2] - 1) + 1;
    extra.push_back(w.dst().shape[axis + 2] -
                    (covered - pads[axis] - pads[axis + 2]));
  }
  attributes["output_padding"] = std::move(extra);
  w.Result("ConvTranspose", w.AllIn(), std::move(attributes));
  return absl::OkStatus();
}

absl::Status ConvTranspose2d(NodeWriter& w) {
  OnnxAttributes attributes = Geometry(w);
  attributes["output_padding"] = w.attributes().Ints("output_padding", {0, 0});
  w.Result("ConvTranspose", w.AllIn(), std::move(attributes));
  return absl::OkStatus();
}

constexpr OnnxExporter kConv[] = {
    {.op = "conv2d", .write = Conv},
    {.op = "conv2d_backward_data", .write = ConvTranspose},
    {.op = "conv2d_backward_weights", .refused = "a gradient"},
    {.op = "conv_transpose2d", .write = ConvTranspose2d},
};

}  // namespace

absl::Span<const OnnxExporter> ConvExporters() { return kConv; }

}  // namespace assay
