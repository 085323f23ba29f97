// Depthwise 3x3 convolution of floats, sixteen channels at a time.
#ifndef ASSAY_HARNESS_OPS_FUSED_CPU_DEPTHWISE_FLOAT_ROWS_H_
#define ASSAY_HARNESS_OPS_FUSED_CPU_DEPTHWISE_FLOAT_ROWS_H_

#include <cstdint>

#include "harness/core/dtype.h"

namespace assay::cpu {

// What sixteen channels need.
struct alignas(64) DepthwiseFloatBlock {
  float weights[3][3][16];  // by column, then row of the kernel
  float bias[16];
};

// Rows of an image, from the first of the channels on. Steps and strides are in
// elements.
struct DepthwiseFloatRows {
  int64_t height = 0, width = 0, out_width = 0;
  int64_t step = 16;  // from column to column, in src and dst
  int64_t src_row = 0, dst_row = 0;
  int64_t strides[2] = {1, 1};        // of the kernel: down, along the row
  int64_t pad_top = 0, pad_left = 0;  // below 3
  float low = 0, high = 0;            // the activation's ends
};

// Rows [begin, end) of dst = clamp(sum + bias).
void DepthwiseFloat(const DepthwiseFloatRows& rows,
                    const DepthwiseFloatBlock& block, const float* src,
                    int64_t begin, int64_t end, float* dst);
// Only where the processor has avx512_bf16.
void DepthwiseFloat(const DepthwiseFloatRows& rows,
                    const DepthwiseFloatBlock& block, const BFloat16* src,
                    int64_t begin, int64_t end, BFloat16* dst);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_FUSED_CPU_DEPTHWISE_FLOAT_ROWS_H_
