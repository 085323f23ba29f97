#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/graph/channel_analysis.h"
#include "harness/graph/elastic/depth.h"
#include "harness/graph/elastic/derive.h"
#include "harness/graph/elastic/permute.h"
#include "harness/graph/elastic/subnet.h"
#include "harness/graph/gradient.h"
#include "harness/graph/reference.h"
#include "harness/graph/testing/network_builder.h"
#include "harness/graph/testing/random_graph.h"
#include "harness/graph/testing/removal.h"
#include "harness/graph/verify.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Ints = std::vector<int64_t>;

void RunGraph(const Graph& graph, const std::map<std::string, Tensor>& feeds,
              const ParameterStore& store,
              std::map<std::string, Tensor>* outputs) {
  ASSERT_OK(Verify(graph));
  ASSERT_OK_AND_ASSIGN(Evaluation result, Evaluate(graph, feeds, store));
  *outputs = std::move(result.outputs);
}

Tensor Logits(const Graph& graph, const std::map<std::string, Tensor>& feeds,
              const ParameterStore& store) {
  std::map<std::string, Tensor> outputs;
  RunGraph(graph, feeds, store, &outputs);
  return outputs.count("logits") ? outputs.at("logits") : Tensor();
}

bool SameBits(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::memcmp(a.raw(), b.raw(), static_cast<size_t>(a.bytes())) == 0;
}

TEST(SubnetTest, DenseAndSlicedFormsAgreeToTheBitOnRandomNetworks) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    const RandomNetwork network = MakeRandomNetwork(seed, DType::kF32);
    ASSERT_OK_AND_ASSIGN(const ChannelAnalysis analysis,
                         ChannelAnalysis::Of(network.graph()));
    RandomStream stream(seed, "subnet");
    ASSERT_OK_AND_ASSIGN(const Subnet subnet,
                         TakeSubnet(network.graph(), analysis,
                                    RandomRemoval(analysis.groups(), stream)));
    ASSERT_OK_AND_ASSIGN(const ParameterStore cut,
                         CutParameters(network.store(), subnet.kept));
    EXPECT_TRUE(SameBits(Logits(subnet.sliced, network.feeds, network.store()),
                         Logits(subnet.dense, network.feeds, cut)));
  }
}

// The full parameter's gradient is the part's where it was read, else 0.
TEST(SubnetTest, GradientsScatterIntoTheWhole) {
  NetworkBuilder n;
  BuildResidualNetwork(n, 2);
  ASSERT_OK_AND_ASSIGN(const ChannelAnalysis analysis,
                       ChannelAnalysis::Of(n.graph()));
  // A gather in one group, slices in another.
  std::vector<Ints> removed(analysis.groups().size());
  removed[0] = {1, 4};
  removed[1] = {5, 6};
  ASSERT_OK_AND_ASSIGN(Subnet subnet, TakeSubnet(n.graph(), analysis, removed));
  ASSERT_OK_AND_ASSIGN(const ParameterStore cut,
                       CutParameters(n.store(), subnet.kept));
  const std::string name = "block1.conv1.weights";  // [7,6,3,3]
  const auto gradient = [&](Graph* graph, const ParameterStore& store) {
    GraphBuilder b(graph);
    const ValueId loss = b.ReduceSum(
        b.Op("square", {graph->FindOutput("logits")}), {0, 1}, false);
    const ValueId source = graph->FindValue(name);
    const auto made = AddGradients(graph, loss, kNoValue, {&source, 1});
    EXPECT_OK(made.status());
    b.Output("gradient", (*made)[0]);
    std::map<std::string, Tensor> outputs;
    RunGraph(*graph, n.Feeds(), store, &outputs);
    return outputs.at("gradient");
  };
  const Tensor part = gradient(&subnet.dense, cut);
  const Tensor whole = gradient(&subnet.sliced, n.store());
  EXPECT_EQ(whole.shape(), Shape({7, 6, 3, 3}));
  std::vector<KeptIndices> kept;
  for (const KeptIndices& k : subnet.kept) {
    if (k.parameter == name) kept.push_back(k);
  }
  ASSERT_EQ(kept.size(), 2u);
  ASSERT_OK_AND_ASSIGN(const Tensor read, CutTensor(whole, kept));
  EXPECT_TRUE(SameBits(read, part));
  double outside = 0, inside = 0;
  for (const double x : whole.span<double>()) outside += std::abs(x);
  for (const double x : part.span<double>()) inside += std::abs(x);
  EXPECT_DOUBLE_EQ(outside, inside);
}

