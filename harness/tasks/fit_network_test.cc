#include "harness/tasks/fit_network.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/tensor.h"
#include "harness/graph/builder.h"
#include "harness/graph/reference.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// Images [1,2,3] of three classes.
DatasetSpec Animals() {
  DatasetSpec spec;
  spec.name = "animals";
  spec.sample_shape = {1, 2, 3};
  spec.classes = 3;
  spec.class_names = {"ant", "bee", "cat"};
  return spec;
}

// A network whose scores are its input's features times `scale`.
struct Net {
  Graph graph{StandardOps()};
  GraphBuilder b{&graph};
  ParameterStore parameters;

  ValueId Scores(ValueId features, int64_t classes) {
    const int64_t count = b.shape(features)[1];
    Tensor weights = Tensor::Zeros(DType::kF32, {classes, count});
    for (int64_t i = 0; i < std::min(classes, count); ++i) {
      weights.data<float>()[i * count + i] = 1;
    }
    parameters.Set("fc.weight", weights);
    return b.Op("linear", {features, b.Parameter("fc.weight", DType::kF32,
                                                 {classes, count})});
  }
  absl::StatusOr<FittedNetwork> Fit(const FitOptions& options = {}) const {
    return FitNetwork(Animals(), "image", graph, parameters, options);
  }
};

// Images [1,1,2,3] in, flattened.
Net ChannelsFirst(int64_t classes = 3) {
  Net net;
  const ValueId x = net.b.Input("x", DType::kF32, {1, 1, 2, 3});
  net.b.Output("probabilities", net.Scores(net.b.Reshape(x, {0, -1}), classes));
  return net;
}

std::vector<float> Logits(const FittedNetwork& fitted) {
  const auto run = Evaluate(
      fitted.graph,
      {{"image", Tensor::From<float>({1, 1, 2, 3}, {0, 1, 2, 3, 4, 5})}},
      fitted.parameters);
  EXPECT_OK(run);
  const auto span = run->outputs.at("logits").span<float>();
  return {span.begin(), span.end()};
}

TEST(FitNetworkTest, TakesTheTasksNames) {
  ASSERT_OK_AND_ASSIGN(const FittedNetwork fitted, ChannelsFirst().Fit());
  EXPECT_EQ(fitted.graph.value(fitted.graph.inputs()[0]).name, "image");
  ASSERT_EQ(fitted.graph.outputs().size(), 1u);
  EXPECT_EQ(fitted.graph.outputs()[0].name, "logits");
  EXPECT_THAT(fitted.remarks,
              ElementsAre(HasSubstr("in the order ant, bee, cat")));
  EXPECT_THAT(Logits(fitted), ElementsAre(0, 1, 2));
}

TEST(FitNetworkTest, TransposesWhenTold) {
  Net net;
  const ValueId x = net.b.Input("x", DType::kF32, {1, 2, 3, 1});
  net.b.Output("y", net.Scores(net.b.Reshape(x, {0, -1}), 3));
  EXPECT_THAT(net.Fit(),
              StatusIs(kInvalid, AllOf(HasSubstr("expected [N,1,2,3]"),
                                       HasSubstr("--network_layout=nhwc"))));
  FitOptions options;
  options.channels_last = true;
  ASSERT_OK_AND_ASSIGN(const FittedNetwork fitted, net.Fit(options));
  EXPECT_THAT(Logits(fitted), ElementsAre(0, 1, 2));
}

TEST(FitNetworkTest, FlattensForANetworkOfVectors) {
  Net net;
  net.b.Output("y", net.Scores(net.b.Input("x", DType::kF32, {1, 6}), 3));
  ASSERT_OK_AND_ASSIGN(const FittedNetwork fitted, net.Fit());
  EXPECT_THAT(fitted.remarks[0], HasSubstr("flattened"));
  EXPECT_THAT(Logits(fitted), ElementsAre(0, 1, 2));
}

TEST(FitNetworkTest, LeavesOutTheSoftmaxAtTheEnd) {
  Net net;
  const ValueId x = net.b.Input("x", DType::kF32, {1, 6});
  net.b.Output("y",
               net.b.Op("identity", {net.b.Op("softmax", {net.Scores(x, 3)})}));
  ASSERT_OK_AND_ASSIGN(const FittedNetwork fitted, net.Fit());
  EXPECT_THAT(Logits(fitted), ElementsAre(0, 1, 2));
}

