// Every reference network with control flow: compiled forms decide and answer
// as the interpreted one, and every path class is taken.
#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "harness/backend/device.h"
#include "harness/backend/registry.h"
#include "harness/core/random.h"
#include "harness/core/tensor.h"
#include "harness/dynamic/compare.h"
#include "harness/dynamic/dynamic_program.h"
#include "harness/dynamic/host_module.h"
#include "harness/dynamic/interpreter.h"
#include "harness/dynamic/regrouped_program.h"
#include "harness/dynamic/rewrites.h"
#include "harness/graph/parameter_store.h"
#include "harness/graph/reference.h"
#include "harness/models/dynamic/decode.h"
#include "harness/models/dynamic/dynamic_network.h"
#include "harness/models/dynamic/early_exit.h"
#include "harness/models/dynamic/gated_resnet.h"
#include "harness/models/dynamic/routed_experts.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

constexpr int64_t kSamples = 24;

using Inputs = std::map<std::string, Tensor>;

Tensor Normal(const std::string& name, Shape shape) {
  Tensor t(DType::kF32, std::move(shape));
  RandomStream(7, name).FillNormal(t.span<float>(), 0, 1);
  return t;
}

// Images of several contrasts, so that exits are more and less sure.
Inputs Images(const std::string& input, Shape item) {
  item.insert(item.begin(), kSamples);
  Tensor images = Normal(input, item);
  const int64_t row = images.size() / kSamples;
  for (int64_t i = 0; i < images.size(); ++i) {
    images.data<float>()[i] *= 0.3f + 0.1f * static_cast<float>(i / row);
  }
  return {{input, images}};
}

struct Compiled {
  DynamicNetwork network;
  ParameterStore parameters;
  std::unique_ptr<Device> device;
};

absl::StatusOr<Compiled> Prepare(absl::StatusOr<DynamicNetwork> network) {
  ASSAY_RETURN_IF_ERROR(network.status());
  Compiled made{*std::move(network), {}, nullptr};
  ASSAY_ASSIGN_OR_RETURN(made.parameters, Initialise(made.network, 1));
  ASSAY_ASSIGN_OR_RETURN(made.device, MakeDevice("cpu"));
  return made;
}

absl::StatusOr<std::unique_ptr<RegroupedProgram>> Regrouped(const Compiled& c,
                                                            int64_t max_batch) {
  ASSAY_ASSIGN_OR_RETURN(HostModule module,
                         BuildHostModule(c.network.graph, c.parameters));
  return RegroupedProgram::Make(c.device.get(), std::move(module), c.parameters,
                                max_batch, {.threads = 1});
}

// Thresholds at which every conditional falls both ways.
void Calibrate(const Inputs& inputs,
               const std::function<double(int32_t)>& fraction, Compiled* c) {
  ASSERT_OK_AND_ASSIGN(const auto program, Regrouped(*c, 8));
  ASSERT_OK_AND_ASSIGN(const auto thresholds,
                       program->Calibrate(inputs, fraction));
  SetThresholds(thresholds, &c->network.graph);
}

std::set<std::string> PathsOf(const DynamicResult& result) {
  std::set<std::string> paths;
  for (const Path& path : result.paths) paths.insert(PathText(path));
  return paths;
}

void ExpectAgrees(const DynamicResult& want, const DynamicResult& got,
                  const std::string& output) {
  ASSERT_OK_AND_ASSIGN(const Agreement agreement,
                       CompareDynamic(want, got, output));
  EXPECT_EQ(agreement.eta, 0);
  EXPECT_LE(agreement.delta, -4);
  for (const PathMismatch& m : agreement.mismatches) {
    ADD_FAILURE() << "sample " << m.sample << ": expected " << m.want
                  << ", got " << m.got << " at distance " << m.distance;
  }
}

