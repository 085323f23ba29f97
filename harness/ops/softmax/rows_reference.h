// What the references of softmax and cross-entropy share.
#ifndef ASSAY_HARNESS_OPS_SOFTMAX_ROWS_REFERENCE_H_
#define ASSAY_HARNESS_OPS_SOFTMAX_ROWS_REFERENCE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace assay {

// A row's maximum and log(sum(exp(x - maximum))), which is at least 0.
struct LogSum {
  double maximum, log_sum;
};

template <typename T>
LogSum LogSumOf(const T* row, int64_t length, int64_t stride) {
  double maximum = static_cast<double>(row[0]);
  for (int64_t i = 1; i < length; ++i) {
    maximum = std::max(maximum, static_cast<double>(row[i * stride]));
  }
  double sum = 0;
  for (int64_t i = 0; i < length; ++i) {
    sum += std::exp(static_cast<double>(row[i * stride]) - maximum);
  }
  return {maximum, std::log(sum)};
}

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_SOFTMAX_ROWS_REFERENCE_H_
