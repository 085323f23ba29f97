// How each op of harness/ops is said in ONNX, by family. The tables together
// hold every op once.
#ifndef ASSAY_HARNESS_MODELS_ONNX_EXPORT_EXPORTERS_H_
#define ASSAY_HARNESS_MODELS_ONNX_EXPORT_EXPORTERS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "harness/models/onnx/export/node_writer.h"

namespace assay {

// The opset that is written: the newest that ONNX 1.12 has. 13 would do for
// quantized networks (scales per channel); 14 adds HardSwish, 16 ScatterND that
// adds, 17 LayerNormalization as one node.
inline constexpr int64_t kOnnxOpset = 17;

// The domain of the operators that ONNX Runtime adds to ONNX's, at version 1.
inline constexpr char kMicrosoftDomain[] = "com.microsoft";

struct OnnxExporter {
  const char* op;
  // Of ONNX's operator with the same operands, result and meaning; else null.
  const char* same = nullptr;
  // Writes the node where there is none. UNIMPLEMENTED, with a reason: this
  // one cannot be said.
  absl::Status (*write)(NodeWriter& w) = nullptr;
  // Why no such node is ever written.
  const char* refused = nullptr;
  // Moves elements and computes nothing: bf16 goes through as it is.
  bool moves = false;
  // Writes the node with operators of com.microsoft, where options allow it.
  absl::Status (*microsoft)(NodeWriter& w) = nullptr;
};

absl::Span<const OnnxExporter> AttentionExporters();
absl::Span<const OnnxExporter> ConvExporters();
absl::Span<const OnnxExporter> CustomExporters();
absl::Span<const OnnxExporter> ElementwiseExporters();
absl::Span<const OnnxExporter> FusedExporters();
absl::Span<const OnnxExporter> MatmulExporters();
absl::Span<const OnnxExporter> NormExporters();
absl::Span<const OnnxExporter> OptimizerExporters();
absl::Span<const OnnxExporter> PoolExporters();
absl::Span<const OnnxExporter> QuantizeExporters();
absl::Span<const OnnxExporter> RandomExporters();
absl::Span<const OnnxExporter> ReduceExporters();
absl::Span<const OnnxExporter> ShapeExporters();
absl::Span<const OnnxExporter> SoftmaxExporters();

// Null for an op of another name.
const OnnxExporter* FindOnnxExporter(absl::string_view op);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_EXPORT_EXPORTERS_H_