TEST(FitNetworkTest, LeavesOutARoundedSoftmax) {
  Net net;
  const ValueId x = net.b.Input("x", DType::kF32, {1, 6});
  const ValueId scale = net.b.Constant(Tensor::From<float>({}, {1 / 256.0f}));
  const ValueId zero = net.b.Constant(Tensor::From<int32_t>({}, {-128}));
  const ValueId rounded = net.b.Op(
      "quantize_linear", {net.b.Op("softmax", {net.Scores(x, 3)}), scale, zero},
      {{"dtype", std::string("s8")}});
  net.b.Output("y", net.b.Op("dequantize_linear", {rounded, scale, zero}));
  ASSERT_OK_AND_ASSIGN(const FittedNetwork fitted, net.Fit());
  EXPECT_THAT(Logits(fitted), ElementsAre(0, 1, 2));
}

TEST(FitNetworkTest, ReordersScoresByLabels) {
  FitOptions options;
  options.labels = {"cat", "0", "bee"};  // score 0 stands for cat
  ASSERT_OK_AND_ASSIGN(const FittedNetwork fitted,
                       ChannelsFirst().Fit(options));
  EXPECT_THAT(Logits(fitted), ElementsAre(1, 2, 0));
  options.labels = {"ant", "ant", "bee"};
  EXPECT_THAT(ChannelsFirst().Fit(options),
              StatusIs(kInvalid, HasSubstr("each of the 3 classes")));
  options.labels = {"ant", "dog", "bee"};
  EXPECT_THAT(ChannelsFirst().Fit(options),
              StatusIs(kInvalid, HasSubstr("\"dog\" is no class of animals")));
}

TEST(FitNetworkTest, RefusesAnotherNumberOfClasses) {
  EXPECT_THAT(
      ChannelsFirst(5).Fit(),
      StatusIs(kInvalid, HasSubstr("the network tells 5 classes apart, animals "
                                   "has 3 (ant, bee, cat)")));
}

TEST(FitNetworkTest, RefusesOtherInputs) {
  Net two = ChannelsFirst();
  two.b.Input("other", DType::kF32, {1});
  EXPECT_THAT(two.Fit(), StatusIs(kInvalid, HasSubstr("one input, got 2")));
  Net wide;
  wide.b.Output("y", wide.Scores(wide.b.Input("x", DType::kF32, {1, 7}), 3));
  EXPECT_THAT(wide.Fit(),
              StatusIs(kInvalid, HasSubstr("\"x\" f32[1,7]: expected "
                                           "[N,1,2,3]")));
  Net integers;
  const ValueId x = integers.b.Input("x", DType::kU8, {1, 6});
  integers.b.Output(
      "y", integers.Scores(
               integers.b.Op("cast", {x}, {{"dtype", std::string("f32")}}), 3));
  EXPECT_THAT(integers.Fit(),
              StatusIs(kInvalid, HasSubstr("expected f32 elements")));
}

TEST(FitNetworkTest, ChoosesAmongOutputs) {
  Net net = ChannelsFirst();
  net.b.Output("features", net.graph.outputs()[0].value);
  EXPECT_THAT(net.Fit(), StatusIs(kInvalid, HasSubstr("--network_output")));
  FitOptions options;
  options.output = "probabilities";
  EXPECT_OK(net.Fit(options));
}

TEST(FitNetworkTest, RefusesAFixedBatch) {
  Net net;
  const ValueId x = net.b.Input("x", DType::kF32, {1, 1, 2, 3});
  net.b.Output("y", net.Scores(net.b.Reshape(x, {1, 6}), 3));
  EXPECT_THAT(net.Fit(), StatusIs(kInvalid, HasSubstr("takes any batch")));
}

TEST(OrderThatFitsTest, FindsAPermutationThatExplainsMost) {
  const std::vector<int32_t> labels = {0, 0, 0, 1, 1, 1, 2, 2, 2};
  EXPECT_THAT(OrderThatFits(labels, {1, 1, 1, 2, 2, 0, 0, 0, 0}, 3),
              ElementsAre(2, 0, 1));
  EXPECT_THAT(OrderThatFits(labels, labels, 3), IsEmpty());
  EXPECT_THAT(OrderThatFits(labels, {1, 1, 1, 1, 1, 1, 1, 1, 1}, 3), IsEmpty());
}

}  // namespace
}  // namespace assay
