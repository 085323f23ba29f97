// How many threads OpenMP, and oneDNN with it, uses for what the calling thread
// begins. Files that use it need OpenMP flags.
#ifndef ASSAY_HARNESS_BACKEND_CPU_THREAD_COUNT_H_
#define ASSAY_HARNESS_BACKEND_CPU_THREAD_COUNT_H_

#include <omp.h>

namespace assay::cpu {

// Sets the count, and back to what it was.
class ThreadCount {
 public:
  explicit ThreadCount(int threads) : before_(omp_get_max_threads()) {
    omp_set_num_threads(threads);
  }
  ~ThreadCount() { omp_set_num_threads(before_); }
  ThreadCount(const ThreadCount&) = delete;
  ThreadCount& operator=(const ThreadCount&) = delete;

 private:
  int before_;
};

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_THREAD_COUNT_H_
