#include "harness/models/compose/sequence.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/models/compose/testing.h"
#include "harness/ops/ops.h"
#include "harness/ops/testing/evaluate.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pointwise;
using Values = std::vector<ValueId>;

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// Operands: src, input weights, recurrent weights, bias, recurrent bias,
// [hidden, [cell]].
using Layer = RecurrentResult (*)(GraphBuilder&, ValueId,
                                  const RecurrentWeights&,
                                  const RecurrentState&, bool);
Composition Recurrent(Layer layer, bool backwards = false) {
  return [=](GraphBuilder& b, const Values& x) {
    RecurrentState state;
    if (x.size() > 5) state.hidden = x[5];
    if (x.size() > 6) state.cell = x[6];
    const RecurrentResult result =
        layer(b, x[0], {x[1], x[2], x[3], x[4]}, state, backwards);
    Values results = {result.sequence, result.last.hidden};
    if (result.last.cell != kNoValue) results.push_back(result.last.cell);
    return results;
  };
}

TEST(LstmTest, TwoStepsByHand) {
  // One unit; its gates see the source with weights 1, 2, 3, 4 and the state
  // with weights 0.1, 0.2, 0.3, 0.4.
  const std::vector<Tensor> operands = {
      F32({1, 2, 1}, {1, -1}), F32({4, 1}, {1, 2, 3, 4}),
      F32({4, 1}, {0.1f, 0.2f, 0.3f, 0.4f}), F32({4}, {0, 0, 0, 0}),
      F32({4}, {0, 0, 0.5f, 0})};
  const double c1 = Sigmoid(1) * std::tanh(3.5);
  const double h1 = Sigmoid(4) * std::tanh(c1);
  const double c2 = Sigmoid(-2 + 0.2 * h1) * c1 +
                    Sigmoid(-1 + 0.1 * h1) * std::tanh(-2.5 + 0.3 * h1);
  const double h2 = Sigmoid(-4 + 0.4 * h1) * std::tanh(c2);
  EXPECT_THAT(ValuesOf(Recurrent(Lstm), operands),
              ElementsAre(DoubleNear(h1, 1e-6), DoubleNear(h2, 1e-6)));
}

TEST(GruTest, TwoStepsByHand) {
  const std::vector<Tensor> operands = {
      F32({1, 2, 1}, {1, -1}), F32({3, 1}, {1, 2, 3}),
      F32({3, 1}, {0.1f, 0.2f, 0.3f}), F32({3}, {0, 0, 0}),
      F32({3}, {0, 0, 0.5f})};
  const double n1 = std::tanh(3 + Sigmoid(1) * 0.5);
  const double h1 = (1 - Sigmoid(2)) * n1;
  const double reset = Sigmoid(-1 + 0.1 * h1);
  const double update = Sigmoid(-2 + 0.2 * h1);
  const double n2 = std::tanh(-3 + reset * (0.3 * h1 + 0.5));
  EXPECT_THAT(ValuesOf(Recurrent(Gru), operands),
              ElementsAre(DoubleNear(h1, 1e-6),
                          DoubleNear((1 - update) * n2 + update * h1, 1e-6)));
}

// Sources [2,3,2] to three units.
std::vector<Tensor> Operands(int64_t gates, size_t states) {
  std::vector<Tensor> operands = {
      RandomTensor({2, 3, 2}), RandomTensor({gates * 3, 2}),
      RandomTensor({gates * 3, 3}), RandomTensor({gates * 3}),
      RandomTensor({gates * 3})};
  for (size_t i = 0; i < states; ++i) operands.push_back(RandomTensor({2, 3}));
  return operands;
}

TEST(RecurrentTest, DifferentiatesAndRuns) {
  EXPECT_OK(CheckComposition(Recurrent(Lstm), Operands(4, 0), 16, 1));
  EXPECT_OK(CheckComposition(Recurrent(Lstm, true), Operands(4, 2), 16, 1));
  EXPECT_OK(CheckComposition(Recurrent(Gru), Operands(3, 0), 16, 1));
  EXPECT_OK(CheckComposition(Recurrent(Gru, true), Operands(3, 1), 16, 1));
}

