// Affine quantization: real = scale * (q - zero_point).
//
// scale (f32; f64 where src is) and zero_point (s32) have one shape: [] for the
// whole tensor, or [C] for channels along `axis` (default 0). Cost: a few
// operations per element; no multiply-accumulates are counted.
#ifndef ASSAY_HARNESS_OPS_QUANTIZE_QUANTIZE_H_
#define ASSAY_HARNESS_OPS_QUANTIZE_QUANTIZE_H_

#include "harness/graph/op_schema.h"

namespace assay {

// src (a float) scale zero_point -> dtype ("u8", the default, or "s8"):
// saturate(round(src / scale) + zero_point), half to even; NaN becomes the zero
// point. No gradient flows.
OpSchema QuantizeLinearSchema();

// src (u8, s8 or s32) scale zero_point -> scale's type:
// (src - zero_point) * scale. No gradient flows.
OpSchema DequantizeLinearSchema();

// quantize and dequantize in one, on floats: with
// q = round(src / scale) + zero_point, dst = (clip(q, low, high) - zero_point)
// * scale. low < high are integers (default 0 and 255). The gradient is the
// straight-through one: it passes where low <= q <= high and is 0 elsewhere;
// none flows to scale and zero_point. Differentiates any number of times.
OpSchema FakeQuantizeSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_QUANTIZE_QUANTIZE_H_
