#include "harness/models/torch_names.h"

#include <cstdlib>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/models/registry.h"
#include "harness/ops/ops.h"
#include "harness/train/checkpoint.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

TEST(TorchNamesTest, SuffixesChangePathsDoNot) {
  EXPECT_EQ(TorchName("layer1.0.conv1.weights"), "layer1.0.conv1.weight");
  EXPECT_EQ(TorchName("bn1.scale"), "bn1.weight");
  EXPECT_EQ(TorchName("bn1.shift"), "bn1.bias");
  EXPECT_EQ(TorchName("bn1.mean"), "bn1.running_mean");
  EXPECT_EQ(TorchName("bn1.variance"), "bn1.running_var");
  EXPECT_EQ(TorchName("linear.bias"), "linear.bias");
}

TEST(TorchNamesTest, RefusesAbsentStrangeAndMisshapenTensors) {
  Graph graph(StandardOps());
  ASSERT_TRUE(graph.AddParameter("fc.weights", {DType::kF32, {2, 3}}).ok());
  ParameterStore torch;
  EXPECT_EQ(FromTorch(graph, torch).status().code(),
            absl::StatusCode::kNotFound);
  torch.Set("fc.weight", Tensor::Zeros(DType::kF32, {3, 2}));
  EXPECT_THAT(std::string(FromTorch(graph, torch).status().message()),
              HasSubstr("expected f32[2,3], got f32[3,2]"));
  torch.Set("fc.weight", Tensor::Zeros(DType::kF32, {2, 3}));
  torch.Set("bn.num_batches_tracked", Tensor::Zeros(DType::kS64, {}));
  EXPECT_TRUE(FromTorch(graph, torch).ok());
  torch.Set("head.weight", Tensor::Zeros(DType::kF32, {1}));
  EXPECT_THAT(std::string(FromTorch(graph, torch).status().message()),
              HasSubstr("head.weight"));
}

TEST(TorchNamesTest, PublicResNetsLoad) {
  const char* data = std::getenv("ASSAY_DATA_DIR");
  if (data == nullptr) GTEST_SKIP() << "ASSAY_DATA_DIR is not set";
  const std::string folder = JoinPath(data, "models/cifar10-resnet");
  for (const auto& [name, file] :
       {std::pair("resnet20", "resnet20-12fca82f.safetensors"),
        std::pair("resnet56", "resnet56-4bfd9763.safetensors")}) {
    const auto torch = ReadCheckpoint(JoinPath(folder, file));
    ASSERT_TRUE(torch.ok()) << torch.status();
    const auto net = BuildReferenceGraph(name, StandardOps());
    ASSERT_TRUE(net.ok());
    const auto parameters = FromTorch(net->graph, torch->parameters);
    EXPECT_TRUE(parameters.ok()) << parameters.status();
  }
}

}  // namespace
}  // namespace assay
