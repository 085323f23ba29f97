// Weights as 4-bit integers by group.
//
// A matrix [O,I] whose rows are cut into groups of `group` neighbours, each
// with a scale and a zero point of its own: real = scale * (q - zero_point), q
// and zero_point in [0, 15]. As tensors:
//   weights      u8 [O, G, group / 2], G = ceil(I / group): two to a byte, the
//                earlier in the low half. group is a multiple of 16; what a
//                last group has beyond I is not read.
//   scales       f32, bf16 or f64, [O, G]
//   zero_points  u8 [O, ceil(G / 2)], two to a byte likewise; absent: 8 each
// This is how ONNX's MatMulNBits lays them out.
#ifndef ASSAY_HARNESS_OPS_QUANTIZE_GROUP_H_
#define ASSAY_HARNESS_OPS_QUANTIZE_GROUP_H_

#include <cstdint>

#include "absl/status/status.h"
#include "harness/graph/op_schema.h"

namespace assay {

// weights scales [zero_points] -> dtype ("f32", the default, or "bf16"; f64
// where scales are) [O, inputs]; attribute `inputs`: I. No gradient flows.
// Cost: no multiply-accumulates are counted.
OpSchema DequantizeU4Schema();

// --- What linear_u4 shares.

// Which operands are weights, scales and zero points.
struct GroupOperands {
  size_t weights, scales, zero_points;
};

// Checks them as a matrix of `inputs` columns, and of `outputs` rows unless
// that is 0.
absl::Status CheckGroups(const InferContext& context,
                         const GroupOperands& operands, int64_t outputs,
                         int64_t inputs);

// Two to a byte: number `i` of `bytes`.
inline int NibbleAt(const uint8_t* bytes, int64_t i) {
  return (bytes[i / 2] >> (i % 2 * 4)) & 15;
}

// dst[o * inputs + i], computed in the type of the scales, float or double.
template <typename T>
void DequantizeGroups(const Tensor& weights, const Tensor& scales,
                      const Tensor* zero_points, int64_t inputs, T* dst) {
  const int64_t outputs = weights.dim(0), groups = weights.dim(1),
                half = weights.dim(2);
  for (int64_t o = 0; o < outputs; ++o) {
    const uint8_t* row = weights.data<uint8_t>() + o * groups * half;
    for (int64_t i = 0; i < inputs; ++i) {
      const int64_t g = i / (2 * half);
      const int zero =
          zero_points == nullptr
              ? 8
              : NibbleAt(zero_points->data<uint8_t>() + o * zero_points->dim(1),
                         g);
      *dst++ = scales.data<T>()[o * groups + g] *
               static_cast<T>(NibbleAt(row, i) - zero);
    }
  }
}

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_QUANTIZE_GROUP_H_
