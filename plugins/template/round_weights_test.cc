#include "plugins/template/round_weights.h"

#include <vector>

#include "gtest/gtest.h"

namespace assay::method_template {
namespace {

TEST(RoundWeightsTest, TakesTheNearestMultipleAndHalvesToEven) {
  std::vector<float> weights = {0.0f, 0.2f, 0.25f, 0.75f, -0.6f, 1.3f};
  RoundWeights(0.5f, weights);
  EXPECT_EQ(weights, (std::vector<float>{0.0f, 0.0f, 0.0f, 1.0f, -0.5f, 1.5f}));
}

}  // namespace
}  // namespace assay::method_template
