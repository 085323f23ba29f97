// The inner loops of attention: products of blocks of rows, and the softmax
// between them.
#ifndef ASSAY_HARNESS_OPS_FUSED_CPU_ATTENTION_ROWS_H_
#define ASSAY_HARNESS_OPS_FUSED_CPU_ATTENTION_ROWS_H_

#include <cstdint>

#include "harness/core/dtype.h"

namespace assay::cpu {

// Rows that one call of a product computes.
constexpr int kBlockRows = 6;

// out[r][c] = sum over k of a[r][k] * b[k][c], for kBlockRows rows and
// `columns` columns, a multiple of 16. `a_row`, `b_row` and `out_row` are
// distances between rows, in elements.
void ProductF32(const float* a, int64_t a_row, const float* b, int64_t b_row,
                int64_t inner, int64_t columns, float* out, int64_t out_row);

// The same of pairs of bf16, summed in f32: element k of a row of `a` is the
// pair (a[2k], a[2k+1]), and row k of `b` has such pairs for each column. Only
// where the processor has avx512_bf16.
void ProductBf16(const uint32_t* a, int64_t a_row, const uint32_t* b,
                 int64_t b_row, int64_t inner, int64_t columns, float* out,
                 int64_t out_row);

// out[r][c] += sum over k of a[k][r] * b[k][c], for kBlockRows rows and
// `columns` columns, a multiple of 16: the rows of `out` are columns of `a`.
void AddOuterF32(const float* a, int64_t a_row, const float* b, int64_t b_row,
                 int64_t inner, int64_t columns, float* out, int64_t out_row);

// The same of pairs: a[k][r] holds elements 2k and 2k + 1. Only where the
// processor has avx512_bf16.
void AddOuterBf16(const uint32_t* a, int64_t a_row, const uint32_t* b,
                  int64_t b_row, int64_t inner, int64_t columns, float* out,
                  int64_t out_row);

// x[i] = exp(scale * x[i] + mask[i * mask_step] - largest) for i below n, at
// least 1, and 0 where that is below 1e-37 and up to `padded`; gives their sum.
// No mask: null; mask_step: 0 or 1.
float SoftmaxRow(float scale, const float* mask, int64_t mask_step, int64_t n,
                 int64_t padded, float* x);

// The same as bf16 in `weights`, to which an exponential is exact; x is left.
// Only where the processor has avx512_bf16.
float SoftmaxRowBf16(float scale, const float* mask, int64_t mask_step,
                     int64_t n, int64_t padded, const float* x,
                     BFloat16* weights);

// Through softmax, for one row: weights[i] = factor * weights[i], and then
// gradient[i] = scale * weights[i] * (gradient[i] - sum of weights * gradient).
// n is a multiple of 16.
void SoftmaxBackwardRow(float scale, float factor, int64_t n, float* weights,
                        float* gradient);

// n is a multiple of 16; only where the processor has avx512_bf16.
void ToBf16Row(const float* x, int64_t n, BFloat16* dst);

// dst[i] is the pair (first[i], second[i]); no second row: null, for zeros. n
// is a multiple of 16; only where the processor has avx512_bf16.
void ToBf16Pairs(const float* first, const float* second, int64_t n,
                 uint32_t* dst);

// `rows` rows of `columns` words of 4 bytes, `row` words apart, as columns:
// word c of row r becomes word c * dst_row + r of dst.
void TransposeWords(const void* x, int64_t row, int64_t rows, int64_t columns,
                    int64_t dst_row, void* dst);

// dst[i] = factor * x[i].
void ScaleRow(const float* x, float factor, int64_t n, float* dst);
void ScaleRow(const float* x, float factor, int64_t n, BFloat16* dst);
// The same on a grid (backend/cpu/rounding.h).
void ScaleRow(const float* x, float factor, float inverse, float zero,
              int64_t n, uint8_t* dst);
void ScaleRow(const float* x, float factor, float inverse, float zero,
              int64_t n, int8_t* dst);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_FUSED_CPU_ATTENTION_ROWS_H_