// One sample after the other on a plan.
absl::StatusOr<DynamicResult> RunOneByOne(DynamicProgram* program,
                                          const Inputs& inputs,
                                          const std::string& output) {
  DynamicResult all;
  std::vector<float> values;
  Shape shape;
  for (int64_t s = 0; s < kSamples; ++s) {
    Inputs one;
    for (const auto& [name, value] : inputs) {
      Shape item = value.shape();
      item[0] = 1;
      Tensor row(value.dtype(), item);
      std::memcpy(row.raw(),
                  static_cast<const char*>(value.raw()) + s * row.bytes(),
                  static_cast<size_t>(row.bytes()));
      one[name] = row;
    }
    ASSAY_ASSIGN_OR_RETURN(DynamicResult result, program->Run(one));
    all.paths.push_back(result.paths[0]);
    const Tensor row = result.outputs.at(output).Cast(DType::kF32);
    values.insert(values.end(), row.span<float>().begin(),
                  row.span<float>().end());
    shape = row.shape();
  }
  shape[0] = kSamples;
  all.outputs[output] = Tensor::From<float>(shape, values);
  return all;
}

// Interpreted, regrouped, and one by one with every pass and with none.
void ExpectAllFormsAgree(const Compiled& c, const Inputs& inputs,
                         const std::string& output, DynamicResult* want) {
  Interpreter interpreter(&c.network.graph, &c.parameters);
  ASSERT_OK_AND_ASSIGN(*want, interpreter.RunEach(inputs));
  ASSERT_OK_AND_ASSIGN(const auto regrouped, Regrouped(c, 8));
  ASSERT_OK_AND_ASSIGN(const DynamicResult together, regrouped->Run(inputs));
  ExpectAgrees(*want, together, output);
  DynamicResult plain = *want;
  for (auto& [name, value] : plain.outputs) value = value.Cast(DType::kF32);
  for (const bool passes : {true, false}) {
    HostModuleOptions options;
    options.merge_chains = options.eliminate_copies = passes;
    options.unroll_limit = passes ? 64 : 0;
    ASSERT_OK_AND_ASSIGN(
        HostModule module,
        BuildHostModule(c.network.graph, c.parameters, options));
    ASSERT_OK_AND_ASSIGN(
        const auto program,
        DynamicProgram::Make(c.device.get(), std::move(module), c.parameters,
                             {.lower = passes, .threads = 1}));
    ASSERT_OK_AND_ASSIGN(const DynamicResult result,
                         RunOneByOne(program.get(), inputs, output));
    ExpectAgrees(plain, result, output);
  }
}

// Exits that remain take equal shares of the samples.
std::function<double(int32_t)> EqualShares(int32_t exits) {
  return [=](int32_t site) { return 1.0 / (exits - site); };
}

TEST(DynamicNetworksTest, ResNetLeavesAtEachOfThreeExits) {
  ASSERT_OK_AND_ASSIGN(
      Compiled c,
      Prepare(EarlyExitResNet(StandardOps(), 8, {.input = {3, 16, 16}})));
  const Inputs inputs = Images("image", {3, 16, 16});
  Calibrate(inputs, EqualShares(3), &c);
  DynamicResult want;
  ExpectAllFormsAgree(c, inputs, "logits", &want);
  EXPECT_EQ(PathsOf(want), (std::set<std::string>{"0+", "0-1+", "0-1-"}));
}

TEST(DynamicNetworksTest, ExitsGiveTheLogitsOfTheWholeNetwork) {
  ASSERT_OK_AND_ASSIGN(Compiled c, Prepare(EarlyExitDsCnn(StandardOps())));
  const Inputs inputs = Images("features", {1, 49, 10});
  Calibrate(inputs, EqualShares(2), &c);
  DynamicResult want;
  ExpectAllFormsAgree(c, inputs, "logits", &want);
  EXPECT_EQ(PathsOf(want), (std::set<std::string>{"0+", "0-"}));
  const Tensor first = want.outputs["logits"];
  Inputs one = {{"features", Normal("one", {1, 1, 49, 10})}};
  ASSERT_OK_AND_ASSIGN(const Evaluation whole,
                       Evaluate(c.network.whole.graph, one, c.parameters));
  Interpreter interpreter(&c.network.graph, &c.parameters);
  ASSERT_OK_AND_ASSIGN(const DynamicResult got, interpreter.Run(one));
  const bool early = got.paths[0][0].holds;
  EXPECT_TRUE(BitEqual(got.outputs.at("logits"),
                       whole.outputs.at(early ? "exit1/logits" : "logits")));
}

