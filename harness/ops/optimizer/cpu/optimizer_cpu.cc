#include "harness/ops/optimizer/cpu/optimizer_cpu.h"

#include <cmath>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/backend/cpu/multiversion.h"
#include "harness/backend/cpu/parallel.h"
#include "harness/core/shape.h"

namespace assay::cpu {
namespace {

struct SgdConstants {
  float momentum, weight_decay;
  bool nesterov;
};

struct SgdRow {
  const float* parameter;
  const float* gradient;
  const float* buffer;
  float* new_parameter;
  float* new_buffer;
  int64_t n;
};

ASSAY_CPU_CLONES void SgdUpdate(const SgdRow& row, const SgdConstants& k,
                                float rate) {
  const float momentum = k.momentum, decay = k.weight_decay;
  // How much of the new buffer and of the gradient make the step.
  const float from_buffer = k.nesterov ? momentum : 1.0f;
  const float from_gradient = k.nesterov ? 1.0f : 0.0f;
#pragma omp simd
  for (int64_t i = 0; i < row.n; ++i) {
    const float w = row.parameter[i];
    const float g = row.gradient[i] + decay * w;
    const float v = momentum * row.buffer[i] + g;
    row.new_buffer[i] = v;
    row.new_parameter[i] = w - rate * (from_gradient * g + from_buffer * v);
  }
}

class SgdKernel final : public Kernel {
 public:
  struct Slots {
    SlotId parameter, gradient, buffer, rate, new_parameter, new_buffer;
  };
  SgdKernel(const Slots& slots, const SgdConstants& constants, int64_t n,
            int threads)
      : at_(slots), k_(constants), n_(n), parts_(ThreadsFor(threads, 4 * n)) {}

  absl::Status Run(void* const* slots) const override {
    const float rate = *At<const float>(slots, at_.rate);
    ParallelRanges(parts_, n_, [&](int, int64_t begin, int64_t end) {
      SgdUpdate({At<float>(slots, at_.parameter) + begin,
                 At<float>(slots, at_.gradient) + begin,
                 At<float>(slots, at_.buffer) + begin,
                 At<float>(slots, at_.new_parameter) + begin,
                 At<float>(slots, at_.new_buffer) + begin, end - begin},
                k_, rate);
    });
    return absl::OkStatus();
  }

 private:
  Slots at_;
  SgdConstants k_;
  int64_t n_;
  int parts_;
};

struct AdamwConstants {
  double beta1, beta2, epsilon, weight_decay;
};

struct AdamwRow {
  const float* parameter;
  const float* gradient;
  const float* first;
  const float* second;
  float* new_parameter;
  float* new_first;
  float* new_second;
  int64_t n;
};

// What stays the same within one step.
struct AdamwStep {
  float beta1, beta2;
  // 1 - beta, rounded once: the difference of two floats would lose four digits
  // of a beta2 next to 1.
  float share1, share2;
  float keep;       // 1 - rate * decay
  float step_size;  // rate / (1 - beta1^t)
  float root;       // sqrt(1 - beta2^t)
  float epsilon;
};

ASSAY_CPU_CLONES void AdamwUpdate(const AdamwRow& row, const AdamwStep& k) {
  const AdamwStep s = k;
#pragma omp simd
  for (int64_t i = 0; i < row.n; ++i) {
    const float g = row.gradient[i];
    const float m = s.beta1 * row.first[i] + s.share1 * g;
    const float v = s.beta2 * row.second[i] + s.share2 * g * g;
    row.new_first[i] = m;
    row.new_second[i] = v;
    row.new_parameter[i] =
        row.parameter[i] * s.keep -
        s.step_size * m / (std::sqrt(v) / s.root + s.epsilon);
  }
}

class AdamwKernel final : public Kernel {
 public:
  struct Slots {
    SlotId parameter, gradient, first, second, rate, step;
    SlotId new_parameter, new_first, new_second;
  };
  AdamwKernel(const Slots& slots, const AdamwConstants& constants, int64_t n,
              int threads)
      : at_(slots), k_(constants), n_(n), parts_(ThreadsFor(threads, 4 * n)) {}

