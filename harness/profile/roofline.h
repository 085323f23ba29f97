// The best rates that a backend reaches on this machine: what a step of a plan
// is measured against (Williams, Waterman, Patterson, "Roofline", CACM 2009).
#ifndef ASSAY_HARNESS_PROFILE_ROOFLINE_H_
#define ASSAY_HARNESS_PROFILE_ROOFLINE_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/backend/device.h"
#include "harness/core/dtype.h"

namespace assay {

struct Roofline {
  // Multiply-accumulates per second of a large matrix product, by the type of
  // its left operand; absent where the backend has none.
  std::map<DType, double> macs_per_second;
  // Bytes read and written per second by one simple step, by the bytes that it
  // touches; ascending.
  struct Bandwidth {
    int64_t bytes = 0;
    double bytes_per_second = 0;
  };
  std::vector<Bandwidth> bandwidths;

  // The least seconds for so much work: the longer of computing and moving.
  // Bytes move at the rate of the next larger working set that was measured. 0
  // where the type was not measured.
  double LeastSeconds(int64_t macs, DType type, int64_t bytes) const;
};

// Measured with the backend's own kernels, for at most a few seconds. Errors
// are the backend's for f32; other types are left out where it lacks them.
absl::StatusOr<Roofline> MeasureRoofline(Device* device, int threads);

}  // namespace assay

#endif  // ASSAY_HARNESS_PROFILE_ROOFLINE_H_
