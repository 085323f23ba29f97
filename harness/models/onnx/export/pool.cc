#include <cstdint>
#include <utility>

#include "harness/models/onnx/export/exporters.h"

namespace assay {
namespace {

OnnxAttributes Window(const NodeWriter& w) {
  const Attributes& a = w.attributes();
  return {{"kernel_shape", a.Ints("kernel", {})},
          {"strides", a.Ints("strides", {1, 1})},
          {"pads", a.Ints("pads", {0, 0, 0, 0})}};
}

absl::Status MaxPool(NodeWriter& w) {
  w.Result("MaxPool", {w.In(0)}, Window(w));
  return absl::OkStatus();
}

absl::Status AveragePool(NodeWriter& w) {
  OnnxAttributes attributes = Window(w);
  attributes["count_include_pad"] = w.attributes().Int("count_include_pad", 0);
  w.Result("AveragePool", {w.In(0)}, std::move(attributes));
  return absl::OkStatus();
}

constexpr OnnxExporter kPool[] = {
    {.op = "avg_pool", .write = AveragePool},
    {.op = "avg_pool_backward", .refused = "a gradient"},
    {.op = "max_pool", .write = MaxPool},
    {.op = "max_pool_backward", .refused = "a gradient"},
    {.op = "max_pool_select", .refused = "a gradient's gradient"},
};

}  // namespace

absl::Span<const OnnxExporter> PoolExporters() { return kPool; }

}  // namespace assay
