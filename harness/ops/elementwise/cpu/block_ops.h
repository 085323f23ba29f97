// Elementwise ops over short contiguous blocks: the instructions of an
// Expression.
#ifndef ASSAY_HARNESS_OPS_ELEMENTWISE_CPU_BLOCK_OPS_H_
#define ASSAY_HARNESS_OPS_ELEMENTWISE_CPU_BLOCK_OPS_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "harness/core/dtype.h"

namespace assay::cpu {

// dst[i] = f(a[i], b[i], c[i]; p, q). `dst` may be any operand itself; operands
// that the op lacks may be null.
template <typename T>
struct BlockArguments {
  const T* a;
  const T* b;
  const T* c;
  T* dst;
  int64_t n;
  T p, q;
};
template <typename T>
using BlockFunction = void (*)(const BlockArguments<T>&);

struct BlockOp {
  const char* name;
  BlockFunction<float> f32;
  BlockFunction<double> f64;
  // f(0, ...) = 0 when all tensor operands are 0: safe for the padding of
  // blocked layouts.
  bool keeps_zero;
};

// By op name ("gelu_tanh" is gelu with approximate="tanh"); null when absent.
const BlockOp* FindBlockOp(absl::string_view name);

// Conversions between a tensor's elements and the type of computation. To an
// integer: half to even, saturating, NaN becomes 0; to bool: nonzero.
void LoadBlock(DType dtype, const void* src, int64_t n, float* dst);
void LoadBlock(DType dtype, const void* src, int64_t n, double* dst);
void StoreBlock(DType dtype, const float* src, int64_t n, void* dst);
// quantize_linear of a block on one grid, to u8 or s8.
void QuantizeBlock(DType dtype, const float* src, int64_t n, float scale,
                   float zero_point, void* dst);
void StoreBlock(DType dtype, const double* src, int64_t n, void* dst);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_ELEMENTWISE_CPU_BLOCK_OPS_H_
