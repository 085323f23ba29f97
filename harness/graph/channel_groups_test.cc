#include "harness/graph/channel_groups.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/graph/reference.h"
#include "harness/graph/testing/network_builder.h"
#include "harness/graph/testing/removal.h"
#include "harness/graph/verify.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<ChannelGroup> Groups(const Graph& graph) {
  auto groups = FindChannelGroups(graph);
  EXPECT_TRUE(groups.ok()) << groups.status();
  return *std::move(groups);
}

// "conv.weights/0* bn.scale/0 next.weights/1": the star marks producers.
std::string Describe(const Graph& graph, const ChannelGroup& group) {
  std::string text;
  for (const ChannelGroup::Axis& axis : group.pattern) {
    if (!text.empty()) text += " ";
    text += graph.value(axis.parameter).name + "/" + std::to_string(axis.axis);
    if (axis.producer) text += "*";
  }
  return text;
}

// The group whose name is `name`.
const ChannelGroup& Named(const std::vector<ChannelGroup>& groups,
                          const std::string& name) {
  for (const ChannelGroup& group : groups) {
    if (group.name == name) return group;
  }
  ADD_FAILURE() << "no group '" << name << "'";
  return groups[0];
}

Tensor Logits(const Graph& graph, const std::map<std::string, Tensor>& feeds,
              const ParameterStore& store) {
  const auto result = Evaluate(graph, feeds, store);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? result->outputs.at("logits") : Tensor();
}

// The claim of the method's page: masked and physically pruned networks agree,
// for 20 random removals.
void ExpectMaskEquivalence(NetworkBuilder& n) {
  const Graph& graph = n.graph();
  const std::vector<ChannelGroup> groups = Groups(graph);
  RandomStream stream(3, "removal");
  for (int trial = 0; trial < 20; ++trial) {
    const auto removed = RandomRemoval(groups, stream);
    std::vector<KeptIndices> kept;
    const auto small = RemoveChannels(graph, removed, &kept);
    ASSERT_TRUE(small.ok()) << small.status();
    ASSERT_TRUE(Verify(*small).ok()) << Verify(*small);
    const auto cut = CutParameters(n.store(), kept);
    ASSERT_TRUE(cut.ok()) << cut.status();
    const Tensor want = Logits(graph, n.Feeds(),
                               MaskChannels(graph, groups, removed, n.store()));
    EXPECT_LE(MaxDifference(Logits(*small, n.Feeds(), *cut), want), 1e-11);
  }
}

TEST(ChannelGroupsTest, AResidualStreamIsOneGroup) {
  NetworkBuilder n;
  BuildResidualNetwork(n, 2);
  const std::vector<ChannelGroup> groups = Groups(n.graph());
  std::vector<std::string> names;
  for (const ChannelGroup& group : groups) names.push_back(group.name);
  EXPECT_THAT(names, ElementsAre("stem.weights", "block1.conv1.weights",
                                 "block2.conv1.weights", "block2.conv2.weights",
                                 "separable.pointwise.weights"));
  EXPECT_EQ(Describe(n.graph(), groups[0]),
            "stem.weights/0* stem.bn.scale/0 stem.bn.shift/0 stem.bn.mean/0 "
            "stem.bn.variance/0 block1.conv1.weights/1 block1.conv2.weights/0* "
            "block1.conv2.bn.scale/0 block1.conv2.bn.shift/0 "
            "block1.conv2.bn.mean/0 block1.conv2.bn.variance/0 "
            "block2.conv1.weights/1 block2.project.weights/1");
  EXPECT_EQ(groups[0].channels.size(), 6u);
  // Depthwise channels go with the pointwise convolution's inputs.
  EXPECT_THAT(Describe(n.graph(), groups[3]),
              HasSubstr("separable.depthwise.weights/0"));
  EXPECT_THAT(Describe(n.graph(), groups[3]),
              HasSubstr("separable.pointwise.weights/1"));
  for (const ChannelSlice& slice : groups[3].channels[5].slices) {
    EXPECT_THAT(slice.indices, ElementsAre(5));
  }
}

TEST(ChannelGroupsTest, ResidualAndDepthwiseAreMaskEquivalent) {
  NetworkBuilder n;
  BuildResidualNetwork(n, 2);
  ExpectMaskEquivalence(n);
}

