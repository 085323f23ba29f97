#include "harness/models/registry.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/graph/cost.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/graph/text.h"
#include "harness/graph/verify.h"
#include "harness/models/testing/small.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

struct Expected {
  const char* name;
  int64_t parameters;  // trainable
  int64_t macs;        // of one item; 0: not stated
};

// What gtest takes for a name.
std::string TestName(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class ReferenceGraphTest : public testing::TestWithParam<Expected> {};

TEST_P(ReferenceGraphTest, HasTheStatedSize) {
  const auto net = BuildReferenceGraph(GetParam().name, StandardOps());
  ASSERT_TRUE(net.ok()) << net.status();
  const Cost cost = CostOf(net->graph);
  EXPECT_EQ(cost.parameters, GetParam().parameters);
  if (GetParam().macs > 0) {
    EXPECT_EQ(cost.macs, GetParam().macs);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, ReferenceGraphTest,
    testing::Values(
        Expected{"lenet5", 61706, 416520}, Expected{"lenet300", 266610, 266200},
        // He et al. 2016, table 6: 0.27 M and 0.85 M parameters.
        Expected{"resnet20", 269722, 40551040},
        Expected{"resnet20-b", 272474, 40813184},
        Expected{"resnet32", 464154, 68862592},
        Expected{"resnet56", 853018, 125485696},
        // torchvision: 11,689,512, 25,557,032 and 3,504,872 parameters; 1.81,
        // 4.09 and 0.30 G multiply-accumulates.
        Expected{"resnet18", 11689512, 1814073344},
        Expected{"resnet50", 25557032, 4089184256},
        Expected{"mobilenet-v2", 3504872, 300774272},
        Expected{"resnet8", 75290, 12239488},
        Expected{"resnet8-b", 78042, 12501632},
        Expected{"dscnn", 23180, 2656768}, Expected{"lmd-xs", 824448, 0},
        Expected{"lmd-s", 1484928, 0}, Expected{"lmd-bpe", 3148224, 0},
        Expected{"lmd-m", 4418816, 0}, Expected{"lmd-draft", 115520, 0},
        Expected{"lme-s", 1867138, 0}, Expected{"lme-xs", 1470594, 0},
        // timm's deit_tiny_patch16_224, and its VisionTransformer at the other
        // sizes: parameters, and PyTorch's FlopCounterMode / 2.
        Expected{"vit-tiny", 5717416, 1253683200},
        Expected{"vit-tiny-cifar", 2693578, 182849664},
        Expected{"vit-xs", 455050, 24114624},
        // torchvision: parameters, and PyTorch's FlopCounterMode / 2.
        Expected{"vgg16", 138365992, 15470264320},
        Expected{"densenet121", 7978856, 2834161664},
        Expected{"mobilenet-v3-small", 2542856, 56510400},
        Expected{"mobilenet-v3-large", 5483032, 216589760},
        Expected{"swin-tiny", 28288354, 4490566656},
        // timm's mobilenetv1_100 likewise. Howard et al. 2017, tables 6 and 8:
        // 4.2 M and 569 M, at a quarter of the width 0.5 M and 41 M.
        Expected{"mobilenet-v1", 4231976, 568740352},
        Expected{"mobilenet-v1-025", 470072, 41030272},
        // The usual PyTorch implementations for CIFAR-10: 14.73 M, 20.04 M,
        // 6.96 M.
        Expected{"vgg16-cifar", 14728266, 313201664},
        Expected{"vgg19-cifar", 20040522, 398136320},
        Expected{"densenet121-cifar", 6956298, 888350720},
        // PyTorch's nn.Transformer: 44,140,544 with two norms of 1,024 more;
        // the table of Vaswani et al. 2017 adds 37,000 rows of 512.
        Expected{"transformer-base", 44140544 - 2 * 1024 + 37000 * 512,
                 4106485760},
        // EfficientTDNN's Base, 5.79 M and 1.44 G over three seconds, and a
        // classifier of 10.
        Expected{"ecapa", 5789760 + 1930, 1437452160},
        Expected{"ecapa-xs", 114762, 3998400},
        Expected{"vgg-small", 308394, 38653952},
        Expected{"densenet-xs", 32606, 14031308},
        Expected{"swin-xs", 135670, 13992576},
        Expected{"vit-res", 84814464, 3497553920},
        Expected{"vit-res-xs", 405370, 11392800},
        Expected{"lmt-xs", 958464, 67108864},
        // Shi et al. 2016 and Dong et al. 2014: weights and biases; 2,514,
        // 8,032 and 57,184 MACs per pixel of the large image.
        Expected{"espcn", 22729, 6538336},
        Expected{"srcnn", 8129, 8032 * 51 * 51},
        Expected{"srcnn-955", 57281, 57184 * 51 * 51},
        // Hao et al. 2021: 5.64 M, and Hao & Li 2022: 6.84 M, at 13 % of its
        // MACs.
        Expected{"fullsubnet", 5637635, 30334913792},
        Expected{"fast-fullsubnet", 6842895, 4026731392},
        Expected{"fullsubnet-s", 417795, 906564352},
        Expected{"fast-fullsubnet-s", 507483, 69285144},
        // Turc et al. 2019: 4,385,920 and 28,763,648 in front of the
        // classifier.
        Expected{"bert-tiny", 4385920 + 258, 58736896},
        Expected{"bert-small", 28763648 + 1026, 1677984768}),
    [](const auto& row) { return TestName(row.param.name); });

class EveryReferenceGraphTest : public testing::TestWithParam<std::string> {};

TEST_P(EveryReferenceGraphTest, IsWholeAndRebatches) {
  const auto net = BuildReferenceGraph(GetParam(), StandardOps(), {.batch = 2});
  ASSERT_TRUE(net.ok()) << net.status();
  EXPECT_TRUE(Verify(net->graph).ok());
  const auto three = Rebatch(net->graph, 3);
  ASSERT_TRUE(three.ok()) << three.status();
  EXPECT_EQ(three->shape(three->outputs()[0].value)[0], 3);
}

TEST_P(EveryReferenceGraphTest, ReadsBackFromItsText) {
  const auto net = BuildReferenceGraph(GetParam(), StandardOps());
  ASSERT_TRUE(net.ok()) << net.status();
  const std::string text = ToText(net->graph);
  const auto back = ParseGraph(text, StandardOps());
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_TRUE(Verify(*back).ok());
  EXPECT_EQ(ToText(*back), text);
}

TEST_P(EveryReferenceGraphTest, Initialises) {
  if (IsHeavy(GetParam())) GTEST_SKIP() << "as its siblings do";
  const auto net = BuildSmall(GetParam(), 2);
  ASSERT_TRUE(net.ok()) << net.status();
  EXPECT_TRUE(Initialise(net->graph, net->initialisers, 1).ok());
}

TEST_P(EveryReferenceGraphTest, TakesAnotherNumberOfClasses) {
  ReferenceGraphOptions options;
  options.classes = 5;
  const auto net = BuildReferenceGraph(GetParam(), StandardOps(), options);
  ASSERT_TRUE(net.ok()) << net.status();
  const ValueId logits = net->graph.FindOutput("logits");
  if (logits == kNoValue) GTEST_SKIP() << "has no classes";
  EXPECT_EQ(net->graph.shape(logits).back(), 5);
}

INSTANTIATE_TEST_SUITE_P(All, EveryReferenceGraphTest,
                         testing::ValuesIn(ReferenceGraphNames()),
                         [](const auto& row) { return TestName(row.param); });

TEST(RegistryTest, NamesAreSortedAndUnknownOnesAreListed) {
  const std::vector<std::string> names = ReferenceGraphNames();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  const auto status = BuildReferenceGraph("vgg", StandardOps()).status();
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("resnet20"));
}

TEST(RegistryTest, ShapesThatCannotBeAreErrors) {
  EXPECT_FALSE(
      BuildReferenceGraph("lenet5", StandardOps(), {.input = {1, 4, 4}}).ok());
  EXPECT_FALSE(
      BuildReferenceGraph("lme-s", StandardOps(), {.input = {65}}).ok());
}

}  // namespace
}  // namespace assay
