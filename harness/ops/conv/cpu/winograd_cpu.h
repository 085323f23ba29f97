// 3x3 convolutions of stride 1 and their gradients by winograd_rows.h.
#ifndef ASSAY_HARNESS_OPS_CONV_CPU_WINOGRAD_CPU_H_
#define ASSAY_HARNESS_OPS_CONV_CPU_WINOGRAD_CPU_H_

#include "harness/backend/cpu/program_builder.h"
#include "harness/ops/conv/cpu/conv_geometry.h"
#include "harness/ops/conv/cpu/winograd_rows.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace assay::cpu {

// Whether Winograd's kernels compute builder.node(), a convolution with weights
// of this shape that reads `from` and writes or also reads `to`, and are
// expected to be faster than oneDNN's: with AVX-512, whole blocks of 16
// channels and enough tiles to be worth transforming the weights. Not where
// CpuOptions forbid it or ask for another algorithm.
bool SuitsWinograd(ProgramBuilder& builder, const ConvGeometry& geometry,
                   ValueId from, ValueId to, const Shape& weights);

// The form in which AddWinograd gives a result of type `dst`.
dnnl::memory::desc WinogradResult(const ProgramBuilder& b, ValueId src,
                                  const TensorType& dst);
// The step that convolves operand 0 with operand 1, adds operand 2, and writes
// `dst`, of that form, which holds what `epilogue` adds.
void AddWinograd(ProgramBuilder& b, const ConvGeometry& geometry,
                 const dnnl::memory::desc& dst_desc,
                 const TileEpilogue& epilogue, SlotId dst);

// The steps of a conv2d, conv2d_backward_data or conv2d_backward_weights that
// SuitsWinograd.
void MakeWinogradForward(ProgramBuilder& b, const ConvGeometry& geometry);
void MakeWinogradBackwardData(ProgramBuilder& b, const ConvGeometry& geometry);
void MakeWinogradBackwardWeights(ProgramBuilder& b,
                                 const ConvGeometry& geometry);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_CONV_CPU_WINOGRAD_CPU_H_
