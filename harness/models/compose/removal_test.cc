// Channels of compositions and transposed convolutions: removing them equals
// masking them.
#include "harness/graph/testing/removal.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/graph/channel_groups.h"
#include "harness/graph/reference.h"
#include "harness/graph/testing/network_builder.h"
#include "harness/models/compose/gate.h"
#include "harness/models/compose/image.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;
using Block = std::function<ValueId(NetworkBuilder&, ValueId)>;

// conv to 8 channels, the block, conv to 3.
void BuildAround(NetworkBuilder& n, const Block& block) {
  const ValueId image = n.Input("image", {2, 3, 6, 6});
  const ValueId x = block(n, n.Conv("before", image, 8, 3));
  n.Done(n.Conv("after", x, 3, 1));
}

void ExpectRemovalEqualsMasking(const std::string& name, size_t groups,
                                const Block& block) {
  SCOPED_TRACE(name);
  NetworkBuilder n;
  BuildAround(n, block);
  ASSERT_OK_AND_ASSIGN(const auto found, FindChannelGroups(n.graph()));
  ASSERT_EQ(found.size(), groups);
  size_t cuts = 0;
  for (uint64_t seed = 0; seed < 5; ++seed) {
    RandomStream stream(seed, name);
    const Removal removed = RandomRemoval(found, stream);
    std::vector<KeptIndices> kept;
    ASSERT_OK_AND_ASSIGN(const Graph cut,
                         RemoveChannels(n.graph(), removed, &kept));
    ASSERT_OK_AND_ASSIGN(const ParameterStore parameters,
                         CutParameters(n.store(), kept));
    ASSERT_OK_AND_ASSIGN(
        const Evaluation masked,
        Evaluate(n.graph(), n.Feeds(),
                 MaskChannels(n.graph(), found, removed, n.store())));
    ASSERT_OK_AND_ASSIGN(const Evaluation got,
                         Evaluate(cut, n.Feeds(), parameters));
    EXPECT_LT(
        MaxDifference(masked.outputs.at("logits"), got.outputs.at("logits")),
        1e-10);
    cuts += kept.size();
  }
  EXPECT_GT(cuts, 0u);
}

TEST(RemovalTest, EqualsMasking) {
  ExpectRemovalEqualsMasking(
      "conv_transpose2d", 2, [](NetworkBuilder& n, ValueId x) {
        return n.b().Op("conv_transpose2d",
                        {x, n.Parameter("up.weights", {8, 6, 3, 3}),
                         n.Parameter("up.bias", {6})},
                        {{"strides", Ints{2, 2}}});
      });
  ExpectRemovalEqualsMasking(
      "depthwise conv_transpose2d", 1, [](NetworkBuilder& n, ValueId x) {
        return n.b().Op("conv_transpose2d",
                        {x, n.Parameter("up.weights", {8, 1, 2, 2})},
                        {{"strides", Ints{2, 2}}, {"groups", int64_t{8}}});
      });
  ExpectRemovalEqualsMasking(
      "pixel shuffle", 1,
      [](NetworkBuilder& n, ValueId x) { return PixelShuffle(n.b(), x, 2); });
  ExpectRemovalEqualsMasking(
      "pixel unshuffle", 1,
      [](NetworkBuilder& n, ValueId x) { return PixelUnshuffle(n.b(), x, 2); });
  for (const int64_t groups : {4, 8}) {
    ExpectRemovalEqualsMasking(
        "group norm", 1, [groups](NetworkBuilder& n, ValueId x) {
          return GroupNorm(n.b(), x, n.Parameter("norm.scale", {8}),
                           n.Parameter("norm.shift", {8}), groups, 1e-5);
        });
  }
  ExpectRemovalEqualsMasking("adaptive pool", 1,
                             [](NetworkBuilder& n, ValueId x) {
                               return AdaptiveAveragePool(n.b(), x, {3, 2});
                             });
  ExpectRemovalEqualsMasking("prelu", 1, [](NetworkBuilder& n, ValueId x) {
    return Prelu(n.b(), x, n.Parameter("slope", {8}));
  });
}

// One group would lose what its statistics are made of.
TEST(RemovalTest, ASingleGroupOfANormStays) {
  NetworkBuilder n;
  BuildAround(n, [](NetworkBuilder& net, ValueId x) {
    return GroupNorm(net.b(), x, net.Parameter("norm.scale", {8}),
                     net.Parameter("norm.shift", {8}), 1, 1e-5);
  });
  ASSERT_OK_AND_ASSIGN(const auto found, FindChannelGroups(n.graph()));
  EXPECT_TRUE(found.empty());
}

}  // namespace
}  // namespace assay
