#include "harness/train/step.h"

#include <cmath>
#include <map>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/graph/builder.h"
#include "harness/graph/parameter_store.h"
#include "harness/graph/reference.h"
#include "harness/graph/rewrites/apply_masks.h"
#include "harness/graph/verify.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kBatch = 2, kFeatures = 3, kClasses = 2;

// logits = linear(norm(x)), small enough to follow by hand.
Graph Network(bool norm = false) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  ValueId x = b.Input("image", DType::kF32, {kBatch, kFeatures});
  if (norm) {
    x = b.Op("layer_norm", {x, b.Parameter("norm.scale", DType::kF32, {3}),
                            b.Parameter("norm.shift", DType::kF32, {3})});
  }
  const ValueId weights =
      b.Parameter("linear.weights", DType::kF32, {kClasses, kFeatures});
  const ValueId bias = b.Parameter("linear.bias", DType::kF32, {kClasses});
  b.Output("logits", b.Op("linear", {x, weights, bias}));
  EXPECT_TRUE(b.ok()) << b.status();
  return graph;
}

const std::vector<float> kWeights = {0.5f, -0.25f, 1.0f, -1.0f, 0.75f, 0.25f};
const std::vector<float> kImage = {1, 2, -1, 0.5f, -1.5f, 2};
const std::vector<int32_t> kLabels = {0, 1};

ParameterStore Start(const OptimizerOptions& optimizer) {
  ParameterStore store;
  store.Set("linear.weights", Tensor::From<float>({2, 3}, kWeights));
  store.Set("linear.bias", Tensor::From<float>({2}, {0.1f, -0.1f}));
  store.Set("norm.scale", Tensor::From<float>({3}, {1, 1, 1}));
  store.Set("norm.shift", Tensor::Zeros(DType::kF32, {3}));
  for (const std::string& name : store.Names()) {
    const Shape shape = store.Find(name)->shape();
    for (const std::string& state : StateNames(optimizer.kind, name)) {
      store.Set(state, Tensor::Zeros(DType::kF32, shape));
    }
  }
  return store;
}

std::map<std::string, Tensor> Inputs(double learning_rate, int64_t step) {
  return {{"image", Tensor::From<float>({2, 3}, kImage)},
          {"labels", Tensor::From<int32_t>({2}, kLabels)},
          {"learning_rate",
           Tensor::From<float>({}, {static_cast<float>(learning_rate)})},
          {"step", Tensor::From<int64_t>({}, {step})}};
}

// Runs a step on the reference and keeps the updates; the outputs come back.
std::map<std::string, Tensor> RunStep(const Graph& step,
                                      std::map<std::string, Tensor> inputs,
                                      ParameterStore* store) {
  for (auto it = inputs.begin(); it != inputs.end();) {
    it = step.FindValue(it->first) == kNoValue ? inputs.erase(it) : ++it;
  }
  const auto result = Evaluate(step, inputs, *store);
  EXPECT_TRUE(result.ok()) << result.status();
  if (!result.ok()) return {};
  for (const auto& [name, value] : result->updates.values()) {
    store->Set(name, value);
  }
  return result->outputs;
}

// Loss and d(loss)/d(weights) of the linear network, in double, by hand.
struct ByHand {
  double loss = 0;
  std::vector<double> weights = std::vector<double>(6);
};
ByHand Differentiate(absl::Span<const float> w, absl::Span<const float> bias) {
  ByHand result;
  for (size_t n = 0; n < 2; ++n) {
    double z[2], sum = 0;
    for (size_t c = 0; c < 2; ++c) {
      z[c] = bias[c];
      for (size_t i = 0; i < 3; ++i) z[c] += w[c * 3 + i] * kImage[n * 3 + i];
      sum += std::exp(z[c]);
    }
    for (size_t c = 0; c < 2; ++c) {
      const double p = std::exp(z[c]) / sum;
      const bool label = static_cast<int32_t>(c) == kLabels[n];
      if (label) result.loss -= std::log(p) / 2;
      for (size_t i = 0; i < 3; ++i) {
        result.weights[c * 3 + i] += (p - label) * kImage[n * 3 + i] / 2;
      }
    }
  }
  return result;
}