TEST(DynamicNetworksTest, MobileNetLeavesAtEachOfTwoExits) {
  ASSERT_OK_AND_ASSIGN(
      Compiled c, Prepare(EarlyExitMobileNet(
                      StandardOps(), {.input = {3, 32, 32}, .classes = 10})));
  const Inputs inputs = Images("image", {3, 32, 32});
  Calibrate(inputs, EqualShares(2), &c);
  ASSERT_OK_AND_ASSIGN(const auto program, Regrouped(c, 8));
  ASSERT_OK_AND_ASSIGN(const DynamicResult got, program->Run(inputs));
  EXPECT_EQ(PathsOf(got), (std::set<std::string>{"0+", "0-"}));
}

TEST(DynamicNetworksTest, GatesOpenAndCloseEachBlock) {
  ASSERT_OK_AND_ASSIGN(
      Compiled c,
      Prepare(GatedResNet(StandardOps(), 8, {.input = {3, 16, 16}})));
  const Inputs inputs = Images("image", {3, 16, 16});
  Calibrate(
      inputs, [](int32_t) { return 0.5; }, &c);
  DynamicResult want;
  ExpectAllFormsAgree(c, inputs, "logits", &want);
  std::set<std::string> sides;
  for (const Path& path : want.paths) {
    for (const PathStep& step : path) sides.insert(PathText({step}));
  }
  EXPECT_EQ(sides, (std::set<std::string>{"0+", "0-", "1+", "1-", "2+", "2-"}));
  EXPECT_GE(PathsOf(want).size(), 4u);
}

TEST(DynamicNetworksTest, AClosedGateLeavesTheBlockOut) {
  ASSERT_OK_AND_ASSIGN(
      Compiled c,
      Prepare(GatedResNet(StandardOps(), 8, {.input = {3, 16, 16}})));
  // Gates of a site are all open, or all closed, at these thresholds.
  SetThresholds({{0, 1e9}, {1, -1e9}, {2, 1e9}}, &c.network.graph);
  ASSERT_OK_AND_ASSIGN(const auto program, Regrouped(c, 8));
  ASSERT_OK_AND_ASSIGN(const DynamicResult got,
                       program->Run(Images("image", {3, 16, 16})));
  EXPECT_EQ(PathsOf(got), std::set<std::string>{"0-1+2-"});
}

LmdOptions SmallDecoder(int64_t layers) {
  return {.name = "small",
          .vocabulary = 48,
          .layers = layers,
          .features = 32,
          .heads = 2,
          .kv_heads = 2,
          .hidden = 64,
          .context = 24};
}

// Prompts of 3 to 6 tokens, zeros behind them.
Inputs Prompts(int64_t context) {
  Tensor tokens = Tensor::Zeros(DType::kS32, {kSamples, context});
  Tensor lengths(DType::kS32, {kSamples});
  RandomStream stream(11, "prompts");
  for (int64_t s = 0; s < kSamples; ++s) {
    const int32_t length = static_cast<int32_t>(3 + s % 4);
    lengths.data<int32_t>()[s] = length;
    for (int32_t t = 0; t < length; ++t) {
      tokens.data<int32_t>()[s * context + t] =
          static_cast<int32_t>(1 + stream.Below(47));
    }
  }
  return {{"tokens", tokens}, {"length", lengths}};
}

// Matrices of a decoder as initialised hardly differ: larger ones decide more.
void Enlarge(float factor, ParameterStore* parameters) {
  for (const std::string& name : parameters->Names()) {
    Tensor* value = parameters->Find(name);
    if (value->rank() < 2) continue;
    for (float& element : value->span<float>()) element *= factor;
  }
}

