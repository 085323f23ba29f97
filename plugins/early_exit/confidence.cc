#include "plugins/early_exit/confidence.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace assay::early_exit {

sdk::StatusOr<double> ConfidenceOf(sdk::Span<const float> logits,
                                   sdk::Asks asks) {
  std::vector<double> p(logits.begin(), logits.end());
  std::sort(p.begin(), p.end(), std::greater<>());
  const double largest = p.front();
  double sum = 0;
  for (double& each : p) sum += each = std::exp(each - largest);
  for (double& each : p) each /= sum;
  switch (asks) {
    case sdk::Asks::kMaxProbability:
      return p[0];
    case sdk::Asks::kMargin:
      return p.size() < 2 ? p[0] : p[0] - p[1];
    case sdk::Asks::kEntropy: {
      double entropy = 0;
      for (const double each : p) {
        if (each > 0) entropy -= each * std::log(each);
      }
      return -entropy;
    }
    default:
      return sdk::InvalidArgument("this condition reads no logits");
  }
}

}  // namespace assay::early_exit
