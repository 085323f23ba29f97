#ifndef ASSAY_HARNESS_BACKEND_CPU_ROUND_UP_H_
#define ASSAY_HARNESS_BACKEND_CPU_ROUND_UP_H_

#include <cstdint>

namespace assay::cpu {

// The least multiple of `to` that is not below n >= 0.
constexpr int64_t RoundUp(int64_t n, int64_t to) {
  return (n + to - 1) / to * to;
}

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_ROUND_UP_H_
