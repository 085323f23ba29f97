// Work on several cores with a split that depends on sizes and the thread count
// alone, so that equal runs give equal bits.
#ifndef ASSAY_HARNESS_BACKEND_CPU_PARALLEL_H_
#define ASSAY_HARNESS_BACKEND_CPU_PARALLEL_H_

#include <algorithm>
#include <cstdint>

namespace assay::cpu {

// Work worth a second thread, in bytes touched or operations.
constexpr int64_t kParallelGrain = 32 * 1024;

// Threads for `cost` operations: 1 below the grain.
inline int ThreadsFor(int threads, int64_t cost) {
  return static_cast<int>(
      std::clamp<int64_t>(cost / kParallelGrain, 1, threads));
}

// Calls body(part, begin, end) for `parts` ranges that cover [0, n), each on a
// thread of its own. Files that use it need OpenMP flags.
template <typename Body>
void ParallelRanges(int parts, int64_t n, const Body& body) {
  if (parts <= 1) {
    body(0, int64_t{0}, n);
    return;
  }
#pragma omp parallel for num_threads(parts) schedule(static, 1)
  for (int part = 0; part < parts; ++part) {
    const int64_t begin = n * part / parts;
    const int64_t end = n * (part + 1) / parts;
    if (begin < end) body(part, begin, end);
  }
}

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_PARALLEL_H_