TEST(StepTest, SgdAgreesWithPyTorchsFormula) {
  for (const bool nesterov : {false, true}) {
    StepOptions options;
    options.optimizer.momentum = 0.9;
    options.optimizer.nesterov = nesterov;
    options.optimizer.weight_decay = 0.01;
    const auto step = BuildStep(Network(), options);
    ASSERT_TRUE(step.ok()) << step.status();
    EXPECT_TRUE(Verify(*step).ok());
    ParameterStore store = Start(options.optimizer);
    std::vector<double> momentum(6);
    for (int64_t k = 1; k <= 3; ++k) {
      const Tensor before = store.Find("linear.weights")->Clone();
      const ByHand hand = Differentiate(
          before.span<float>(), store.Find("linear.bias")->span<float>());
      const auto outputs = RunStep(*step, Inputs(0.5, k), &store);
      EXPECT_NEAR(outputs.at("loss").data<float>()[0], hand.loss, 1e-6);
      const auto after = store.Find("linear.weights")->span<float>();
      for (size_t i = 0; i < 6; ++i) {
        const double w = before.data<float>()[i];
        const double g = hand.weights[i] + 0.01 * w;
        momentum[i] = 0.9 * momentum[i] + g;
        const double move = nesterov ? g + 0.9 * momentum[i] : momentum[i];
        EXPECT_NEAR(after[i], w - 0.5 * move, 1e-6) << k << " " << i;
      }
    }
  }
}

TEST(StepTest, AdamWAgreesWithItsFormula) {
  StepOptions options;
  options.optimizer.kind = OptimizerOptions::Kind::kAdamW;
  options.optimizer.weight_decay = 0.1;
  const auto step = BuildStep(Network(), options);
  ASSERT_TRUE(step.ok()) << step.status();
  ParameterStore store = Start(options.optimizer);
  std::vector<double> first(6), second(6);
  for (int64_t k = 1; k <= 3; ++k) {
    const Tensor before = store.Find("linear.weights")->Clone();
    const ByHand hand = Differentiate(before.span<float>(),
                                      store.Find("linear.bias")->span<float>());
    RunStep(*step, Inputs(0.01, k), &store);
    const auto after = store.Find("linear.weights")->span<float>();
    for (size_t i = 0; i < 6; ++i) {
      const double w = before.data<float>()[i], g = hand.weights[i];
      first[i] = 0.9 * first[i] + 0.1 * g;
      second[i] = 0.999 * second[i] + 0.001 * g * g;
      const double m = first[i] / (1 - std::pow(0.9, k));
      const double v = second[i] / (1 - std::pow(0.999, k));
      const double expected =
          w - 0.01 * 0.1 * w - 0.01 * m / (std::sqrt(v) + 1e-8);
      EXPECT_NEAR(after[i], expected, 1e-6) << k << " " << i;
    }
  }
}

TEST(StepTest, MaskedWeightsStayZeroThroughDecayAndMomentum) {
  StepOptions options;
  options.optimizer.weight_decay = 0.1;
  options.rules.masked = {"linear.weights"};
  const auto step = BuildStep(Network(), options);
  ASSERT_TRUE(step.ok()) << step.status();
  ParameterStore store = Start(options.optimizer);
  store.Set(MaskName("linear.weights"),
            Tensor::From<float>({2, 3}, {1, 0, 1, 0, 1, 1}));
  for (int64_t k = 1; k <= 3; ++k) RunStep(*step, Inputs(0.5, k), &store);
  const auto weights = store.Find("linear.weights")->span<float>();
  const auto buffer =
      store.Find("optimizer/momentum/linear.weights")->span<float>();
  for (const size_t i : {1, 3}) {
    EXPECT_EQ(weights[i], 0);
    EXPECT_EQ(buffer[i], 0);
  }
  for (const size_t i : {0, 2, 4, 5}) EXPECT_NE(weights[i], kWeights[i]);
}

