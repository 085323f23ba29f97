// Counter-based random streams: Philox 4x32 with 10 rounds (Salmon et al.,
// "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
#ifndef ASSAY_HARNESS_CORE_RANDOM_H_
#define ASSAY_HARNESS_CORE_RANDOM_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace assay {

// One Philox block: 4 x 32 random bits from a 128-bit counter and a 64-bit key.
std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter,
                                   std::array<uint32_t, 2> key);

// A stream named by purpose. Its key is a hash of (seed, name), so one more
// stream shifts no other, and any 64-bit seed is legal, 0 included. Copyable: a
// copy goes on from the same position. Not thread-safe; give each thread its
// own lane name ("augment/3").
class RandomStream {
 public:
  RandomStream(uint64_t seed, absl::string_view name);

  uint32_t NextU32();
  uint64_t NextU64();
  // Uniform in [0, n), unbiased (rejection); n >= 1, asserted.
  uint64_t Below(uint64_t n);
  // Uniform in [0, 1), 24 bits (float) and 53 bits (double).
  float Uniform();
  double UniformDouble();
  // Standard normal by Box-Muller in double precision: two 64-bit draws, of
  // which the cosine half is used, so that position() is the whole state.
  float Normal();

  void FillUniform(absl::Span<float> out, float low, float high);
  // Uses both halves: two 64-bit draws per pair of values.
  void FillNormal(absl::Span<float> out, float mean, float stddev);
  // Fisher-Yates from the back; the same stream position gives the same order.
  void Shuffle(absl::Span<int64_t> values);
  // 0..n-1 in random order.
  std::vector<int64_t> Permutation(int64_t n);

  // 32-bit words drawn so far; reports keep it, and Seek(position()) resumes.
  uint64_t position() const { return position_; }
  void Seek(uint64_t position);

 private:
  void FillBlock();

  std::array<uint32_t, 2> key_;
  uint64_t position_ = 0;
  std::array<uint32_t, 4> block_{};
};

}  // namespace assay

#endif  // ASSAY_HARNESS_CORE_RANDOM_H_
