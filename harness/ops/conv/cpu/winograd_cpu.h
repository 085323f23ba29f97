// 3x3 convolutions of stride 1 and their gradients by winograd_rows.h.
#ifndef ASSAY_HARNESS_OPS_CONV_CPU_WINOGRAD_CPU_H_
#define ASSAY_HARNESS_OPS_CONV_CPU_WINOGRAD_CPU_H_

#include "harness/backend/cpu/program_builder.h"
#include "harness/ops/conv/cpu/conv_geometry.h"

namespace assay::cpu {

// Whether Winograd's kernels compute builder.node(), a convolution with weights
// of this shape that reads `from` and writes or also reads `to`, and are
// expected to be faster than oneDNN's: with AVX-512, whole blocks of 16
// channels and enough images to be worth transforming the weights.
bool SuitsWinograd(const ProgramBuilder& builder, const ConvGeometry& geometry,
                   ValueId from, ValueId to, const Shape& weights);

// The steps of a conv2d, conv2d_backward_data or conv2d_backward_weights that
// SuitsWinograd.
void MakeWinogradForward(ProgramBuilder& b, const ConvGeometry& geometry);
void MakeWinogradBackwardData(ProgramBuilder& b, const ConvGeometry& geometry);
void MakeWinogradBackwardWeights(ProgramBuilder& b,
                                 const ConvGeometry& geometry);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_CONV_CPU_WINOGRAD_CPU_H_
