#include "harness/tasks/reference_network.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/reference/reference_device.h"
#include "harness/core/file.h"
#include "harness/core/hash.h"
#include "harness/core/random.h"
#include "harness/models/torch_names.h"
#include "harness/ops/ops.h"
#include "harness/tasks/fit_network.h"
#include "harness/train/checkpoint.h"

namespace assay {
namespace {

// Images of 12x12 whose brighter half tells the class.
class Halves : public Dataset {
 public:
  void ForgetTest() override {}
  explicit Halves(std::string fingerprint) : Dataset(Spec(fingerprint)) {}
  int64_t size(Split) const override { return 24; }

 private:
  static DatasetSpec Spec(std::string fingerprint) {
    DatasetSpec spec;
    spec.sample_shape = {1, 12, 12};
    spec.classes = 2;
    spec.mean = {0};
    spec.stddev = {1};
    spec.fingerprint = std::move(fingerprint);
    return spec;
  }
  void Sample(Split, int64_t index, void* features,
              int32_t* label) const override {
    float* image = static_cast<float*>(features);
    *label = static_cast<int32_t>(index % 2);
    RandomStream stream(static_cast<uint64_t>(index), "halves");
    stream.FillNormal(absl::MakeSpan(image, 144), 0, 0.3f);
    for (int64_t i = 0; i < 144; ++i) {
      if ((i % 12 < 6) == (*label == 1)) image[i] += 1;
    }
  }
};

std::unique_ptr<Task> NewTask(const std::string& fingerprint = "a",
                              const PublishedWeights& weights = {}) {
  TaskSpec spec;
  spec.id = "halves-lenet300";
  spec.network = "lenet300";
  spec.evaluation_batch = 10;
  spec.target = 0.9;
  spec.recipe.batch = 8;
  spec.recipe.epochs = 4;
  spec.recipe.schedule.peak = 0.05;
  spec.published_weights = weights;
  auto task = Task::Make(spec, std::make_unique<Halves>(fingerprint),
                         testing::TempDir());
  EXPECT_TRUE(task.ok()) << task.status();
  return *std::move(task);
}

class ReferenceNetworkTest : public testing::Test {
 protected:
  ReferenceNetworkTest() : device_(MakeReferenceDevice()) {
    options_.progress = false;
    options_.cache_dir =
        JoinPath(testing::TempDir(),
                 testing::UnitTest::GetInstance()->current_test_info()->name());
  }

  absl::StatusOr<ReferenceNetwork> Get(const Task& task) {
    return GetReferenceNetwork(task, StandardOps(), device_.get(), options_);
  }