TEST(RecurrentTest, NoStateIsZeros) {
  for (const bool lstm : {true, false}) {
    const Layer layer = lstm ? Lstm : Gru;
    std::vector<Tensor> operands = Operands(lstm ? 4 : 3, 0);
    const std::vector<double> without = ValuesOf(Recurrent(layer), operands);
    for (size_t i = 0; i < (lstm ? 2u : 1u); ++i) {
      operands.push_back(Tensor::Zeros(DType::kF32, {2, 3}));
    }
    EXPECT_THAT(ValuesOf(Recurrent(layer), operands),
                Pointwise(testing::DoubleNear(1e-6), without));
  }
}

TEST(RecurrentTest, StepsCarryTheState) {
  for (const bool lstm : {true, false}) {
    const Composition steps = [=](GraphBuilder& b, const Values& x) {
      const RecurrentWeights weights = {x[1], x[2], x[3], x[4]};
      RecurrentState state;
      for (int64_t t = 0; t < 3; ++t) {
        const std::vector<int64_t> starts = {0, t, 0}, ends = {2, t + 1, 2};
        const ValueId now = b.Reshape(
            b.Op("slice", {x[0]}, {{"starts", starts}, {"ends", ends}}),
            {0, 2});
        state = lstm ? LstmStep(b, now, weights, state)
                     : GruStep(b, now, weights, state);
      }
      return Values{state.hidden};
    };
    const std::vector<Tensor> operands = Operands(lstm ? 4 : 3, 0);
    ASSERT_OK_AND_ASSIGN(
        const auto layer,
        EvaluateComposition(Recurrent(lstm ? Lstm : Gru), operands));
    EXPECT_THAT(ValuesOf(steps, operands),
                Pointwise(testing::DoubleNear(1e-6), ToDoubles(layer[1])));
  }
}

TEST(RecurrentTest, TakesAnotherBatch) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const RecurrentWeights weights = {b.Parameter("w", DType::kF32, {12, 2}),
                                    b.Parameter("r", DType::kF32, {12, 3})};
  const RecurrentResult result =
      Lstm(b, b.Input("x", DType::kF32, {1, 5, 2}), weights);
  b.Output("y", result.sequence);
  ASSERT_OK(b.status());
  ASSERT_OK_AND_ASSIGN(const Graph wide, Rebatch(graph, 7));
  EXPECT_EQ(wide.shape(wide.outputs()[0].value), Shape({7, 5, 3}));
}

TEST(RecurrentTest, RefusesOtherRanks) {
  std::vector<Tensor> operands = Operands(4, 0);
  operands[0] = RandomTensor({3, 2});
  EXPECT_THAT(EvaluateComposition(Recurrent(Lstm), operands),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("expected a source [N,T,I], got f32[3,2]")));
}

Composition Pool(double floor) {
  return [=](GraphBuilder& b, const Values& x) {
    return Values{
        StatisticsPool(b, x[0], x.size() > 1 ? x[1] : kNoValue, floor)};
  };
}

TEST(StatisticsPoolTest, MeansThenDeviations) {
  EXPECT_THAT(ValuesOf(Pool(1e-9), {F32({1, 2, 2}, {1, 3, 10, 30})}),
              ElementsAre(2, 20, 1, 10));
}

TEST(StatisticsPoolTest, WeightsAreShares) {
  EXPECT_THAT(ValuesOf(Pool(1e-9), {F32({1, 1, 1, 3}, {0, 8, 99}),
                                    F32({1, 1, 1, 3}, {0.75f, 0.25f, 0})}),
              ElementsAre(2, DoubleNear(std::sqrt(12), 1e-6)));
}

TEST(StatisticsPoolTest, TheFloorBoundsTheVariance) {
  EXPECT_THAT(ValuesOf(Pool(0.25), {F32({1, 1, 2}, {7, 7})}),
              ElementsAre(7, 0.5));
}

TEST(StatisticsPoolTest, DifferentiatesAndRuns) {
  EXPECT_OK(CheckComposition(Pool(1e-9), {RandomTensor({2, 3, 1, 4})}));
  EXPECT_OK(CheckComposition(Pool(1e-9), {RandomTensor({2, 3, 1, 4}),
                                          RandomTensor({2, 1, 1, 4}, 0, 1)}));
}

const Composition kMaskedLayerNorm = [](GraphBuilder& b, const Values& x) {
  return Values{MaskedLayerNorm(b, x[0], x[1], x[2], x[3], 1e-5)};
};