TEST(ChannelGroupsTest, RemovalShrinksTypesAndAttributes) {
  NetworkBuilder n;
  BuildResidualNetwork(n, 2);
  std::vector<std::vector<int64_t>> removed(5);
  removed[3] = {0, 3, 7};
  std::vector<KeptIndices> kept;
  const auto small = RemoveChannels(n.graph(), removed, &kept);
  ASSERT_TRUE(small.ok()) << small.status();
  const auto shape = [&](const char* name) {
    return small->shape(small->FindValue(name));
  };
  EXPECT_EQ(shape("separable.depthwise.weights"), (Shape{5, 1, 3, 3}));
  EXPECT_EQ(shape("separable.pointwise.weights"), (Shape{9, 5, 1, 1}));
  EXPECT_EQ(shape("block2.conv2.weights"), (Shape{5, 8, 3, 3}));
  const ValueId depthwise = small->FindValue("separable.depthwise");
  EXPECT_EQ(
      small->node(small->value(depthwise).producer).attributes.Int("groups", 1),
      5);
  for (const KeptIndices& axis : kept) {
    EXPECT_THAT(axis.indices, ElementsAre(1, 2, 4, 5, 6)) << axis.parameter;
  }
  EXPECT_EQ(kept.size(), 16u);
}

TEST(ChannelGroupsTest, ConcatShiftsIndices) {
  NetworkBuilder n;
  GraphBuilder& b = n.b();
  const ValueId x = n.Input("x", {2, 2, 4, 4});
  const ValueId joined = b.Op(
      "concat", {n.Conv("a", x, 3, 3), x, n.Conv("c", x, 4, 1)}, {{"axis", 1}});
  n.Done(n.Conv("d", n.Relu(joined), 2, 3));
  const std::vector<ChannelGroup> groups = Groups(n.graph());
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(Describe(n.graph(), groups[1]), "c.weights/0* d.weights/1");
  EXPECT_THAT(groups[1].channels[1].slices[1].indices, ElementsAre(3 + 2 + 1));
  ExpectMaskEquivalence(n);
}

TEST(ChannelGroupsTest, FlattenSpreadsAChannelOverPositions) {
  NetworkBuilder n;
  GraphBuilder& b = n.b();
  const ValueId x = n.Conv("conv", n.Input("x", {2, 2, 2, 3}), 4, 1);
  n.Done(n.Linear("head", b.Reshape(n.Relu(x), {0, 24}), 3));
  const std::vector<ChannelGroup> groups = Groups(n.graph());
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_THAT(groups[0].channels[2].slices[1].indices,
              ElementsAre(12, 13, 14, 15, 16, 17));
  ExpectMaskEquivalence(n);
}

TEST(ChannelGroupsTest, GroupedConvolutionsLoseTheSameChannelOfEachGroup) {
  NetworkBuilder n;
  const ValueId x = n.Conv("a", n.Input("x", {2, 2, 3, 3}), 6, 1);
  n.Done(n.Conv("c", n.Relu(n.Conv("grouped", n.Relu(x), 4, 3, 1, 2)), 3, 1));
  const std::vector<ChannelGroup> groups = Groups(n.graph());
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].channels.size(), 3u);
  EXPECT_THAT(groups[0].channels[1].slices[0].indices, ElementsAre(1, 4));
  EXPECT_THAT(groups[0].channels[1].slices[1].indices, ElementsAre(1));
  EXPECT_EQ(groups[1].channels.size(), 2u);
  ExpectMaskEquivalence(n);
}

TEST(ChannelGroupsTest, ADepthwiseMultiplierKeepsItsRatio) {
  NetworkBuilder n;
  const ValueId x = n.Conv("a", n.Input("x", {2, 2, 3, 3}), 4, 1);
  n.Done(n.Conv("c", n.Conv("depthwise", x, 8, 3, 1, 4), 3, 1));
  const std::vector<ChannelGroup> groups = Groups(n.graph());
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_THAT(groups[0].channels[1].slices[1].indices, ElementsAre(2, 3));
  ExpectMaskEquivalence(n);
}