  std::unique_ptr<Device> device_;
  ReferenceOptions options_;
};

std::string Bytes(const ReferenceNetwork& network) {
  return SerializeCheckpoint({network.parameters, {}});
}

TEST_F(ReferenceNetworkTest, IsTrainedOnceThenRead) {
  const auto task = NewTask();
  const auto trained = Get(*task);
  ASSERT_TRUE(trained.ok()) << trained.status();
  EXPECT_FALSE(trained->cached);
  EXPECT_EQ(trained->steps, 12);
  EXPECT_GT(trained->validation_metric, 0.9);
  EXPECT_TRUE(task->Reached(trained->validation_metric));
  const auto read = Get(*task);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->cached);
  EXPECT_EQ(read->steps, 12);
  EXPECT_EQ(read->validation_metric, trained->validation_metric);
  EXPECT_EQ(Bytes(*read), Bytes(*trained));
  EXPECT_FALSE(FileExists(trained->path + ".partial"));
}

TEST_F(ReferenceNetworkTest, TheKeyFollowsDataSeedAndLength) {
  const auto key = [&](const Task& task) {
    return *ReferenceKey(task, StandardOps(), *device_, options_);
  };
  const auto task = NewTask();
  const std::string first = key(*task);
  EXPECT_EQ(first, key(*NewTask()));
  EXPECT_NE(first, key(*NewTask("b")));
  options_.seed = 1;
  EXPECT_NE(first, key(*task));
  options_.seed = 0;
  options_.steps = 5;
  EXPECT_NE(first, key(*task));
}

TEST_F(ReferenceNetworkTest, StoppedTrainingGoesOnToTheSameBits) {
  const auto task = NewTask();
  const ReferenceOptions whole = options_;
  options_.cache_dir += "-stopped";
  const std::atomic<bool> stop = true;
  options_.stop = &stop;
  const auto stopped = Get(*task);
  EXPECT_EQ(stopped.status().code(), absl::StatusCode::kCancelled);
  options_.stop = nullptr;
  const auto resumed = Get(*task);
  options_ = whole;
  const auto direct = Get(*task);
  ASSERT_TRUE(resumed.ok() && direct.ok()) << resumed.status();
  EXPECT_EQ(Bytes(*resumed), Bytes(*direct));
}

// Parameters as PyTorch would name them, in a file of the data folder.
PublishedWeights Publish(const ReferenceNetwork& network,
                         const std::string& file) {
  Checkpoint torch;
  for (const auto& [name, tensor] : network.parameters.values()) {
    torch.parameters.Set(TorchName(name), tensor);
  }
  const std::string path = JoinPath(testing::TempDir(), file);
  EXPECT_TRUE(WriteCheckpoint(path, torch).ok());
  return {file, *Sha256OfFile(path)};
}

TEST_F(ReferenceNetworkTest, PublishedWeightsAreReadAndScored) {
  const auto trained = Get(*NewTask());
  ASSERT_TRUE(trained.ok()) << trained.status();
  const auto task = NewTask("a", Publish(*trained, "published.safetensors"));
  const auto first = Get(*task);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(first->published);
  EXPECT_FALSE(first->cached);
  EXPECT_EQ(first->steps, 0);
  EXPECT_EQ(first->validation_metric, trained->validation_metric);
  EXPECT_EQ(Bytes(*first), Bytes(*trained));
  EXPECT_NE(first->key, trained->key);
  const auto second = Get(*task);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_TRUE(second->cached);
  EXPECT_EQ(Bytes(*second), Bytes(*trained));
}

TEST_F(ReferenceNetworkTest, PublishedWeightsThatAreOthersOrAbsentAreErrors) {
  const auto trained = Get(*NewTask());
  ASSERT_TRUE(trained.ok()) << trained.status();
  PublishedWeights weights = Publish(*trained, "other.safetensors");
  weights.sha256[0] = weights.sha256[0] == '0' ? '1' : '0';
  const auto other = Get(*NewTask("a", weights)).status();
  EXPECT_EQ(other.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(other.message()),
              testing::HasSubstr("other.safetensors: expected SHA-256 "));
  weights.file = "absent.safetensors";
  const auto absent = Get(*NewTask("a", weights)).status();
  EXPECT_EQ(absent.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(absent.message()),
              testing::HasSubstr("absent.safetensors"));
}

TEST_F(ReferenceNetworkTest, ACacheFileOfAnotherKeyIsAnError) {
  const auto task = NewTask();
  const auto trained = Get(*task);
  ASSERT_TRUE(trained.ok());
  auto checkpoint = ReadCheckpoint(trained->path);
  checkpoint->metadata["key"] = "0000";
  ASSERT_TRUE(WriteCheckpoint(trained->path, *checkpoint).ok());
  const auto status = Get(*task).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("got 0000"));
}

// `network` as somebody's own, its scores in this order.
FittedNetwork Fitted(const Task& task, const Graph& graph,
                     const ParameterStore& parameters,
                     std::vector<std::string> labels = {}) {
  FitOptions options;
  options.labels = std::move(labels);
  auto fitted =
      FitNetwork(task.dataset().spec(), "image", graph, parameters, options);
  EXPECT_TRUE(fitted.ok()) << fitted.status();
  return *std::move(fitted);
}

TEST_F(ReferenceNetworkTest, WhatTheUserBroughtIsAdoptedOnceThenRead) {
  const auto trained = Get(*NewTask());
  ASSERT_TRUE(trained.ok()) << trained.status();
  const auto task = NewTask();
  task->Bring("onnx 1234", Fitted(*task, trained->graph, trained->parameters));
  const auto adopted = Get(*task);
  ASSERT_TRUE(adopted.ok()) << adopted.status();
  EXPECT_NE(adopted->key, trained->key);
  EXPECT_EQ(adopted->steps, 0);
  EXPECT_FALSE(adopted->cached);
  EXPECT_EQ(adopted->validation_metric, trained->validation_metric);
  EXPECT_EQ(Bytes(*adopted), Bytes(*trained));
  const auto read = Get(*task);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->cached);
  EXPECT_EQ(Bytes(*read), Bytes(*trained));
}

TEST_F(ReferenceNetworkTest, SaysInWhichOrderLabelsWouldFit) {
  const auto trained = Get(*NewTask());
  ASSERT_TRUE(trained.ok()) << trained.status();
  const auto task = NewTask();
  const FittedNetwork swapped =
      Fitted(*task, trained->graph, trained->parameters, {"1", "0"});
  task->Bring("onnx 1234", Fitted(*task, swapped.graph, swapped.parameters));
  const auto status = Get(*task).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              testing::HasSubstr("--network_labels=1,0"));
  // What was said wrongly is put right, too.
  const auto other = NewTask();
  other->Bring("onnx 5678",
               Fitted(*other, trained->graph, trained->parameters, {"1", "0"}));
  EXPECT_THAT(std::string(Get(*other).status().message()),
              testing::HasSubstr("--network_labels=0,1"));
}

}  // namespace
}  // namespace assay