TEST(StepTest, MaskedWeightsHaveTheirGradientsAllTheSame) {
  StepOptions options;
  options.rules.masked = {"linear.weights"};
  const auto backward = BuildBackward(Network(), options, false);
  ASSERT_TRUE(backward.ok()) << backward.status();
  ParameterStore store = Start(options.optimizer);
  const Tensor masked =
      Tensor::From<float>({2, 3}, {0.5f, 0, 1.0f, 0, 0.75f, 0.25f});
  store.Set("linear.weights", masked);
  store.Set(MaskName("linear.weights"),
            Tensor::From<float>({2, 3}, {1, 0, 1, 0, 1, 1}));
  store.Set(GradientName("linear.weights"), Tensor::Zeros(DType::kF32, {2, 3}));
  store.Set(GradientName("linear.bias"), Tensor::Zeros(DType::kF32, {2}));
  RunStep(*backward, Inputs(0, 1), &store);
  const ByHand hand = Differentiate(masked.span<float>(),
                                    store.Find("linear.bias")->span<float>());
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_NEAR(store.Find(GradientName("linear.weights"))->span<float>()[i],
                hand.weights[i], 1e-6);
  }
}

TEST(StepTest, FrozenParametersStay) {
  StepOptions options;
  options.rules.frozen = {"linear.weights"};
  const auto step = BuildStep(Network(), options);
  ASSERT_TRUE(step.ok()) << step.status();
  ParameterStore store = Start(options.optimizer);
  RunStep(*step, Inputs(0.5, 1), &store);
  EXPECT_THAT(store.Find("linear.weights")->span<float>(),
              testing::ElementsAreArray(kWeights));
  EXPECT_NE(store.Find("linear.bias")->data<float>()[0], 0.1f);
}

TEST(StepTest, DecayCanSpareNormsAndBiases) {
  // At a learning rate of 1 and no momentum the step is -(g + decay * w).
  const auto moved = [](bool decay_all) {
    StepOptions options;
    options.optimizer.momentum = 0;
    options.optimizer.weight_decay = 0.5;
    options.optimizer.decay_norms_and_biases = decay_all;
    ParameterStore store = Start(options.optimizer);
    const auto step = BuildStep(Network(/*norm=*/true), options);
    EXPECT_TRUE(step.ok()) << step.status();
    RunStep(*step, Inputs(1, 1), &store);
    return store;
  };
  const ParameterStore all = moved(true), some = moved(false);
  EXPECT_TRUE(
      BitEqual(*all.Find("linear.weights"), *some.Find("linear.weights")));
  for (size_t i = 0; i < 3; ++i) {  // scale starts at 1
    EXPECT_NEAR(all.Find("norm.scale")->span<float>()[i] + 0.5,
                some.Find("norm.scale")->span<float>()[i], 1e-6);
  }
  EXPECT_NEAR(all.Find("linear.bias")->data<float>()[0] + 0.05,
              some.Find("linear.bias")->data<float>()[0], 1e-6);
}

TEST(StepTest, ClipsByGlobalNorm) {
  StepOptions options;
  options.optimizer.momentum = 0;
  options.optimizer.clip_norm = 0.01;
  const auto step = BuildStep(Network(), options);
  ASSERT_TRUE(step.ok()) << step.status();
  ParameterStore store = Start(options.optimizer);
  const auto outputs = RunStep(*step, Inputs(1, 1), &store);
  EXPECT_GT(outputs.at("gradient_norm").data<float>()[0], 0.01f);
  double moved = 0;
  for (size_t i = 0; i < 6; ++i) {
    moved += std::pow(
        store.Find("linear.weights")->span<float>()[i] - kWeights[i], 2);
  }
  const float bias[2] = {0.1f, -0.1f};
  for (size_t i = 0; i < 2; ++i) {
    moved += std::pow(store.Find("linear.bias")->span<float>()[i] - bias[i], 2);
  }
  EXPECT_NEAR(std::sqrt(moved), 0.01, 1e-5);
}

