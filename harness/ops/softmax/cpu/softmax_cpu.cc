#include "harness/ops/softmax/cpu/softmax_cpu.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "absl/strings/str_cat.h"
#include "harness/backend/cpu/layout.h"
#include "harness/backend/cpu/multiversion.h"
#include "harness/backend/cpu/parallel.h"
#include "harness/core/shape.h"
#include "harness/ops/elementwise/cpu/block_ops.h"
#include "harness/ops/elementwise/cpu/vector_math.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace assay::cpu {
namespace {

constexpr int64_t kChunk = 512;

// Sum of exp(x - maximum).
ASSAY_CPU_CLONES float SumExp(const float* x, int64_t n, float maximum) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += VectorExp(x[i] - maximum);
  return sum;
}

// Rows of f32 or bf16 logits, walked in chunks of f32.
struct LogitRow {
  const char* data;
  DType dtype;
  int64_t classes;

  float At(int64_t i) const {
    float value;
    LoadBlock(dtype, data + i * SizeOf(dtype), 1, &value);
    return value;
  }
  // f(chunk, n) for each chunk.
  template <typename F>
  void ForChunks(const F& f) const {
    float buffer[kChunk];
    for (int64_t i = 0; i < classes; i += kChunk) {
      const int64_t n = std::min(kChunk, classes - i);
      LoadBlock(dtype, data + i * SizeOf(dtype), n, buffer);
      f(buffer, n);
    }
  }
};

class CrossEntropyKernel final : public Kernel {
 public:
  struct Slots {
    SlotId logits, labels, loss;
  };
  CrossEntropyKernel(const Slots& slots, DType dtype, int64_t rows,
                     int64_t classes, double smoothing, int64_t ignored,
                     int threads)
      : at_(slots),
        dtype_(dtype),
        rows_(rows),
        classes_(classes),
        smoothing_(smoothing),
        ignored_(ignored),
        parts_(static_cast<int>(std::min<int64_t>(
            ThreadsFor(threads, rows * classes * 8), rows))) {}

  absl::Status Run(void* const* slots) const override {
    const int32_t* labels = At<const int32_t>(slots, at_.labels);
    for (int64_t n = 0; n < rows_; ++n) {
      if (labels[n] == ignored_) continue;
      if (labels[n] < 0 || labels[n] >= classes_) {
        return absl::OutOfRangeError(absl::StrCat(
            "labels: row ", n, ": expected a value in [0, ", classes_,
            ") or ignore_index=", ignored_, ", got ", labels[n]));
      }
    }
    const char* logits = At<const char>(slots, at_.logits);
    float* loss = At<float>(slots, at_.loss);
    ParallelRanges(parts_, rows_, [&](int, int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        const LogitRow row = {logits + n * classes_ * SizeOf(dtype_), dtype_,
                              classes_};
        loss[n] = labels[n] == ignored_ ? 0.0f : RowLoss(row, labels[n]);
      }
    });
    return absl::OkStatus();
  }

 private:
  float RowLoss(const LogitRow& row, int64_t label) const {
    float maximum = -std::numeric_limits<float>::infinity();
    double total = 0;
    row.ForChunks([&](const float* x, int64_t n) {
      maximum = std::max(maximum, *std::max_element(x, x + n));
      for (int64_t i = 0; i < n; ++i) total += static_cast<double>(x[i]);
    });
    double sum = 0;
    row.ForChunks([&](const float* x, int64_t n) {
      sum += static_cast<double>(SumExp(x, n, maximum));
    });
    const double log_sum = std::log(sum), top = static_cast<double>(maximum);
    const double log_p = static_cast<double>(row.At(label)) - top - log_sum;
    const double mean = total / static_cast<double>(classes_) - top - log_sum;
    return static_cast<float>(-(1 - smoothing_) * log_p - smoothing_ * mean);
  }

  Slots at_;
  DType dtype_;
  int64_t rows_, classes_;
  double smoothing_;
  int64_t ignored_;
  int parts_;
};

}  // namespace

absl::Status MakeSoftmax(ProgramBuilder& b) {
  const ValueId src = b.input(0), dst = b.output();
  int64_t axis = b.node().attributes.Int("axis", -1);
  if (axis < 0) axis += static_cast<int64_t>(b.shape(src).size());
  const dnnl::memory::desc desc = PlainDesc(b.type(src).dtype, b.shape(src));
  const dnnl::softmax_forward::primitive_desc pd(
      b.engine(), dnnl::prop_kind::forward_inference,
      b.node().op == "softmax" ? dnnl::algorithm::softmax_accurate
                               : dnnl::algorithm::softmax_log,
      desc, desc, static_cast<int>(axis), UserScratchpad());
  const SlotId read = b.ReadPlain(src), written = b.WritePlain(dst);
  b.AddPrimitive(
      dnnl::softmax_forward(pd),
      {{DNNL_ARG_SRC, read, desc}, {DNNL_ARG_DST, written, desc, true}},
      pd.scratchpad_desc());
  return absl::OkStatus();
}

absl::Status MakeCrossEntropy(ProgramBuilder& b) {
  const ValueId logits = b.input(0), labels = b.input(1);
  const Attributes& a = b.node().attributes;
  CrossEntropyKernel::Slots at;
  at.logits = b.ReadPlain(logits);
  at.labels = b.ReadPlain(labels);
  at.loss = b.WritePlain(b.output());
  b.AddStep(
      std::make_unique<CrossEntropyKernel>(
          at, b.type(logits).dtype, b.shape(logits)[0], b.shape(logits)[1],
          a.Real("label_smoothing", 0), a.Int("ignore_index", -1), b.threads()),
      {at.logits, at.labels}, {at.loss});
  return absl::OkStatus();
}

}  // namespace assay::cpu