TEST(ChannelGroupsTest, GatedUnitsLoseBothHalves) {
  NetworkBuilder n;
  GraphBuilder& b = n.b();
  const ValueId up = n.Linear("up", n.Input("x", {2, 3, 4}), 10);
  const auto half = [&](int64_t start) {
    return b.Op("slice", {up},
                {{"starts", std::vector<int64_t>{0, 0, start}},
                 {"ends", std::vector<int64_t>{2, 3, start + 5}}});
  };
  n.Done(n.Linear("down", b.Mul(b.Op("silu", {half(0)}), half(5)), 4));
  const std::vector<ChannelGroup> groups = Groups(n.graph());
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_THAT(groups[0].channels[3].slices[0].indices, ElementsAre(3, 8));
  ExpectMaskEquivalence(n);
}

TEST(ChannelGroupsTest, SqueezeExciteFollowsItsProduct) {
  NetworkBuilder n;
  GraphBuilder& b = n.b();
  const ValueId x = n.Conv("conv", n.Input("x", {2, 2, 3, 3}), 6, 3);
  const ValueId squeezed = b.ReduceMean(x, {2, 3}, true);
  const ValueId gate =
      b.Op("sigmoid",
           {n.Conv("excite", n.Relu(n.Conv("squeeze", squeezed, 3, 1)), 6, 1)});
  n.Done(n.Conv("last", b.Mul(x, gate), 2, 1));
  const std::vector<ChannelGroup> groups = Groups(n.graph());
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(Describe(n.graph(), Named(groups, "conv.weights")),
            "conv.weights/0* squeeze.weights/1 excite.weights/0* "
            "last.weights/1");
  ExpectMaskEquivalence(n);
}

// x -> q, k, v -> heads -> attention -> out, and a residual stream around it.
void BuildAttention(NetworkBuilder& n, int64_t heads, int64_t width) {
  GraphBuilder& b = n.b();
  const int64_t tokens = 3, each = width / heads;
  const ValueId x = n.Linear("embed", n.Input("x", {2, tokens, 5}), width);
  const auto split = [&](const std::string& name) {
    const ValueId y = n.Linear(name, x, width);
    return b.Transpose(b.Reshape(y, {0, 0, heads, each}), {0, 2, 1, 3});
  };
  const ValueId q = split("q"), k = split("k"), v = split("v");
  const ValueId scores =
      b.Scale(b.Op("matmul", {q, k}, {{"transpose_b", 1}}), 0.7);
  const ValueId mixed = b.Op("matmul", {b.Op("softmax", {scores}), v});
  const ValueId joined =
      b.Reshape(b.Transpose(mixed, {0, 2, 1, 3}), {0, 0, width});
  const ValueId stream = b.Add(x, n.Linear("out", joined, width));
  const ValueId inner = b.Op("gelu", {n.Linear("up", stream, 2 * width)});
  n.Done(n.Linear("head", b.Add(stream, n.Linear("down", inner, width)), 3));
}

TEST(ChannelGroupsTest, AttentionHeadsAreGroupsOfTheirOwn) {
  NetworkBuilder n;
  BuildAttention(n, 4, 8);
  const std::vector<ChannelGroup> groups = Groups(n.graph());
  const ChannelGroup& heads = Named(groups, "q.weights");
  EXPECT_EQ(Describe(n.graph(), heads),
            "q.weights/0* q.bias/0 k.weights/0* k.bias/0 v.weights/0* v.bias/0 "
            "out.weights/1");
  ASSERT_EQ(heads.channels.size(), 4u);
  EXPECT_THAT(heads.channels[2].slices[0].indices, ElementsAre(4, 5));
  EXPECT_THAT(heads.channels[2].slices[6].indices, ElementsAre(4, 5));
  EXPECT_EQ(Named(groups, "embed.weights").channels.size(), 8u);
  EXPECT_EQ(Named(groups, "up.weights").channels.size(), 16u);
  ExpectMaskEquivalence(n);
}

TEST(ChannelGroupsTest, ConstantsAreCutToo) {
  NetworkBuilder n;
  GraphBuilder& b = n.b();
  const ValueId x = n.Conv("a", n.Input("x", {2, 2, 3, 3}), 4, 1);
  const ValueId gains =
      b.Constant(RandomTensor(DType::kF64, {1, 4, 1, 1}, "gains"), "gains");
  n.Done(n.Conv("c", b.Mul(x, gains), 3, 1));
  const auto small = RemoveChannels(n.graph(), {{1, 2}}, nullptr);
  ASSERT_TRUE(small.ok()) << small.status();
  EXPECT_EQ(small->shape(small->FindValue("gains")), (Shape{1, 2, 1, 1}));
  ExpectMaskEquivalence(n);
}

