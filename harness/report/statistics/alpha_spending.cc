#include "harness/report/statistics/alpha_spending.h"

#include <cassert>

namespace assay {

double AlphaOfLook(double alpha, int64_t look) {
  assert(look >= 1);
  const double k = static_cast<double>(look);
  return alpha / (k * (k + 1));
}

double AlphaSpent(double alpha, int64_t looks) {
  assert(looks >= 0);
  const double k = static_cast<double>(looks);
  return alpha * (k / (k + 1));
}

}  // namespace assay
