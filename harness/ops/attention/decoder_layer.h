// One token through one layer of a decoder, with a cache of keys and values.
#ifndef ASSAY_HARNESS_OPS_ATTENTION_DECODER_LAYER_H_
#define ASSAY_HARNESS_OPS_ATTENTION_DECODER_LAYER_H_

#include "harness/graph/op_schema.h"

namespace assay {

// With D features, H heads of W features each, K heads of keys and values, F
// hidden features, C positions in the cache:
//
//   src [1,D], position s32 [], norm1 [D], qkv [(H+2K)*W, D], output [D, H*W],
//   norm2 [D], gate_up [2F, D], down [D, F], keys [K,W,C], values [K,C,W],
//   qkv_scales, output_scales, gate_up_scales, down_scales,
//   qkv_zeros, output_zeros, gate_up_zeros, down_zeros
//   -> dst [1,D], keys', values' (the caches with this token's row)
//
//   q, k, v = qkv rms1(src); q and k are turned by rope at `position`
//   keys'[., ., position] = k; values'[., position, .] = v
//   x = src + output attention(q, keys' and values' up to position), with head
//   h
//       reading keys of head h * K / H and scores times W^-1/2
//   dst = x + down (silu(gate rms2(x)) * up rms2(x)); gate are the first F rows
//         of gate_up
//
// Everything is f32 but for the matrices: f32, bf16, s8 with a scale f32
// [rows], real = scale * q, or u8, two weights of 4 bits each by group with
// scales and, where given, zero points (ops/quantize/group.h). Matrices of one
// node have one type; scales are absent for floats. A backend may round what s8
// and u8 are multiplied with to 16 bits. Attributes: heads (int), epsilon
// (real, 1e-5), base (real, 10000). Not differentiated: training sees whole
// sequences.
//
// A run fails with OUT_OF_RANGE for a position outside [0, C). What the caches
// hold behind `position` is not read.
//
// Cost: the multiply-accumulates of the four products; the cost of attention
// depends on the position and is not counted.
OpSchema DecoderLayerSchema();

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_ATTENTION_DECODER_LAYER_H_
