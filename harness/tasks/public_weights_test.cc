// Outside truth for the engine: public weights must score what their authors
// report on the whole CIFAR-10 test split.
#include <cstdlib>
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "harness/backend/registry.h"
#include "harness/backend/session.h"
#include "harness/core/file.h"
#include "harness/models/torch_names.h"
#include "harness/ops/ops.h"
#include "harness/tasks/registry.h"
#include "harness/tasks/task.h"
#include "harness/train/checkpoint.h"
#include "harness/train/evaluate.h"

namespace assay {
namespace {

// Correct answers of the 10000, or -1 after a failure.
int64_t CorrectOf(const std::string& network, const std::string& file) {
  const std::string data = std::getenv("ASSAY_DATA_DIR");
  TaskSpec spec = *FindTask("cifar10-resnet20");
  spec.network = network;
  const auto task = Task::Open(spec, data);
  const auto torch =
      ReadCheckpoint(JoinPath(data, "models/cifar10-resnet/" + file));
  EXPECT_TRUE(task.ok() && torch.ok()) << task.status() << torch.status();
  if (!task.ok() || !torch.ok()) return -1;
  const auto net = (*task)->BuildNetwork(StandardOps(), 100);
  const auto weights = FromTorch(net->graph, torch->parameters);
  const auto device = MakeDevice("cpu");
  EXPECT_TRUE(weights.ok() && device.ok()) << weights.status();
  if (!weights.ok() || !device.ok()) return -1;
  DeviceParameters parameters(device->get());
  EXPECT_TRUE(parameters.Load(*weights).ok());
  const auto evaluator =
      Evaluator::Make(device->get(), net->graph, 100, &parameters);
  EXPECT_TRUE(evaluator.ok()) << evaluator.status();
  if (!evaluator.ok()) return -1;
  const auto scores =
      (*evaluator)->Run(*(*task)->EvaluationBatches(Split::kTest, 100), {});
  EXPECT_TRUE(scores.ok()) << scores.status();
  return scores.ok() ? scores->correct() : -1;
}

TEST(PublicWeightsTest, ResNet20) {
  if (std::getenv("ASSAY_DATA_DIR") == nullptr) GTEST_SKIP() << "no data";
  EXPECT_EQ(CorrectOf("resnet20", "resnet20-12fca82f.safetensors"), 9173);
}

TEST(PublicWeightsTest, ResNet56) {
  if (std::getenv("ASSAY_DATA_DIR") == nullptr) GTEST_SKIP() << "no data";
  EXPECT_EQ(CorrectOf("resnet56", "resnet56-4bfd9763.safetensors"), 9339);
}

}  // namespace
}  // namespace assay