TEST(StepTest, L1AddsTheSign) {
  const auto moved = [](double coefficient) {
    StepOptions options;
    options.optimizer.momentum = 0;
    if (coefficient > 0) options.rules.l1["linear.weights"] = coefficient;
    ParameterStore store = Start(options.optimizer);
    const auto step = BuildStep(Network(), options);
    EXPECT_TRUE(step.ok()) << step.status();
    RunStep(*step, Inputs(1, 1), &store);
    return *store.Find("linear.weights");
  };
  const Tensor with = moved(0.25), without = moved(0);
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_NEAR(without.span<float>()[i] - with.span<float>()[i],
                std::copysign(0.25, kWeights[i]), 1e-6);
  }
}

TEST(StepTest, TwoHalvesMakeTheWhole) {
  StepOptions options;
  options.optimizer.weight_decay = 0.1;
  options.optimizer.clip_norm = 0.5;
  options.rules.masked = {"linear.weights"};
  ParameterStore whole = Start(options.optimizer);
  whole.Set(MaskName("linear.weights"),
            Tensor::From<float>({2, 3}, {1, 0, 1, 0, 1, 1}));
  ParameterStore parts = whole.Clone();
  const auto step = BuildStep(Network(), options);
  const auto backward = BuildBackward(Network(), options, false);
  const auto apply = BuildApply(Network(), options);
  ASSERT_TRUE(step.ok()) << step.status();
  ASSERT_TRUE(backward.ok()) << backward.status();
  ASSERT_TRUE(apply.ok()) << apply.status();
  parts.Set(GradientName("linear.weights"), Tensor::Zeros(DType::kF32, {2, 3}));
  parts.Set(GradientName("linear.bias"), Tensor::Zeros(DType::kF32, {2}));
  for (int64_t k = 1; k <= 3; ++k) {
    RunStep(*step, Inputs(0.5, k), &whole);
    RunStep(*backward, Inputs(0.5, k), &parts);
    RunStep(*apply, Inputs(0.5, k), &parts);
  }
  for (const char* name : {"linear.weights", "linear.bias"}) {
    EXPECT_TRUE(BitEqual(*whole.Find(name), *parts.Find(name))) << name;
  }
}

TEST(StepTest, GradientsAddUpOverPasses) {
  const StepOptions options;
  const auto backward = BuildBackward(Network(), options, false);
  const auto add = BuildBackward(Network(), options, true);
  ASSERT_TRUE(backward.ok() && add.ok());
  ParameterStore store = Start(options.optimizer);
  store.Set(GradientName("linear.weights"), Tensor::Zeros(DType::kF32, {2, 3}));
  store.Set(GradientName("linear.bias"), Tensor::Zeros(DType::kF32, {2}));
  RunStep(*backward, Inputs(0, 1), &store);
  const Tensor once = store.Find(GradientName("linear.weights"))->Clone();
  RunStep(*add, Inputs(0, 1), &store);
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(store.Find(GradientName("linear.weights"))->span<float>()[i],
              2 * once.span<float>()[i]);
  }
}

TEST(StepTest, SoftTargetsOfOneHotRowsAreTheLabels) {
  StepOptions hard, soft;
  soft.loss.soft_targets = true;
  soft.loss.soft_weight = 0.7;
  ParameterStore a = Start(hard.optimizer), b = a.Clone();
  const auto hard_step = BuildStep(Network(), hard);
  const auto soft_step = BuildStep(Network(), soft);
  ASSERT_TRUE(soft_step.ok()) << soft_step.status();
  RunStep(*hard_step, Inputs(0.5, 1), &a);
  auto inputs = Inputs(0.5, 1);
  inputs["soft_targets"] = Tensor::From<float>({2, 2}, {1, 0, 0, 1});
  RunStep(*soft_step, inputs, &b);
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_NEAR(a.Find("linear.weights")->span<float>()[i],
                b.Find("linear.weights")->span<float>()[i], 1e-6);
  }
}

