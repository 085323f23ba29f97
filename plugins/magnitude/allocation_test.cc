#include "plugins/magnitude/allocation.h"

#include <numeric>
#include <vector>

#include "gtest/gtest.h"

namespace assay::magnitude {
namespace {

using Amounts = std::vector<int64_t>;

LayerSize Whole(std::vector<int64_t> shape) {
  const int64_t n = std::accumulate(shape.begin(), shape.end(), int64_t{1},
                                    std::multiplies<int64_t>());
  return {std::move(shape), n, n};
}

Amounts Remove(std::string_view rule, const std::vector<LayerSize>& layers,
               double sparsity) {
  auto amounts = RemovalPerLayer(rule, layers, sparsity);
  EXPECT_TRUE(amounts.ok()) << amounts.status().message();
  return amounts.ok() ? *amounts : Amounts();
}

TEST(AllocationTest, UniformTakesTheSameFractionOfEachLayerRoundedDown) {
  EXPECT_EQ(Remove("uniform", {Whole({3, 3}), Whole({10, 10})}, 0.5),
            Amounts({4, 50}));
}

TEST(AllocationTest, UniformCountsWhatIsGone) {
  LayerSize layer = Whole({10, 10});
  layer.alive = 60;
  EXPECT_EQ(Remove("uniform", {layer}, 0.5), Amounts({10}));
}

TEST(AllocationTest, UniformPlusSparesAFirstConvolution) {
  // 9 + 100 + 100 weights, half of 209 is 104: f = 104 / 200.
  EXPECT_EQ(
      Remove("uniform_plus",
             {Whole({1, 1, 3, 3}), Whole({10, 10}), Whole({10, 10})}, 0.5),
      Amounts({0, 52, 52}));
}

TEST(AllocationTest, UniformPlusKeepsAFifthOfTheLastLayer) {
  // 1800 of 2000 go: a tenth of the last 1000 would stay, so 200 do, and the
  // first layer (linear: not spared) gives the other 1000.
  EXPECT_EQ(Remove("uniform_plus", {Whole({10, 100}), Whole({10, 100})}, 0.9),
            Amounts({1000, 800}));
}

TEST(AllocationTest, UniformPlusSaysWhenItCannotGoOn) {
  auto amounts =
      RemovalPerLayer("uniform_plus", {Whole({10, 10}), Whole({10, 10})}, 0.95);
  ASSERT_FALSE(amounts.ok());
  EXPECT_EQ(amounts.status().message(), "uniform_plus: cannot prune further");
}

TEST(AllocationTest, ErkSharesByTheSumOfExtents) {
  // Survivors 100 of 1000 + 1000: extents 10 + 100 and 20 + 50.
  EXPECT_EQ(Remove("erk", {Whole({10, 100}), Whole({20, 50})}, 0.95),
            Amounts({1000 - 61, 1000 - 39}));
}

TEST(AllocationTest, ErkLeavesLayersWholeThatWouldNeedMore) {
  // Layer 1 has 4 weights and extents 4; its share of 52 survivors of 104 is
  // 52 * 4 / 24 = 9 > 4: it stays whole and layer 2 keeps 48.
  EXPECT_EQ(Remove("erk", {Whole({2, 2}), Whole({10, 10})}, 0.5),
            Amounts({0, 52}));
}

TEST(AllocationTest, ErCountsOnlyChannels) {
  // Same channels, other kernels: equal survivors under er, not under erk.
  const std::vector<LayerSize> layers = {Whole({4, 4, 1, 9}),
                                         Whole({4, 4, 3, 3})};
  EXPECT_EQ(Remove("er", layers, 0.5), Amounts({72, 72}));
  EXPECT_NE(Remove("erk", layers, 0.5), Amounts({72, 72}));
}

TEST(AllocationTest, RefusesWhatMakesNoSense) {
  const std::vector<LayerSize> layers = {Whole({10, 10})};
  EXPECT_FALSE(RemovalPerLayer("uniform", layers, 1.0).ok());
  EXPECT_FALSE(RemovalPerLayer("uniform", layers, -0.1).ok());
  EXPECT_FALSE(RemovalPerLayer("lottery", layers, 0.5).ok());
  EXPECT_FALSE(RemovalPerLayer("erk", {}, 0.5).ok());
  LayerSize thin = layers[0];
  thin.alive = 10;
  EXPECT_EQ(RemovalInAll({thin}, 0.5).status().message(),
            "sparsity 0.500000 asks for 50 removed weights, and 90 are removed "
            "already");
}

TEST(CubicSparsityTest, StartsSteepAndEndsFlat) {
  EXPECT_EQ(CubicSparsity(0.8, 10, 10, 20), 0);
  EXPECT_NEAR(CubicSparsity(0.8, 15, 10, 20), 0.8 * (1 - 0.125), 1e-15);
  EXPECT_EQ(CubicSparsity(0.8, 20, 10, 20), 0.8);
  EXPECT_EQ(CubicSparsity(0.8, 99, 10, 20), 0.8);
}

}  // namespace
}  // namespace assay::magnitude