TEST(SubnetTest, KeepsTheFirstOrTheMostImportantChannels) {
  NetworkBuilder n;
  BuildResidualNetwork(n, 2);
  ASSERT_OK_AND_ASSIGN(const std::vector<ChannelGroup> groups,
                       FindChannelGroups(n.graph()));
  Ints keep;
  std::vector<Ints> order;
  for (const ChannelGroup& group : groups) {
    const int64_t count = static_cast<int64_t>(group.channels.size());
    keep.push_back(count - 2);
    order.push_back({});
    for (int64_t i = count; i > 0; --i) order.back().push_back(i - 1);
  }
  ASSERT_OK_AND_ASSIGN(const auto first, KeepFirst(groups, keep));
  EXPECT_THAT(first[0], ElementsAre(4, 5));
  ASSERT_OK_AND_ASSIGN(const auto best, KeepFirst(groups, keep, order));
  EXPECT_THAT(best[0], ElementsAre(0, 1));
  keep[1] = 0;
  EXPECT_THAT(std::string(KeepFirst(groups, keep).status().message()),
              HasSubstr("block1.conv1.weights"));
}

TEST(SubnetTest, RefusesShapesThatAreNotThePart) {
  NetworkBuilder n;
  BuildResidualNetwork(n, 2);
  const auto graph =
      ReadFromFull(n.graph(), n.graph(), {{{"stem.weights", 0, {0, 1}}}});
  EXPECT_THAT(std::string(graph.status().message()),
              HasSubstr("part of 'stem.weights': expected f64[6,3,3,3], got "
                        "f64[2,3,3,3]"));
}

TEST(PermuteTest, KeepsTheFunctionOfRandomNetworks) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    const RandomNetwork network = MakeRandomNetwork(seed);
    ASSERT_OK_AND_ASSIGN(const std::vector<ChannelGroup> groups,
                         FindChannelGroups(network.graph()));
    RandomStream stream(seed, "order");
    std::vector<Ints> order;
    for (const ChannelGroup& group : groups) {
      order.push_back(
          stream.Permutation(static_cast<int64_t>(group.channels.size())));
    }
    ASSERT_OK_AND_ASSIGN(const std::vector<KeptIndices> sources,
                         ChannelOrder(network.graph(), groups, order));
    ASSERT_OK_AND_ASSIGN(const ParameterStore moved,
                         CutParameters(network.store(), sources));
    EXPECT_LE(
        MaxDifference(Logits(network.graph(), network.feeds, moved),
                      Logits(network.graph(), network.feeds, network.store())),
        1e-9);
  }
}

