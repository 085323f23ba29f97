// Products of a matrix and a vector, whose cost is reading the matrix once.
#ifndef ASSAY_HARNESS_OPS_MATMUL_CPU_GEMV_H_
#define ASSAY_HARNESS_OPS_MATMUL_CPU_GEMV_H_

#include <cstdint>

#include "harness/core/dtype.h"

namespace assay::cpu {

// Rows of a block. A packed matrix is blocks of rows, the last filled with
// zeros, each [columns][16], [columns / 2][16][2] of bf16, or
// [columns / 4][16][4] of s8 and behind it the sums of its rows [16] s32.
constexpr int64_t kGemvRows = 16;

int64_t GemvBlocks(int64_t rows);
int64_t GemvBlockBytes(DType dtype, int64_t columns);
// Packs a row-major matrix of f32, bf16 or s8.
void PackGemv(DType dtype, const void* matrix, int64_t rows, int64_t columns,
              void* packed);

// The vector as products with such matrices read it: x itself, or, in `space`
// of GemvSpaceBytes (none: 0), numbers of 16 bits in steps of 1/32512 of x's
// largest, where the matrix has bytes and the processor avx512_vnni.
int64_t GemvSpaceBytes(DType dtype, int64_t columns);
const void* PrepareGemv(DType dtype, const float* x, int64_t columns,
                        void* space);

// out[row] = sum over i of matrix[row][i] * x[i] for the rows of blocks
// [begin, end), summed in f32, or, of numbers, exactly. `x` is PrepareGemv's.
void Gemv(DType dtype, const void* packed, int64_t columns, const void* x,
          int64_t begin, int64_t end, float* out);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_MATMUL_CPU_GEMV_H_
