#include "harness/backend/cpu/aligned_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace assay::cpu {

void FreeMemory::operator()(void* p) const { std::free(p); }

absl::StatusOr<AlignedMemory> AllocateAligned(int64_t bytes) {
  constexpr int64_t kCacheLine = 64, kHugePage = int64_t{2} << 20;
  const int64_t alignment = bytes >= kHugePage ? kHugePage : kCacheLine;
  const int64_t rounded =
      (std::max<int64_t>(bytes, 1) + alignment - 1) / alignment * alignment;
  void* p = std::aligned_alloc(static_cast<size_t>(alignment),
                               static_cast<size_t>(rounded));
  if (p == nullptr) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cpu: no memory for ", bytes, " bytes"));
  }
  // A hint; the system may ignore it.
  if (alignment == kHugePage) {
    madvise(p, static_cast<size_t>(rounded), MADV_HUGEPAGE);
  }
  return AlignedMemory(p);
}

}  // namespace assay::cpu
