#include "harness/tasks/task_spec.h"

namespace assay {

absl::string_view Name(Metric metric) {
  return metric == Metric::kAccuracy ? "accuracy" : "bits_per_byte";
}

absl::string_view Name(Augmentation augmentation) {
  switch (augmentation) {
    case Augmentation::kNone:
      return "none";
    case Augmentation::kCropAndFlip:
      return "crop and flip";
    case Augmentation::kShift:
      return "shift";
    case Augmentation::kShiftTime:
      return "shift in time";
  }
  return "";
}

}  // namespace assay