TEST(MaskedNormTest, IsTheNormOfWhatIsLeft) {
  const Tensor scale = F32({4}, {1, 2, 3, 4}), shift = F32({4}, {5, 6, 7, 8});
  const std::vector<double> masked = ValuesOf(
      kMaskedLayerNorm,
      {F32({1, 4}, {1, 500, 2, 6}), F32({1, 4}, {1, 0, 1, 1}), scale, shift});
  const std::vector<double> cut = ValuesOfOp(
      "layer_norm",
      {F32({1, 3}, {1, 2, 6}), F32({3}, {1, 3, 4}), F32({3}, {5, 7, 8})},
      {{"epsilon", 1e-5}});
  EXPECT_THAT(masked,
              ElementsAre(DoubleNear(cut[0], 1e-5), 0, DoubleNear(cut[1], 1e-5),
                          DoubleNear(cut[2], 1e-5)));
  const Composition rms = [](GraphBuilder& b, const Values& x) {
    return Values{MaskedRmsNorm(b, x[0], x[1], x[2], 0)};
  };
  // The root of (9 + 16) / 2 is 3.5355.
  EXPECT_THAT(
      ValuesOf(rms, {F32({1, 3}, {3, 99, 4}), F32({1, 3}, {1, 0, 1}),
                     F32({3}, {1, 1, 2})}),
      ElementsAre(DoubleNear(0.848528, 1e-5), 0, DoubleNear(2.262742, 1e-5)));
}

TEST(MaskedNormTest, DifferentiatesAndRuns) {
  const Tensor mask = F32({2, 4}, {1, 1, 0, 1, 0, 1, 1, 1});
  const Composition fixed = [&](GraphBuilder& b, const Values& x) {
    const ValueId m = b.Op("cast", {b.Constant(mask)},
                           {{"dtype", std::string(Name(b.dtype(x[0])))}});
    return Values{MaskedLayerNorm(b, x[0], m, x[1], x[2], 1e-5),
                  MaskedRmsNorm(b, x[0], m, x[1], 1e-5),
                  MaskedNormalise(b, x[0], m, {0}, 1e-5)};
  };
  EXPECT_OK(CheckComposition(fixed, {RandomTensor({2, 4}), RandomTensor({4}),
                                     RandomTensor({4}, 0, 1)}));
}

TEST(ExponentialScanTest, EveryChannelHasItsDecay) {
  const Composition scan = [](GraphBuilder& b, const Values& x) {
    return Values{ExponentialScan(b, x[0], x[1])};
  };
  EXPECT_THAT(ValuesOf(scan, {F32({1, 5, 2}, {1, 1, 0, 1, 0, 1, 4, 1, 0, 1}),
                              F32({2}, {0.5f, 1})}),
              ElementsAre(1, 1, 0.5, 2, 0.25, 3, 4.125, 4, 2.0625, 5));
  EXPECT_OK(CheckComposition(
      scan, {RandomTensor({2, 6, 3}), RandomTensor({3}, 0.1, 0.9)}));
}

TEST(SegmentTest, RowsAverageAndShare) {
  const Composition mean = [](GraphBuilder& b, const Values& x) {
    return Values{SegmentMean(b, x[0], x[1], 3)};
  };
  const Tensor edges = S32({4}, {0, 2, 0, 0});
  EXPECT_THAT(ValuesOf(mean, {F32({4, 1}, {1, 7, 2, 6}), edges}),
              ElementsAre(3, 0, 7));
  const Composition softmax = [](GraphBuilder& b, const Values& x) {
    return Values{SegmentSoftmax(b, x[0], x[1], 3)};
  };
  // Scores that only their row's maximum keeps from overflowing.
  const float third = std::log(2.0f);
  EXPECT_THAT(
      ValuesOf(softmax, {F32({4}, {1000, -1000, 1000, 1000 + third}), edges}),
      ElementsAre(DoubleNear(0.25, 1e-4), 1, DoubleNear(0.25, 1e-4),
                  DoubleNear(0.5, 1e-4)));
  EXPECT_OK(CheckComposition(mean, {RandomTensor({4, 2}), edges}));
  EXPECT_OK(CheckComposition(softmax, {RandomTensor({4, 2}), edges}));
}

}  // namespace
}  // namespace assay