TEST(DynamicNetworksTest, ADecoderLeavesAtEachOfFourExits) {
  ASSERT_OK_AND_ASSIGN(
      Compiled c, Prepare(EarlyExitDecoder(StandardOps(), SmallDecoder(8), 2)));
  Enlarge(6, &c.parameters);
  Inputs inputs = Prompts(24);
  inputs.erase("length");
  Calibrate(inputs, EqualShares(4), &c);
  DynamicResult want;
  ExpectAllFormsAgree(c, inputs, "logits", &want);
  EXPECT_EQ(PathsOf(want),
            (std::set<std::string>{"0+", "0-1+", "0-1-2+", "0-1-2-"}));
}

TEST(DynamicNetworksTest, GreedyDecodingEndsAtTheEndOfText) {
  DecodeOptions options{.steps = 12};
  ASSERT_OK_AND_ASSIGN(
      Compiled c,
      Prepare(GreedyDecoder(StandardOps(), SmallDecoder(2), options)));
  Enlarge(8, &c.parameters);
  const Inputs inputs = Prompts(24);
  Interpreter endless(&c.network.graph, &c.parameters);
  ASSERT_OK_AND_ASSIGN(DynamicResult want, endless.RunEach(inputs));
  // The end of text is a token that some samples write early.
  const Tensor& written = want.outputs["tokens"];
  options.end_of_text = written.data<int32_t>()[8];
  ASSERT_OK_AND_ASSIGN(c.network,
                       GreedyDecoder(StandardOps(), SmallDecoder(2), options));
  ExpectAllFormsAgree(c, inputs, "tokens", &want);
  const auto lengths = want.outputs["length"].span<int32_t>();
  std::set<int32_t> steps;
  for (int64_t s = 0; s < kSamples; ++s) {
    steps.insert(lengths[static_cast<size_t>(s)] -
                 static_cast<int32_t>(3 + s % 4));
  }
  EXPECT_TRUE(steps.contains(12));
  EXPECT_GE(steps.size(), 2u);
}

TEST(DynamicNetworksTest, UnrolledStepsShareOneSubnetwork) {
  ASSERT_OK_AND_ASSIGN(Compiled c,
                       Prepare(GreedyDecoder(StandardOps(), SmallDecoder(2),
                                             {.steps = 32, .end_of_text = 5})));
  ASSERT_OK_AND_ASSIGN(const HostModule module,
                       BuildHostModule(c.network.graph, c.parameters));
  EXPECT_LE(module.subnetworks.size(), 2u) << CodeText(module);
}

TEST(DynamicNetworksTest, SpeculationWritesWhatTheTargetWouldWrite) {
  constexpr int32_t kNew = 10;
  const LmdOptions large = SmallDecoder(3), small = SmallDecoder(1);
  ASSERT_OK_AND_ASSIGN(
      Compiled c, Prepare(SpeculativeDecoder(StandardOps(), large, small,
                                             {.steps = kNew, .drafted = 3})));
  Enlarge(3, &c.parameters);
  // A draft that is often right: the target's table and first layer.
  for (const std::string& name : c.parameters.Names()) {
    const std::string other = absl::StrCat("target.", name.substr(6));
    if (name.rfind("draft.", 0) != 0) continue;
    ASSERT_OK_AND_ASSIGN(const Tensor value, c.parameters.Get(other));
    c.parameters.Set(name, value);
  }
  Inputs inputs = Prompts(24);
  Tensor limits(DType::kS32, {kSamples});
  for (int64_t s = 0; s < kSamples; ++s) {
    limits.data<int32_t>()[s] = inputs["length"].data<int32_t>()[s] + kNew;
  }
  inputs["limit"] = limits;
  DynamicResult want;
  ExpectAllFormsAgree(c, inputs, "tokens", &want);
  EXPECT_GE(PathsOf(want).size(), 2u);
  // The target alone.
  ASSERT_OK_AND_ASSIGN(const DynamicNetwork greedy,
                       GreedyDecoder(StandardOps(), large, {.steps = kNew}));
  ParameterStore own;
  for (const auto& [name, value] : c.parameters.values()) {
    if (name.rfind("target.", 0) == 0) own.Set(name.substr(7), value);
  }
  Interpreter interpreter(&greedy.graph, &own);
  ASSERT_OK_AND_ASSIGN(DynamicResult alone, interpreter.RunEach(inputs));
  EXPECT_TRUE(BitEqual(alone.outputs["tokens"], want.outputs["tokens"]));
  EXPECT_TRUE(BitEqual(alone.outputs["length"], want.outputs["length"]));
  // Fewer passes of the target than tokens, for some sample.
  size_t fewest = kNew;
  for (const Path& path : want.paths) fewest = std::min(fewest, path.size());
  EXPECT_LT(fewest, static_cast<size_t>(kNew));
}

