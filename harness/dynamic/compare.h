// Whether a compiled network decides and answers as the interpreted one (Chen
// et al. 2023, Eq. 1).
#ifndef ASSAY_HARNESS_DYNAMIC_COMPARE_H_
#define ASSAY_HARNESS_DYNAMIC_COMPARE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/dynamic/path.h"

namespace assay {

// Below this distance to a threshold two runtimes may decide otherwise by
// rounding alone.
inline constexpr double kNumericTie = 1e-5;

struct PathMismatch {
  int64_t sample = 0;
  std::string want, got;  // path.h
  double distance = 0;    // of the first decision that differs, as wanted
};

struct Agreement {
  int64_t samples = 0;
  // Fraction of samples whose largest logit differs.
  double eta = 0;
  // log10(largest absolute difference of an output + 1e-10).
  double delta = 0;
  std::vector<PathMismatch> mismatches;

  // Paths that differ though their first different decision was no tie.
  int64_t real_mismatches() const;
};

// `output` [N,...] of both, one path per sample. INVALID_ARGUMENT: other types,
// or paths that are not one per sample.
absl::StatusOr<Agreement> CompareDynamic(const DynamicResult& want,
                                         const DynamicResult& got,
                                         const std::string& output);

}  // namespace assay

#endif  // ASSAY_HARNESS_DYNAMIC_COMPARE_H_
