// Student's t: means of few values whose spread is itself estimated.
#ifndef ASSAY_HARNESS_REPORT_STATISTICS_STUDENT_T_H_
#define ASSAY_HARNESS_REPORT_STATISTICS_STUDENT_T_H_

namespace assay {

// P(T <= t) for `degrees` > 0 of freedom, to about 1e-12.
double StudentTCdf(double t, double degrees);
// Its inverse; p in (0, 1).
double StudentTQuantile(double p, double degrees);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_STATISTICS_STUDENT_T_H_
