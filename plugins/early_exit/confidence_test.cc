#include "plugins/early_exit/confidence.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace assay::early_exit {
namespace {

TEST(ConfidenceTest, OfThreeProbabilities) {
  // 0.2, 0.7, 0.1 and a constant that changes nothing.
  const std::vector<float> logits = {std::log(0.2f) + 50, std::log(0.7f) + 50,
                                     std::log(0.1f) + 50};
  const auto of = [&](sdk::Asks asks) {
    return ConfidenceOf(logits, asks).value();
  };
  EXPECT_NEAR(of(sdk::Asks::kMaxProbability), 0.7, 1e-5);
  EXPECT_NEAR(of(sdk::Asks::kMargin), 0.5, 1e-5);
  EXPECT_NEAR(of(sdk::Asks::kEntropy),
              0.2 * std::log(0.2) + 0.7 * std::log(0.7) + 0.1 * std::log(0.1),
              1e-5);
  EXPECT_FALSE(ConfidenceOf(logits, sdk::Asks::kGate).ok());
}

TEST(ConfidenceTest, ACertainRowHasNoEntropy) {
  const std::vector<float> logits = {0, 2000};
  EXPECT_EQ(ConfidenceOf(logits, sdk::Asks::kEntropy).value(), 0);
  EXPECT_EQ(ConfidenceOf(logits, sdk::Asks::kMargin).value(), 1);
}

}  // namespace
}  // namespace assay::early_exit
