// Learning-rate schedules: pure functions of the step.
#ifndef ASSAY_HARNESS_TRAIN_SCHEDULE_H_
#define ASSAY_HARNESS_TRAIN_SCHEDULE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace assay {

// Steps count from 0; `steps` is the length of the run. During the first
// `warmup` steps the rate is peak * (step + 1) / warmup, whatever the kind.
// Beyond the run the rate of its last step stays. With
//   t = (step - warmup) / (steps - 1 - warmup), from 0 to 1:
struct Schedule {
  enum class Kind : uint8_t {
    kConstant,   // peak
    kCosine,     // from peak to floor * peak along half a cosine
    kLinear,     // from peak to floor * peak along a line
    kOneCycle,   // cosine up from initial * peak over the warm-up, then cosine
                 // down to floor * peak (Smith 2018)
    kStep,       // peak * decay^(floor(step / period))
    kMultiStep,  // peak * decay^(milestones <= step)
  };
  Kind kind = Kind::kConstant;
  double peak = 0.1;
  int64_t steps = 1;
  int64_t warmup = 0;
  double floor = 0;       // kCosine, kLinear, kOneCycle: fraction of peak
  double initial = 0.04;  // kOneCycle: fraction of peak
  double decay = 0.1;     // kStep, kMultiStep
  int64_t period = 1;     // kStep
  std::vector<int64_t> milestones = {};  // kMultiStep, ascending

  // One line that names every field that counts; part of a recipe's hash.
  std::string ToString() const;
};

// INVALID_ARGUMENT: a rate that is not finite and positive, or steps, warm-up,
// period or milestones out of range.
absl::Status Check(const Schedule& schedule);

double LearningRate(const Schedule& schedule, int64_t step);

}  // namespace assay

#endif  // ASSAY_HARNESS_TRAIN_SCHEDULE_H_
