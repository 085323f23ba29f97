// The inner loops of attention on integers: products of blocks of rows of
// bytes, and the softmax between them.
#ifndef ASSAY_HARNESS_OPS_FUSED_CPU_ATTENTION_BYTES_H_
#define ASSAY_HARNESS_OPS_FUSED_CPU_ATTENTION_BYTES_H_

#include <cstdint>

#include "harness/core/dtype.h"

namespace assay::cpu {

// Bytes lie four to a word, which a product multiplies and adds at once.
struct ByteLoops {
  // out[r][c] = start[c] + sum over k of a[r][k] * b[k][c], for kBlockRows rows
  // (attention_rows.h) and `columns` columns, a multiple of 16. Words of `a`
  // hold u8, those of `b` s8; `a_row`, `b_row` and `out_row` are distances
  // between rows, in words. No start: null, for zeros.
  void (*product)(const uint32_t* a, int64_t a_row, const uint32_t* b,
                  int64_t b_row, int64_t inner, int64_t columns,
                  const int32_t* start, int32_t* out, int64_t out_row);

  // weights[i] = round(255 * exp(scale * x[i] + mask[i * mask_step] - largest))
  // for i below n, at least 1, and 0 up to `padded`, a multiple of 16 to which
  // x can be read; gives their sum. scale > 0. No mask: null; mask_step: 0 or
  // 1. Exponentials are good to 3e-6: within that of a tie the neighbouring
  // step may result.
  int32_t (*softmax)(float scale, const float* mask, int64_t mask_step,
                     int64_t n, int64_t padded, const int32_t* x,
                     uint8_t* weights);

  // Four rows of n bytes as words, one per column, with all bytes flipped by
  // that of `flip`. Rows that are null are zeros.
  void (*join_rows)(const uint8_t* const rows[4], uint32_t flip, int64_t n,
                    uint32_t* words);

  // dst[i] = factor * x[i] + shift, on a grid of u8 (backend/cpu/rounding.h).
  void (*store)(const int32_t* x, float factor, float shift, float inverse,
                float zero, int64_t n, uint8_t* dst);
};

// The fastest on this processor.
const ByteLoops& FindByteLoops();
// What every processor has.
const ByteLoops& PlainByteLoops();

// words[k * padded + c] ^= flip, for `inner` rows of `columns` words, and
// start[c] = -zero * sum of the s8 of column c.
void FlipColumns(uint32_t flip, int32_t zero, int64_t inner, int64_t columns,
                 int64_t padded, uint32_t* words, int32_t* start);

// dst[i] = factor * x[i] + shift, stored as it is, as bf16 or on a grid of s8.
void StoreSums(const int32_t* x, float factor, float shift, int64_t n,
               float* dst);
void StoreSums(const int32_t* x, float factor, float shift, int64_t n,
               BFloat16* dst);
void StoreSums(const int32_t* x, float factor, float shift, float inverse,
               float zero, int64_t n, int8_t* dst);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_FUSED_CPU_ATTENTION_BYTES_H_
