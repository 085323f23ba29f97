#include "harness/graph/rewrites/apply_masks.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/graph/cost.h"
#include "harness/graph/gradient.h"
#include "harness/graph/reference.h"
#include "harness/graph/rewrites/training.h"
#include "harness/graph/roles.h"
#include "harness/graph/testing/network_builder.h"
#include "harness/graph/verify.h"

namespace assay {
namespace {

class ApplyMasksTest : public testing::Test {
 protected:
  ApplyMasksTest() {
    BuildResidualNetwork(n_, 2);
    for (const ValueId id : PrunableParameters(n_.graph())) {
      const Value& value = n_.graph().value(id);
      names_.push_back(value.name);
      Tensor mask =
          RandomTensor(DType::kF64, value.type.shape, MaskName(value.name));
      for (double& x : mask.span<double>()) x = x > 0 ? 1 : 0;
      n_.store().Set(MaskName(value.name), mask);
    }
    auto masked = ApplyMasks(n_.graph(), names_);
    EXPECT_TRUE(masked.ok()) << masked.status();
    masked_.push_back(*std::move(masked));
  }

  Graph& masked() { return masked_[0]; }

  NetworkBuilder n_;
  std::vector<std::string> names_;
  std::vector<Graph> masked_;
};

TEST_F(ApplyMasksTest, IsTheNetworkWithZeroedWeights) {
  ParameterStore zeroed = n_.store().Clone();
  for (const std::string& name : names_) {
    Tensor& weights = *zeroed.Find(name);
    const Tensor& mask = *n_.store().Find(MaskName(name));
    for (int64_t i = 0; i < weights.size(); ++i) {
      weights.data<double>()[i] *= mask.data<double>()[i];
    }
  }
  const auto want = Evaluate(n_.graph(), n_.Feeds(), zeroed);
  const auto got = Evaluate(masked(), n_.Feeds(), n_.store());
  ASSERT_TRUE(want.ok() && got.ok()) << want.status() << got.status();
  EXPECT_TRUE(BitEqual(want->outputs.at("logits"), got->outputs.at("logits")));

  const auto dense = CostOf(n_.graph(), zeroed);
  const auto sparse = CostOf(masked(), n_.store());
  ASSERT_TRUE(dense.ok() && sparse.ok());
  EXPECT_LT(dense->alive_macs, dense->macs);
  EXPECT_EQ(sparse->alive_macs, dense->alive_macs);
}

TEST_F(ApplyMasksTest, KeepsRolesAndTrainableParameters) {
  const auto names_of = [](const Graph& graph,
                           const std::vector<ValueId>& ids) {
    std::vector<std::string> names;
    for (const ValueId id : ids) names.push_back(graph.value(id).name);
    return names;
  };
  EXPECT_EQ(names_of(masked(), PrunableParameters(masked())), names_);
  EXPECT_EQ(names_of(masked(), TrainableParameters(masked())),
            names_of(n_.graph(), TrainableParameters(n_.graph())));
}

TEST_F(ApplyMasksTest, GradientsOfPrunedWeightsAreZero) {
  auto training = ToTraining(masked());
  ASSERT_TRUE(training.ok()) << training.status();
  GraphBuilder b(&*training);
  const ValueId loss =
      b.ReduceSum(training->FindOutput("logits"), {0, 1}, false);
  const ValueId weights = training->FindValue("block1.conv1.weights");
  const auto gradients = AddGradients(&*training, loss, kNoValue, {weights});
  ASSERT_TRUE(gradients.ok()) << gradients.status();
  b.Output("gradient", (*gradients)[0]);
  ASSERT_TRUE(Verify(*training).ok()) << Verify(*training);
  const auto got = Evaluate(*training, n_.Feeds(), n_.store());
  ASSERT_TRUE(got.ok()) << got.status();
  const Tensor& gradient = got->outputs.at("gradient");
  const Tensor& mask = *n_.store().Find("block1.conv1.weights.mask");
  for (int64_t i = 0; i < gradient.size(); ++i) {
    EXPECT_EQ(gradient.data<double>()[i] == 0, mask.data<double>()[i] == 0);
  }
}

TEST_F(ApplyMasksTest, UpdatesStillMeanTheParameter) {
  Graph graph = n_.graph();
  const ValueId weights = graph.FindValue(names_[0]);
  ASSERT_TRUE(graph.AddUpdate(weights, weights).ok());
  const auto masked = ApplyMasks(graph, names_);
  ASSERT_TRUE(masked.ok()) << masked.status();
  EXPECT_TRUE(Verify(*masked).ok()) << Verify(*masked);
  ASSERT_EQ(masked->updates().size(), 1u);
  EXPECT_EQ(masked->updates()[0].value, masked->FindValue(names_[0]));
}

TEST_F(ApplyMasksTest, UnknownNamesAreRefused) {
  EXPECT_EQ(ApplyMasks(n_.graph(), {"image"}).status().message(),
            "ApplyMasks: no parameter 'image' in the graph");
}

}  // namespace
}  // namespace assay
