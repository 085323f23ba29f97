#include "harness/ops/random/cpu/random_cpu.h"

#include <algorithm>
#include <array>
#include <memory>

#include "harness/backend/cpu/parallel.h"
#include "harness/core/random.h"
#include "harness/core/shape.h"

namespace assay::cpu {
namespace {

uint32_t Low(uint64_t x) { return static_cast<uint32_t>(x); }
uint32_t High(uint64_t x) { return static_cast<uint32_t>(x >> 32); }

// Block k of four values comes from the counter (k, step).
class RandomUniformKernel final : public Kernel {
 public:
  RandomUniformKernel(uint64_t key, int64_t count, SlotId step, SlotId dst,
                      int threads)
      : key_(key),
        count_(count),
        step_(step),
        dst_(dst),
        parts_(ThreadsFor(threads, count * 8)) {}

  absl::Status Run(void* const* slots) const override {
    const uint64_t step =
        static_cast<uint64_t>(*At<const int64_t>(slots, step_));
    float* dst = At<float>(slots, dst_);
    ParallelRanges(
        parts_, (count_ + 3) / 4, [&](int, int64_t begin, int64_t end) {
          for (int64_t block = begin; block < end; ++block) {
            const uint64_t counter = static_cast<uint64_t>(block);
            const std::array<uint32_t, 4> words =
                Philox4x32({Low(counter), High(counter), Low(step), High(step)},
                           {Low(key_), High(key_)});
            const int64_t n = std::min<int64_t>(4, count_ - 4 * block);
            for (int64_t i = 0; i < n; ++i) {
              dst[4 * block + i] =
                  static_cast<float>(words[static_cast<size_t>(i)] >> 8) *
                  0x1p-24f;
            }
          }
        });
    return absl::OkStatus();
  }

 private:
  uint64_t key_;
  int64_t count_;
  SlotId step_, dst_;
  int parts_;
};

}  // namespace

absl::Status MakeRandomUniform(ProgramBuilder& b) {
  const SlotId step = b.ReadPlain(b.input(0));
  const SlotId dst = b.WritePlain(b.output());
  b.AddStep(std::make_unique<RandomUniformKernel>(
                static_cast<uint64_t>(b.node().attributes.Int("key", 0)),
                ElementCount(b.shape(b.output())), step, dst, b.threads()),
            {step}, {dst});
  return absl::OkStatus();
}

}  // namespace assay::cpu
