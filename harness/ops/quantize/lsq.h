// Quantization whose step is learnt (LSQ; Esser et al. 2020).
#ifndef ASSAY_HARNESS_OPS_QUANTIZE_LSQ_H_
#define ASSAY_HARNESS_OPS_QUANTIZE_LSQ_H_

#include "harness/graph/op_schema.h"

namespace assay {

// src (a float), scale as in quantize.h and above 0; axis (default 0), low <
// high integers (default 0 and 255), gradient_scale (default 1):
// dst = clip(round(src / scale), low, high) * scale. With v = src / scale the
// gradients are the straight-through ones:
//   src    1 where low <= v <= high, else 0
//   scale  gradient_scale * sum of round(v) - v there, low below, high above,
//          each times dst's gradient
// LSQ's gradient_scale is 1 / sqrt(elements per scale * high). An offset b
// (LSQ+) is lsq_quantize(src - b) + b. Differentiates any number of times.
// Cost: as fake_quantize.
OpSchema LsqQuantizeSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_QUANTIZE_LSQ_H_
