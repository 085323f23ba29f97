// Intervals and paired tests of proportions.
#ifndef ASSAY_HARNESS_REPORT_STATISTICS_PROPORTION_H_
#define ASSAY_HARNESS_REPORT_STATISTICS_PROPORTION_H_

#include <cstdint>

namespace assay {

struct Bounds {
  double low = 0.0;
  double high = 0.0;
};

// Wilson's score interval of successes / n: stays in [0, 1] and is honest near
// its ends, unlike p +/- z s. 0 <= successes <= n, n >= 1; confidence in (0,
// 1).
Bounds WilsonInterval(int64_t successes, int64_t n, double confidence);

// McNemar's exact test. Of the items that two networks disagree on, `b` were
// right only in the first and `c` only in the second; if neither is better, b
// is Binomial(b + c, 1/2). Two-sided p-value; 1 where they never disagree.
double McNemarExact(int64_t b, int64_t c);

// Interval of (c - b) / n, the gain of the second network, by Wald with
// Agresti and Min's correction (half a count added to each cell of the table).
// 0 <= b + c <= n, n >= 1.
Bounds PairedDifferenceInterval(int64_t b, int64_t c, int64_t n,
                                double confidence);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_STATISTICS_PROPORTION_H_