  absl::Status Run(void* const* slots) const override {
    const double rate = static_cast<double>(*At<const float>(slots, at_.rate));
    const int64_t count = *At<const int64_t>(slots, at_.step);
    if (count < 1) {
      return absl::OutOfRangeError(
          absl::StrCat("step: expected at least 1, got ", count));
    }
    const double t = static_cast<double>(count);
    const AdamwStep step = {
        static_cast<float>(k_.beta1),
        static_cast<float>(k_.beta2),
        static_cast<float>(1 - k_.beta1),
        static_cast<float>(1 - k_.beta2),
        static_cast<float>(1 - rate * k_.weight_decay),
        static_cast<float>(rate / (1 - std::pow(k_.beta1, t))),
        static_cast<float>(std::sqrt(1 - std::pow(k_.beta2, t))),
        static_cast<float>(k_.epsilon)};
    ParallelRanges(parts_, n_, [&](int, int64_t begin, int64_t end) {
      AdamwUpdate({At<float>(slots, at_.parameter) + begin,
                   At<float>(slots, at_.gradient) + begin,
                   At<float>(slots, at_.first) + begin,
                   At<float>(slots, at_.second) + begin,
                   At<float>(slots, at_.new_parameter) + begin,
                   At<float>(slots, at_.new_first) + begin,
                   At<float>(slots, at_.new_second) + begin, end - begin},
                  step);
    });
    return absl::OkStatus();
  }

 private:
  Slots at_;
  AdamwConstants k_;
  int64_t n_;
  int parts_;
};

}  // namespace

absl::Status MakeSgdStep(ProgramBuilder& b) {
  const Attributes& a = b.node().attributes;
  SgdKernel::Slots at;
  at.parameter = b.ReadPlain(b.input(0));
  at.gradient = b.ReadPlain(b.input(1));
  at.buffer = b.ReadPlain(b.input(2));
  at.rate = b.ReadPlain(b.input(3));
  at.new_parameter = b.WritePlain(b.output(0));
  at.new_buffer = b.WritePlain(b.output(1));
  b.MayOverwrite(at.new_parameter, at.parameter);
  b.MayOverwrite(at.new_buffer, at.buffer);
  const SgdConstants constants = {static_cast<float>(a.Real("momentum", 0)),
                                  static_cast<float>(a.Real("weight_decay", 0)),
                                  a.Int("nesterov", 0) != 0};
  b.AddStep(std::make_unique<SgdKernel>(
                at, constants, ElementCount(b.shape(b.input(0))), b.threads()),
            {at.parameter, at.gradient, at.buffer, at.rate},
            {at.new_parameter, at.new_buffer});
  return absl::OkStatus();
}

absl::Status MakeAdamwStep(ProgramBuilder& b) {
  const Attributes& a = b.node().attributes;
  AdamwKernel::Slots at;
  at.parameter = b.ReadPlain(b.input(0));
  at.gradient = b.ReadPlain(b.input(1));
  at.first = b.ReadPlain(b.input(2));
  at.second = b.ReadPlain(b.input(3));
  at.rate = b.ReadPlain(b.input(4));
  at.step = b.ReadPlain(b.input(5));
  at.new_parameter = b.WritePlain(b.output(0));
  at.new_first = b.WritePlain(b.output(1));
  at.new_second = b.WritePlain(b.output(2));
  b.MayOverwrite(at.new_parameter, at.parameter);
  b.MayOverwrite(at.new_first, at.first);
  b.MayOverwrite(at.new_second, at.second);
  const AdamwConstants constants = {
      a.Real("beta1", 0.9), a.Real("beta2", 0.999), a.Real("epsilon", 1e-8),
      a.Real("weight_decay", 0)};
  b.AddStep(std::make_unique<AdamwKernel>(
                at, constants, ElementCount(b.shape(b.input(0))), b.threads()),
            {at.parameter, at.gradient, at.first, at.second, at.rate, at.step},
            {at.new_parameter, at.new_first, at.new_second});
  return absl::OkStatus();
}

}  // namespace assay::cpu
