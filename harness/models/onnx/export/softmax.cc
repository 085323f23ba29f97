#include "harness/models/onnx/export/exporters.h"

namespace assay {
namespace {

absl::Status AlongAxis(NodeWriter& w, const char* op) {
  w.Result(op, {w.In(0)}, {{"axis", w.attributes().Int("axis", -1)}});
  return absl::OkStatus();
}

absl::Status Softmax(NodeWriter& w) { return AlongAxis(w, "Softmax"); }
absl::Status LogSoftmax(NodeWriter& w) { return AlongAxis(w, "LogSoftmax"); }

constexpr OnnxExporter kSoftmax[] = {
    {.op = "cross_entropy", .refused = "a loss; export the network without it"},
    {.op = "log_softmax", .write = LogSoftmax},
    {.op = "softmax", .write = Softmax},
};

}  // namespace

absl::Span<const OnnxExporter> SoftmaxExporters() { return kSoftmax; }

}  // namespace assay
