#include "harness/report/statistics/student_t.h"

#include <cmath>

#include "gtest/gtest.h"
#include "harness/report/statistics/distributions.h"

namespace assay {
namespace {

TEST(StudentTTest, OneDegreeIsCauchyAndTwoHaveAClosedForm) {
  for (double t : {-30.0, -2.0, -0.1, 0.0, 0.5, 1.0, 7.0}) {
    EXPECT_NEAR(StudentTCdf(t, 1), 0.5 + std::atan(t) / M_PI, 1e-12) << t;
    EXPECT_NEAR(StudentTCdf(t, 2), 0.5 + t / (2 * std::sqrt(2 + t * t)), 1e-12)
        << t;
  }
}

TEST(StudentTTest, ManyDegreesAreNormal) {
  EXPECT_NEAR(StudentTCdf(1.96, 1e7), NormalCdf(1.96), 1e-7);
}

// Tables of the t distribution.
TEST(StudentTTest, TabulatedQuantiles) {
  EXPECT_NEAR(StudentTQuantile(0.95, 4), 2.131847, 1e-6);
  EXPECT_NEAR(StudentTQuantile(0.975, 2), 4.302653, 1e-6);
  EXPECT_NEAR(StudentTQuantile(0.05, 9), -1.833113, 1e-6);
  EXPECT_NEAR(StudentTQuantile(0.5, 3), 0.0, 1e-12);
}

}  // namespace
}  // namespace assay
