// Depthwise 3x3 convolution of bytes, one row of the result at a time.
#ifndef ASSAY_HARNESS_OPS_FUSED_CPU_DEPTHWISE_ROWS_H_
#define ASSAY_HARNESS_OPS_FUSED_CPU_DEPTHWISE_ROWS_H_

#include <cstdint>

namespace assay::cpu {

// Channels that are computed together. Processors that take two cycles for 64
// bytes do no worse with 32, and remainders are smaller.
constexpr int kDepthwiseChannels = 32;

// What they need. Three bytes of one column lie beside each other, four bytes
// to a word, and words in the order in which unpacking 32 bytes twice leaves
// their channels: ChannelOfWord.
struct alignas(64) DepthwiseBlock {
  int8_t weights[3][4][32];  // by column of the kernel
  int32_t start[4][8];       // of a sum: takes the source's zero point off
  float factor[4][8], offset[4][8];  // steps = factor * sum + offset
};

// The channel, of the block's, of word `lane` in vector `vector`.
constexpr int ChannelOfWord(int vector, int lane) {
  return lane / 4 * 16 + vector * 4 + lane % 4;
}

// Fixed for all rows of a kernel.
struct DepthwiseRows {
  int64_t channels = 0, width = 0, out_width = 0;
  int64_t stride = 1;    // along the row
  int64_t pad_left = 0;  // below 3
  uint8_t src_zero = 0;
  int32_t dst_zero = 0;
  bool dst_signed = false;
  // Of steps, in front of rounding: the activation's, and so that no step is
  // beyond a 32-bit integer. The store saturates further; false where that is
  // enough.
  bool clamps = true;
  float low = 0, high = 0;
  const DepthwiseBlock* blocks = nullptr;  // of ceil(channels / 32)
};

// src[k]: the source row under row k of the kernel, [width, channels], null
// where that is padding. dst: [out_width, channels]. Only where the processor
// has avx512_vnni and avx512bw.
void DepthwiseRow(const DepthwiseRows& rows, const uint8_t* const src[3],
                  void* dst);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_FUSED_CPU_DEPTHWISE_ROWS_H_