TEST(StepTest, SoftLossScalesWithTheSquareOfTheTemperature) {
  StepOptions options;
  options.loss.soft_targets = true;
  options.loss.soft_weight = 1;
  options.loss.soft_temperature = 4;
  const auto step = BuildStep(Network(), options);
  ASSERT_TRUE(step.ok()) << step.status();
  ParameterStore store = Start(options.optimizer);
  // Equal logits: -sum(t log q) = ln 2 whatever the targets.
  store.Set("linear.weights", Tensor::Zeros(DType::kF32, {2, 3}));
  store.Set("linear.bias", Tensor::Zeros(DType::kF32, {2}));
  auto inputs = Inputs(0, 1);
  inputs["soft_targets"] =
      Tensor::From<float>({2, 2}, {0.3f, 0.7f, 0.9f, 0.1f});
  const auto outputs = RunStep(*step, inputs, &store);
  EXPECT_NEAR(outputs.at("loss").data<float>()[0], 16 * std::log(2.0), 1e-5);
}

TEST(StepTest, LanguageLogitsCountEveryPosition) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId tokens = b.Input("tokens", DType::kS32, {1, 3});
  const ValueId table = b.Parameter("embedding.weights", DType::kF32, {2, 2});
  b.Output("logits", b.Op("gather", {table, tokens}));
  ASSERT_TRUE(b.ok()) << b.status();
  StepOptions options;
  options.optimizer.momentum = 0;
  const auto step = BuildStep(graph, options);
  ASSERT_TRUE(step.ok()) << step.status();
  ParameterStore store;
  store.Set("embedding.weights", Tensor::Zeros(DType::kF32, {2, 2}));
  store.Set("optimizer/momentum/embedding.weights",
            Tensor::Zeros(DType::kF32, {2, 2}));
  const auto outputs =
      RunStep(*step,
              {{"tokens", Tensor::From<int32_t>({1, 3}, {0, 1, 1})},
               {"labels", Tensor::From<int32_t>({1, 3}, {1, 1, 0})},
               {"learning_rate", Tensor::From<float>({}, {1})},
               {"step", Tensor::From<int64_t>({}, {1})}},
              &store);
  EXPECT_NEAR(outputs.at("loss").data<float>()[0], std::log(2.0), 1e-6);
  // Row 0: one label 1. Row 1: labels 1 and 0, which cancel.
  const auto row = store.Find("embedding.weights")->span<float>();
  EXPECT_NEAR(row[0], -0.5 / 3, 1e-6);
  EXPECT_NEAR(row[1], 0.5 / 3, 1e-6);
  EXPECT_NEAR(row[2], 0, 1e-6);
}

TEST(StepTest, RulesMustNameTrainableParameters) {
  StepOptions options;
  options.rules.masked = {"conv9.weights"};
  const auto status = BuildStep(Network(), options).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("conv9.weights"));
}

TEST(StepTest, ScoresIgnoreLabelsThatDoNotCount) {
  Graph graph = Network();
  ASSERT_TRUE(AttachScores(&graph).ok());
  ParameterStore store = Start({});
  const auto outputs =
      RunStep(graph,
              {{"image", Tensor::From<float>({2, 3}, kImage)},
               {"labels", Tensor::From<int32_t>({2}, {1, kIgnoredLabel})}},
              &store);
  // Logits: -0.9, 0.15 and 2.725, -1.225.
  EXPECT_THAT(outputs.at("prediction").span<int32_t>(), ElementsAre(1, 0));
  EXPECT_NEAR(outputs.at("row_loss").data<float>()[0],
              std::log(1 + std::exp(-0.9 - 0.15)), 1e-6);
  EXPECT_EQ(outputs.at("row_loss").data<float>()[1], 0);
}

}  // namespace
}  // namespace assay
