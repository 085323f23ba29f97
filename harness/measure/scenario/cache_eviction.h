// Cold caches.
#ifndef ASSAY_HARNESS_MEASURE_SCENARIO_CACHE_EVICTION_H_
#define ASSAY_HARNESS_MEASURE_SCENARIO_CACHE_EVICTION_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace assay {

// "32768K" or "1M" in bytes, as the kernel writes sizes of caches.
// INVALID_ARGUMENT shows what stood there.
absl::StatusOr<int64_t> CacheBytes(const std::string& size);

// Bytes that push everything else out of caches of these sizes ("L2", "1M"),
// data and unified: twice the largest. UNAVAILABLE where there are none.
absl::StatusOr<int64_t> BytesToEvict(
    absl::Span<const std::pair<std::string, std::string>> caches);

// Pushes data out of the caches of every CPU that computes: each thread of the
// OpenMP pool writes all of a buffer of its own share and reads the others'.
// TLB entries go with it; code in the instruction caches may stay.
class CacheEvictor {
 public:
  explicit CacheEvictor(int64_t bytes);
  void Evict();
  int64_t bytes() const { return static_cast<int64_t>(buffer_.size()); }

 private:
  std::vector<unsigned char> buffer_;
  unsigned char round_ = 0;
  unsigned sum_ = 0;  // keeps the reads
};

}  // namespace assay

#endif  // ASSAY_HARNESS_MEASURE_SCENARIO_CACHE_EVICTION_H_
