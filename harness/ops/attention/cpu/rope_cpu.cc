#include "harness/ops/attention/cpu/rope_cpu.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "harness/backend/cpu/multiversion.h"
#include "harness/backend/cpu/parallel.h"
#include "harness/backend/cpu/vector16.h"
#include "harness/core/shape.h"

namespace assay::cpu {
namespace {

// Cosines and sines of all positions, [T, D/2] each.
struct Angles {
  std::vector<float> cosines, sines;
};

Angles AnglesOf(const Attributes& attributes, int64_t positions, int64_t half) {
  const double base = attributes.Real("base", 10000);
  const int64_t offset = attributes.Int("offset", 0);
  const double sign = attributes.Int("inverse", 0) != 0 ? -1 : 1;
  Angles angles;
  for (int64_t t = 0; t < positions; ++t) {
    for (int64_t i = 0; i < half; ++i) {
      const double angle =
          static_cast<double>(t + offset) *
          std::pow(base, -static_cast<double>(i) / static_cast<double>(half));
      angles.cosines.push_back(static_cast<float>(std::cos(angle)));
      angles.sines.push_back(static_cast<float>(sign * std::sin(angle)));
    }
  }
  return angles;
}

template <typename T>
ASSAY_ALWAYS_INLINE void TurnBody(const T* src, const float* cosine,
                                  const float* sine, int64_t half, T* dst) {
  int64_t i = 0;
  for (; i + kLanes <= half; i += kLanes) {
    const V16 a = LoadLanes(src + i), b = LoadLanes(src + half + i);
    const V16 c = LoadLanes(cosine + i), s = LoadLanes(sine + i);
    StoreLanes(a * c - b * s, dst + i);
    StoreLanes(b * c + a * s, dst + half + i);
  }
  for (; i < half; ++i) {
    const float a = static_cast<float>(src[i]);
    const float b = static_cast<float>(src[i + half]);
    dst[i] = T(a * cosine[i] - b * sine[i]);
    dst[i + half] = T(b * cosine[i] + a * sine[i]);
  }
}

ASSAY_CPU_CLONES void Turn(const float* src, const float* cosine,
                           const float* sine, int64_t half, float* dst) {
  TurnBody(src, cosine, sine, half, dst);
}
ASSAY_CPU_CLONES void Turn(const BFloat16* src, const float* cosine,
                           const float* sine, int64_t half, BFloat16* dst) {
  TurnBody(src, cosine, sine, half, dst);
}

template <typename T>
class RopeKernel final : public Kernel {
 public:
  RopeKernel(Angles angles, int64_t rows, int64_t positions, int64_t half,
             SlotId src, SlotId dst, int threads)
      : angles_(std::move(angles)),
        rows_(rows),
        positions_(positions),
        half_(half),
        src_(src),
        dst_(dst),
        parts_(static_cast<int>(
            std::min<int64_t>(ThreadsFor(threads, rows * half * 8), rows))) {}

  absl::Status Run(void* const* slots) const override {
    const T* src = At<const T>(slots, src_);
    T* dst = At<T>(slots, dst_);
    ParallelRanges(parts_, rows_, [&](int, int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const int64_t turn = row % positions_ * half_;
        Turn(src + row * 2 * half_, angles_.cosines.data() + turn,
             angles_.sines.data() + turn, half_, dst + row * 2 * half_);
      }
    });
    return absl::OkStatus();
  }

 private:
  Angles angles_;
  int64_t rows_, positions_, half_;
  SlotId src_, dst_;
  int parts_;
};

}  // namespace

absl::Status MakeRope(ProgramBuilder& b) {
  const ValueId src = b.input(0), dst = b.output();
  const Shape& shape = b.shape(src);  // [B, H, T, D]
  const int64_t positions = shape[2], half = shape[3] / 2;
  const int64_t rows = shape[0] * shape[1] * positions;
  Angles angles = AnglesOf(b.node().attributes, positions, half);
  const SlotId read = b.ReadPlain(src), written = b.WritePlain(dst);
  b.MayOverwrite(written, read);
  std::unique_ptr<Kernel> kernel;
  if (b.type(src).dtype == DType::kBF16) {
    kernel = std::make_unique<RopeKernel<BFloat16>>(
        std::move(angles), rows, positions, half, read, written, b.threads());
  } else {
    kernel = std::make_unique<RopeKernel<float>>(
        std::move(angles), rows, positions, half, read, written, b.threads());
  }
  b.AddStep(std::move(kernel), {read}, {written});
  return absl::OkStatus();
}

}  // namespace assay::cpu
