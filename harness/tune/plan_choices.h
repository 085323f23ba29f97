// What a plan can be made of otherwise than the rules say.
#ifndef ASSAY_HARNESS_TUNE_PLAN_CHOICES_H_
#define ASSAY_HARNESS_TUNE_PLAN_CHOICES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/backend/cpu/cpu_options.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/tune/tuner.h"

namespace assay {

struct PlanSettings {
  LoweringOptions lowering;
  int threads = 1;
  // Of the cpu backend; another backend has none.
  std::optional<CpuOptions> cpu;
};

// The alternatives of a plan that the rules make by `settings`, those first
// that usually matter most:
//   threads        the number, then halves of it down to 1
//   strips         "rule", "none", or samples that go through all steps at a
//                  time: 1, 2, 4, 8
//   layout         "rule", "blocked", "channels_last", "row_major": images
//                  between convolutions
//   algorithm      "rule", "brgemm", "jit", "gemm": convolutions of the library
//   winograd       "on", or "off": own kernels of 3x3 convolutions and of
//                  products that multiply less than sums of products do
//   depthwise      "own", or "library"
//   sparse         "rule" (LoweringOptions::sparse_density), "none", "all":
//                  layers that leave zeros out
//   attention      "kernel", or "products": the backend's own kernel against
//                  products and softmax of its library
//   weights        "packed" as the library likes them, or "plain"
//   group_weights  "packed", or "wide": 4-bit weights as they are stored or
//                  unpacked once
//   low_rank       "rule", or "kept": whether narrow pairs that cost more than
//                  their product are multiplied out
//   fuse           "on", or "off": what follows a layer within its kernel
// strips, layout, algorithm, winograd, depthwise and weights are those of
// CpuOptions, and not there without them.
std::vector<Alternative> PlanAlternatives(const PlanSettings& settings);

// `settings` with the choices made. INVALID_ARGUMENT: a name or value that
// PlanAlternatives(settings) has not, or an alternative without a choice.
absl::StatusOr<PlanSettings> WithChoices(const PlanSettings& settings,
                                         const Choices& choices);

}  // namespace assay

#endif  // ASSAY_HARNESS_TUNE_PLAN_CHOICES_H_
