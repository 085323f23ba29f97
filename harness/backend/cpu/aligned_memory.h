// Host memory for device tensors and arenas.
#ifndef ASSAY_HARNESS_BACKEND_CPU_ALIGNED_MEMORY_H_
#define ASSAY_HARNESS_BACKEND_CPU_ALIGNED_MEMORY_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"

namespace assay::cpu {

struct FreeMemory {
  void operator()(void* p) const;
};
using AlignedMemory = std::unique_ptr<void, FreeMemory>;

// Aligned to 64 bytes, or to 2 MiB (and backed by huge pages where the system
// has them) from there on; uninitialised. RESOURCE_EXHAUSTED names the size.
absl::StatusOr<AlignedMemory> AllocateAligned(int64_t bytes);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_ALIGNED_MEMORY_H_
