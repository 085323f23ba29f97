#include "plugins/quantization/channel_means.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay::quantization {
namespace {

using ::testing::ElementsAre;

TEST(ChannelMeansTest, AveragesOverBatchesAndPositions) {
  ChannelMeans means(1);
  const std::vector<int64_t> shape = {1, 2, 2};
  means.See(std::vector<float>{1, 3, 10, 20}, shape);
  means.See(std::vector<float>{3, 5, 30, 40}, shape);
  EXPECT_THAT(means.means(), ElementsAre(3, 25));
}

TEST(ChannelMeansTest, TheLastAxisMayCountChannels) {
  ChannelMeans means(1);
  means.See(std::vector<float>{1, 2, 3, 4}, std::vector<int64_t>{2, 2});
  EXPECT_THAT(means.means(), ElementsAre(2, 3));
}

}  // namespace
}  // namespace assay::quantization