TEST(ChannelGroupsTest, InputsAndOutputsStay) {
  NetworkBuilder n;
  n.Done(n.Linear("only", n.Input("x", {2, 3}), 4));
  EXPECT_TRUE(Groups(n.graph()).empty());
}

TEST(ChannelGroupsTest, AParameterUsedTwiceStaysWhenOneUseMust) {
  NetworkBuilder n;
  GraphBuilder& b = n.b();
  const ValueId x = n.Input("x", {2, 4});
  const ValueId y = n.Linear("shared", x, 4, false);
  const ValueId again =
      b.Op("linear", {n.Relu(y), n.graph().FindValue("shared.weights")});
  n.Done(again);
  EXPECT_TRUE(Groups(n.graph()).empty());
}

TEST(ChannelGroupsTest, BadRemovalsAreNamed) {
  NetworkBuilder n;
  BuildResidualNetwork(n, 1);
  const auto error = [&](std::vector<std::vector<int64_t>> removed) {
    return std::string(
        RemoveChannels(n.graph(), removed, nullptr).status().message());
  };
  EXPECT_EQ(error({{6}}),
            "group 'stem.weights': expected channels of [0, 6), got 6");
  EXPECT_EQ(error({{-1}}),
            "group 'stem.weights': expected channels of [0, 6), got -1");
  EXPECT_EQ(error({{1, 1}}), "group 'stem.weights': channel 1 is named twice");
  EXPECT_EQ(error({{0, 1, 2, 3, 4, 5}}),
            "group 'stem.weights' would lose all its 6 channels");
  EXPECT_EQ(error(std::vector<std::vector<int64_t>>(6)),
            "RemoveChannels: expected at most 5 groups, got 6");
}

TEST(CutTensorTest, CutsEachAxisOnce) {
  const Tensor t = Tensor::From<int32_t>({2, 3}, {0, 1, 2, 3, 4, 5});
  const auto cut = CutTensor(t, {{"w", 0, {1}}, {"w", 1, {0, 2}}});
  ASSERT_TRUE(cut.ok()) << cut.status();
  EXPECT_TRUE(BitEqual(*cut, Tensor::From<int32_t>({1, 2}, {3, 5})));
  EXPECT_EQ(CutTensor(t, {{"w", 2, {0}}}).status().message(),
            "cut of 'w': expected an axis of s32[2,3], got 2");
  EXPECT_EQ(CutTensor(t, {{"w", 1, {3}}}).status().message(),
            "cut of 'w', axis 1: expected indices of [0, 3), got 3");
}

TEST(ChannelGroupsTest, Resnet50IsQuick) {
  NetworkBuilder n(DType::kF32);
  BuildResnet50(n, 8);
  const std::vector<ChannelGroup> groups = Groups(n.graph());
  // Two inner convolutions per block, four streams and the stem's own.
  EXPECT_EQ(groups.size(), 2u * 16 + 4 + 1);
  std::vector<std::vector<int64_t>> removed;
  for (const ChannelGroup& group : groups) {
    removed.emplace_back();
    for (size_t c = 0; c < group.channels.size(); c += 2) {
      removed.back().push_back(static_cast<int64_t>(c));
    }
  }
  const auto small = RemoveChannels(n.graph(), removed, nullptr);
  ASSERT_TRUE(small.ok()) << small.status();
  EXPECT_EQ(small->shape(small->FindValue("head.weights")),
            (Shape{1000, 1024}));
}

TEST(ChannelGroupsTest, RefusesExtentsThatNoNetworkHas) {
  NetworkBuilder n;
  const ValueId wide = n.Input("wide", {1, int64_t{1} << 40});
  n.b().Output("logits", n.Relu(wide));
  const auto groups = FindChannelGroups(n.graph());
  EXPECT_EQ(groups.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(groups.status().message()),
              HasSubstr("at 'wide' of f64[1,1099511627776]"));
  const auto small = RemoveChannels(n.graph(), {}, nullptr);
  EXPECT_EQ(small.status().code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace assay