TEST(DynamicNetworksTest, RoutedExpertsRunForTheirSamplesAlone) {
  const RoutedExpertsOptions options{
      .features = 16, .hidden = 8, .experts = 4, .visited = 2};
  ASSERT_OK_AND_ASSIGN(Compiled c,
                       Prepare(RoutedExperts(StandardOps(), options)));
  const Inputs inputs = {{"features", Normal("rows", {kSamples, 16})}};
  DynamicResult want;
  ExpectAllFormsAgree(c, inputs, "logits", &want);
  EXPECT_GE(PathsOf(want).size(), 4u);
  for (const Path& path : want.paths) {
    EXPECT_EQ(std::count_if(path.begin(), path.end(),
                            [](const PathStep& s) { return s.holds; }),
              2);
  }
  // As if every expert ran.
  Interpreter interpreter(&c.network.graph, &c.parameters);
  const Inputs one = {{"features", Normal("one", {1, 16})}};
  ASSERT_OK_AND_ASSIGN(const DynamicResult got, interpreter.Run(one));
  ASSERT_OK_AND_ASSIGN(const Evaluation whole,
                       Evaluate(c.network.whole.graph, one, c.parameters));
  for (int64_t i = 0; i < 10; ++i) {
    EXPECT_NEAR(got.outputs.at("logits").data<float>()[i],
                whole.outputs.at("logits").data<float>()[i], 1e-5);
  }
}

TEST(DynamicNetworksTest, TheTracedPathAloneIsWrongForOtherInputs) {
  ASSERT_OK_AND_ASSIGN(
      Compiled c,
      Prepare(EarlyExitResNet(StandardOps(), 8, {.input = {3, 16, 16}})));
  const Inputs inputs = Images("image", {3, 16, 16});
  Calibrate(inputs, EqualShares(3), &c);
  Interpreter interpreter(&c.network.graph, &c.parameters);
  ASSERT_OK_AND_ASSIGN(DynamicResult want, interpreter.RunEach(inputs));
  std::map<int32_t, bool> trace;
  for (const PathStep& step : want.paths[0]) trace[step.site] = step.holds;
  ASSERT_OK_AND_ASSIGN(const DynamicGraph traced,
                       FollowPath(c.network.graph, [&](const Statement& s) {
                         return trace[s.site];
                       }));
  Interpreter wrong(&traced, &c.parameters);
  ASSERT_OK_AND_ASSIGN(const DynamicResult got, wrong.RunEach(inputs));
  ASSERT_OK_AND_ASSIGN(const Agreement agreement,
                       CompareDynamic(want, got, "logits"));
  EXPECT_GT(agreement.delta, -1);
  EXPECT_GE(agreement.mismatches.size(), static_cast<size_t>(kSamples / 2));
}

TEST(DynamicNetworksTest, TheLongestPathHasNoExit) {
  ASSERT_OK_AND_ASSIGN(Compiled c, Prepare(EarlyExitDsCnn(StandardOps())));
  ASSERT_OK_AND_ASSIGN(const DynamicGraph longest,
                       LongestPath(c.network.graph));
  const Inputs one = {{"features", Normal("one", {1, 1, 49, 10})}};
  Interpreter interpreter(&longest, &c.parameters);
  ASSERT_OK_AND_ASSIGN(const DynamicResult got, interpreter.Run(one));
  EXPECT_TRUE(got.paths[0].empty());
  ASSERT_OK_AND_ASSIGN(const Evaluation whole,
                       Evaluate(c.network.whole.graph, one, c.parameters));
  EXPECT_TRUE(BitEqual(got.outputs.at("logits"), whole.outputs.at("logits")));
}

}  // namespace
}  // namespace assay
