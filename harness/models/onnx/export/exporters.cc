#include "harness/models/onnx/export/exporters.h"

namespace assay {
namespace {

// Families without an op that inference needs.

constexpr OnnxExporter kFused[] = {
    {.op = "attention_backward", .refused = "a gradient"},
    {.op = "attention_fused",
     .refused = "made by lowering; export what it lowers"},
    {.op = "conv2d_fused",
     .refused = "made by lowering; export what it lowers"},
    {.op = "linear_fused",
     .refused = "made by lowering; export what it lowers"},
};
constexpr OnnxExporter kCustom[] = {
    {.op = "custom", .refused = "computed by functions of a plugin"},
    {.op = "custom_backward", .refused = "a gradient"},
};
constexpr OnnxExporter kOptimizer[] = {
    {.op = "adamw_step", .refused = "a step of training"},
    {.op = "sgd_step", .refused = "a step of training"},
};
constexpr OnnxExporter kRandom[] = {
    {.op = "random_uniform",
     .refused = "ONNX has no random numbers that a key and a step decide"},
};

}  // namespace

absl::Span<const OnnxExporter> CustomExporters() { return kCustom; }
absl::Span<const OnnxExporter> FusedExporters() { return kFused; }
absl::Span<const OnnxExporter> OptimizerExporters() { return kOptimizer; }
absl::Span<const OnnxExporter> RandomExporters() { return kRandom; }

const OnnxExporter* FindOnnxExporter(absl::string_view op) {
  for (const auto family :
       {AttentionExporters, ConvExporters, CustomExporters,
        ElementwiseExporters, FusedExporters, MatmulExporters, NormExporters,
        OptimizerExporters, PoolExporters, QuantizeExporters, RandomExporters,
        ReduceExporters, ShapeExporters, SoftmaxExporters}) {
    for (const OnnxExporter& row : family()) {
      if (row.op == op) return &row;
    }
  }
  return nullptr;
}

}  // namespace assay
