// Memory of this process as the kernel counts it.
#ifndef ASSAY_HARNESS_MEASURE_MEMORY_MEMORY_H_
#define ASSAY_HARNESS_MEASURE_MEMORY_MEMORY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/measure/system_files.h"

namespace assay {

struct MemoryUse {
  int64_t resident_bytes = 0;  // VmRSS
  int64_t peak_bytes = 0;      // VmHWM: largest VmRSS since the last reset
};

absl::StatusOr<MemoryUse> ReadMemoryUse(const SystemFiles& files);

// Makes VmHWM start again from the present VmRSS, so that the peak is that of
// what follows. Some kernels and containers refuse; the message says so, and
// the peak is then that of the whole process.
absl::Status ResetPeakMemory(const SystemFiles& files);

}  // namespace assay

#endif  // ASSAY_HARNESS_MEASURE_MEMORY_MEMORY_H_
