// Kernel columns as channels: how a convolution of one input channel uses
// instructions that multiply several channels at once.
#ifndef ASSAY_HARNESS_OPS_CONV_CPU_UNFOLD_H_
#define ASSAY_HARNESS_OPS_CONV_CPU_UNFOLD_H_

#include <cstdint>
#include <memory>

#include "harness/backend/cpu/kernel.h"

namespace assay::cpu {

// src [rows, width] -> dst [rows, positions, columns]:
//   dst[r, x, k] = src[r, x * stride - pad + k], or `padding` outside the row.
struct WidthUnfold {
  int64_t rows, width, positions, columns, stride, pad;
};

// Of bytes.
std::unique_ptr<Kernel> MakeUnfold(const WidthUnfold& unfold, uint8_t padding,
                                   SlotId src, SlotId dst, int threads);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_CONV_CPU_UNFOLD_H_
