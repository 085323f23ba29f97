#include "harness/ops/elementwise/formulas.h"

#include "gtest/gtest.h"

namespace assay {
namespace {

TEST(FormulasTest, AgreeWithTheirPlainFormsNearZero) {
  for (double x = -3; x <= 3; x += 0.25) {
    EXPECT_NEAR(Sigmoid(x), 1 / (1 + std::exp(-x)), 1e-15);
    EXPECT_NEAR(Gelu(x), x * (1 + std::erf(x / std::sqrt(2))) / 2, 1e-15);
    const double u = std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);
    EXPECT_NEAR(GeluTanh(x), x * (1 + std::tanh(u)) / 2, 1e-15);
    EXPECT_NEAR(Silu(x), x / (1 + std::exp(-x)), 1e-15);
  }
}

TEST(FormulasTest, HardswishIsZeroBelowAndTheIdentityAbove) {
  EXPECT_EQ(Hardswish(-4.0), 0);
  EXPECT_EQ(Hardswish(0.0), 0);
  EXPECT_EQ(Hardswish(3.0), 3);
  EXPECT_EQ(Hardswish(5.0), 5);
}

}  // namespace
}  // namespace assay
