#include "harness/ops/elementwise/cpu/vector_math.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace assay::cpu {
namespace {

constexpr double kEpsilon = 1.0 / (1 << 23);

// The largest relative error of `f` against `reference` over [low, high].
template <typename F, typename Reference>
double WorstError(double low, double high, const F& f,
                  const Reference& reference) {
  double worst = 0;
  constexpr int kSteps = 100000;
  for (int i = 0; i <= kSteps; ++i) {
    const float x = static_cast<float>(low + (high - low) * i / kSteps);
    const double want = reference(static_cast<double>(x));
    const double error = std::abs(static_cast<double>(f(x)) - want);
    worst = std::max(worst, error / std::max(std::abs(want), 1e-37));
  }
  return worst / kEpsilon;
}

TEST(VectorMathTest, StaysWithinAFewUnits) {
  const auto exp = [](float x) { return VectorExp(x); };
  EXPECT_LT(WorstError(-80, 88, exp, [](double x) { return std::exp(x); }), 2);
  const auto log = [](float x) { return VectorLog(x); };
  EXPECT_LT(WorstError(1.1, 1e6, log, [](double x) { return std::log(x); }), 2);
  EXPECT_LT(WorstError(1e-6, 0.9, log, [](double x) { return std::log(x); }),
            2);
  const auto tanh = [](float x) { return VectorTanh(x); };
  EXPECT_LT(WorstError(-10, 10, tanh, [](double x) { return std::tanh(x); }),
            3);
  const auto erf = [](float x) { return VectorErf(x); };
  EXPECT_LT(WorstError(-4, 4, erf, [](double x) { return std::erf(x); }), 4);
  const auto sigmoid = [](float x) { return VectorSigmoid(x); };
  EXPECT_LT(WorstError(-80, 80, sigmoid,
                       [](double x) { return 1 / (1 + std::exp(-x)); }),
            4);
  // The exponent is rounded before exp, which the tail feels.
  const auto erfc = [](float x) { return VectorErfc(x); };
  EXPECT_LT(WorstError(-4, 2, erfc, [](double x) { return std::erfc(x); }), 8);
  EXPECT_LT(WorstError(2, 8, erfc, [](double x) { return std::erfc(x); }), 80);
}

TEST(VectorMathTest, MeetsTheEnds) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(VectorExp(-infinity), 0.0f);
  EXPECT_EQ(VectorExp(200.0f), infinity);
  EXPECT_EQ(VectorExp(0.0f), 1.0f);
  EXPECT_TRUE(std::isnan(VectorExp(nan)));
  EXPECT_EQ(VectorLog(0.0f), -infinity);
  EXPECT_EQ(VectorLog(infinity), infinity);
  EXPECT_TRUE(std::isnan(VectorLog(-1.0f)));
  EXPECT_TRUE(std::isnan(VectorLog(nan)));
  EXPECT_NEAR(VectorLog(1e-42f), std::log(1e-42), 1e-3);
  EXPECT_EQ(VectorTanh(100.0f), 1.0f);
  EXPECT_EQ(VectorTanh(0.0f), 0.0f);
  EXPECT_EQ(VectorErf(10.0f), 1.0f);
  EXPECT_EQ(VectorSigmoid(-200.0f), 0.0f);
}

TEST(VectorMathTest, RoundsHalfToEven) {
  for (const float x :
       {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 7.3f, 4194304.5f, 1e20f, -1e20f}) {
    EXPECT_EQ(VectorRound(x), std::nearbyint(x)) << x;
  }
}

}  // namespace
}  // namespace assay::cpu