TEST(PermuteTest, TakesTheOptimiserStateAlong) {
  NetworkBuilder n;
  const ValueId x = n.Input("x", {2, 3});
  n.Done(n.Linear("out", n.Relu(n.Linear("hidden", x, 3)), 2));
  ASSERT_OK_AND_ASSIGN(const std::vector<ChannelGroup> groups,
                       FindChannelGroups(n.graph()));
  ASSERT_EQ(groups.size(), 1u);
  ASSERT_OK_AND_ASSIGN(
      const std::vector<KeptIndices> sources,
      ChannelOrder(n.graph(), groups, std::vector<Ints>{{2, 0, 1}}));
  ParameterStore state = n.store();
  Tensor momentum(DType::kF32, {3}), step = Tensor::Zeros(DType::kS64, {});
  for (int i = 0; i < 3; ++i) {
    momentum.data<float>()[i] = static_cast<float>(i);
  }
  state.Set("optimizer/momentum/hidden.bias", momentum);
  state.Set("hidden.bias.mask", momentum);
  state.Set("other.hidden.bias", momentum);
  state.Set("optimizer/step", step);
  ASSERT_OK_AND_ASSIGN(const ParameterStore moved, CutState(state, sources));
  for (const char* name :
       {"optimizer/momentum/hidden.bias", "hidden.bias.mask"}) {
    EXPECT_THAT(moved.Find(name)->span<float>(), ElementsAre(2, 0, 1)) << name;
  }
  EXPECT_THAT(moved.Find("other.hidden.bias")->span<float>(),
              ElementsAre(0, 1, 2));
  EXPECT_EQ(ChannelOrder(n.graph(), groups, std::vector<Ints>{{0, 0, 1}})
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(DepthTest, FindsAndDropsResidualBlocks) {
  NetworkBuilder n;
  BuildResidualNetwork(n, 2);
  const std::vector<ResidualBlock> blocks = FindResidualBlocks(n.graph());
  ASSERT_EQ(blocks.size(), 1u);  // the strided block has a projection
  EXPECT_EQ(blocks[0].name, "block1.conv1.weights");
  ASSERT_OK_AND_ASSIGN(const Graph small, DropBlocks(n.graph(), blocks));
  EXPECT_EQ(small.FindValue("block1.conv1.weights"), kNoValue);
  // As if the branch gave 0: its last norm has scale and shift 0.
  ParameterStore silent = n.store().Clone();
  for (const char* name : {"block1.conv2.bn.scale", "block1.conv2.bn.shift"}) {
    silent.Set(name, Tensor::Zeros(DType::kF64, silent.Find(name)->shape()));
  }
  EXPECT_LE(MaxDifference(Logits(small, n.Feeds(), n.store()),
                          Logits(n.graph(), n.Feeds(), silent)),
            1e-12);
  const ResidualBlock foreign{"no", 3, 2};
  EXPECT_EQ(DropBlocks(n.graph(), {&foreign, 1}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(DepthTest, DropsAnyBlocksOfRandomNetworks) {
  int dropped = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    const RandomNetwork network = MakeRandomNetwork(seed);
    RandomStream stream(seed, "depth");
    std::vector<ResidualBlock> chosen;
    for (const ResidualBlock& block : FindResidualBlocks(network.graph())) {
      if (stream.Below(2) == 0) chosen.push_back(block);
    }
    ASSERT_OK_AND_ASSIGN(const Graph small,
                         DropBlocks(network.graph(), chosen));
    ASSERT_OK(Verify(small));
    EXPECT_GT(Logits(small, network.feeds, network.store()).size(), 0);
    dropped += static_cast<int>(chosen.size());
  }
  EXPECT_GT(dropped, 100);
}

// w = (1 - a) * first + a * second, with a fed on each run.
TEST(DeriveTest, AMixtureOfTwoWeightsWithItsCoefficientFed) {
  NetworkBuilder n;
  const ValueId x = n.Input("x", {2, 3});
  n.Done(n.Linear("out", x, 2, false));
  NetworkBuilder f;
  const ValueId a = f.Input("a", {});
  const ValueId first = f.Parameter("first", {2, 3});
  const ValueId second = f.Parameter("second", {2, 3});
  f.b().Output("value",
               f.b().Add(first, f.b().Mul(a, f.b().Sub(second, first))));
  ASSERT_OK(f.b().status());
  ASSERT_OK_AND_ASSIGN(
      const Graph mixed,
      DeriveParameters(n.graph(), {{"out.weights", &f.graph()}}));
  EXPECT_EQ(mixed.FindValue("out.weights"), kNoValue);
  std::map<std::string, Tensor> feeds = n.Feeds();
  for (const double at : {0.0, 1.0}) {
    Tensor coefficient(DType::kF64, {});
    coefficient.data<double>()[0] = at;
    feeds["a"] = coefficient;
    ParameterStore one;
    one.Set("out.weights", *f.store().Find(at == 0 ? "first" : "second"));
    EXPECT_LE(MaxDifference(Logits(mixed, feeds, f.store()),
                            Logits(n.graph(), n.Feeds(), one)),
              1e-12);
  }
  EXPECT_EQ(DeriveParameters(n.graph(), {{"x", &f.graph()}}).status().code(),
            absl::StatusCode::kNotFound);
}

TEST(DeriveTest, AKernelShrinksToItsCentre) {
  NetworkBuilder n;
  const ValueId x = n.Input("x", {1, 2, 6, 6});
  n.Done(n.Conv("conv", x, 3, 5));
  ASSERT_OK_AND_ASSIGN(const Graph plain,
                       ShrinkKernel(n.graph(), "conv.weights", 3, ""));
  // A 5x5 kernel whose rim is 0.
  ParameterStore rimless = n.store().Clone();
  Tensor& w = *rimless.Find("conv.weights");
  for (int64_t i = 0; i < w.size(); ++i) {
    const int64_t row = i / 5 % 5, column = i % 5;
    if (row % 4 == 0 || column % 4 == 0) w.data<double>()[i] = 0;
  }
  const Tensor want = Logits(n.graph(), n.Feeds(), rimless);
  EXPECT_LE(MaxDifference(Logits(plain, n.Feeds(), n.store()), want), 1e-12);
  // With the identity as its transformation.
  ASSERT_OK_AND_ASSIGN(const Graph moved,
                       ShrinkKernel(n.graph(), "conv.weights", 3, "to3"));
  ParameterStore with = n.store();
  Tensor identity = Tensor::Zeros(DType::kF64, {9, 9});
  for (int64_t i = 0; i < 9; ++i) identity.data<double>()[i * 10] = 1;
  with.Set("to3", identity);
  EXPECT_LE(MaxDifference(Logits(moved, n.Feeds(), with), want), 1e-12);
  EXPECT_EQ(ShrinkKernel(n.graph(), "conv.weights", 4, "").status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(DeriveTest, AnotherResolution) {
  NetworkBuilder n;
  BuildResidualNetwork(n, 2);
  ASSERT_OK_AND_ASSIGN(const Graph larger,
                       WithInputShape(n.graph(), "image", {2, 3, 12, 10}));
  ASSERT_OK(Verify(larger));
  EXPECT_EQ(larger.shape(larger.FindOutput("logits")), Shape({2, 5}));
  EXPECT_EQ(WithInputShape(n.graph(), "no", {}).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace assay
