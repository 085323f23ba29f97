// The two distributions that the tests and intervals stand on.
#ifndef ASSAY_HARNESS_REPORT_STATISTICS_DISTRIBUTIONS_H_
#define ASSAY_HARNESS_REPORT_STATISTICS_DISTRIBUTIONS_H_

#include <cstdint>

namespace assay {

double NormalCdf(double z);
// Inverse of NormalCdf to about 1e-15 relative (Wichura, AS 241); p in (0, 1).
double NormalQuantile(double p);
// P(|Z| >= |z|).
double NormalTwoSided(double z);

// P(X <= k) for X ~ Binomial(n, p), p in (0, 1); 0 for k < 0. O(k), in log
// space, so that n in the millions is fine.
double BinomialCdf(int64_t k, int64_t n, double p);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_STATISTICS_DISTRIBUTIONS_H_
