// How much doubt each look at a claim may use up, so that looking again until
// it holds does not help.
#ifndef ASSAY_HARNESS_REPORT_STATISTICS_ALPHA_SPENDING_H_
#define ASSAY_HARNESS_REPORT_STATISTICS_ALPHA_SPENDING_H_

#include <cstdint>

namespace assay {

// The share of `alpha` for the k-th look, k from 1: alpha / (k (k + 1)). All
// shares together come to alpha however many looks there are (their sum is
// alpha (1 - 1 / (k + 1))), so by Bonferroni the chance that a false claim ever
// passes is at most alpha, whatever the looks share of their data.
double AlphaOfLook(double alpha, int64_t look);

// What the first k looks have spent.
double AlphaSpent(double alpha, int64_t looks);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_STATISTICS_ALPHA_SPENDING_H_
