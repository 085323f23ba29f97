#include "harness/host/score/plan_tuner.h"

#include <filesystem>
#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/registry.h"
#include "harness/core/status_macros.h"
#include "harness/host/score/plan.h"
#include "harness/host/score/testing/small_task.h"
#include "harness/models/init.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::HasSubstr;

class PlanTunerTest : public testing::Test {
 protected:
  PlanTunerTest() {
    task_ = MakeSmallTask({.train = 4,
                           .validation = 4,
                           .test = 8,
                           .evaluation_batch = 4,
                           .batch = 4});
    auto net = task_->BuildNetwork(StandardOps(), 1);
    EXPECT_OK(net.status());
    network_ = std::make_unique<ReferenceGraph>(*std::move(net));
    auto parameters = Initialise(network_->graph, network_->initialisers, 7);
    EXPECT_OK(parameters.status());
    parameters_ = *std::move(parameters);
    auto device = MakeDevice("cpu");
    EXPECT_OK(device.status());
    device_ = *std::move(device);
    cache_ = testing::TempDir() + "/" +
             testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(cache_);
  }

  PlanTunerOptions Options(std::string mode) const {
    return {std::move(mode), {}, 2, cache_, "machine", "program"};
  }
  absl::StatusOr<ChosenPlan> Choose(PlanTunerOptions options) {
    PlanTuner tuner(*task_, MonotonicClock(), std::move(options));
    return tuner.Choose({"dense", "weights", &network_->graph, &parameters_},
                        {"", device_.get(), "f32", 1});
  }
  // What the plan answers to the first sample.
  Tensor Logits(const PlanSettings& settings) {
    const auto plan =
        MakePlan(network_->graph, parameters_, "f32", 1, settings.lowering);
    EXPECT_OK(plan.status());
    const auto device = MakeCpuDevice(settings.cpu.value_or(CpuOptions()));
    auto system = PlanSystem::Make(device.get(), *plan, settings.threads);
    EXPECT_OK(system.status());
    const auto source = task_->EvaluationBatches(Split::kTest, 1);
    EXPECT_OK((*system)->LoadBatches(*source, 1));
    EXPECT_OK((*system)->Answer({0}));
    return (*system)->logits().Clone();
  }

  std::unique_ptr<Task> task_;
  std::unique_ptr<ReferenceGraph> network_;
  ParameterStore parameters_;
  std::unique_ptr<Device> device_;
  std::string cache_;
};

TEST_F(PlanTunerTest, OffLeavesItToTheRules) {
  ASSERT_OK_AND_ASSIGN(const ChosenPlan chosen, Choose(Options("off")));
  EXPECT_FALSE(chosen.record.has_value());
  EXPECT_EQ(chosen.settings.threads, 2);
  EXPECT_FALSE(std::filesystem::exists(cache_));
}

TEST_F(PlanTunerTest, ChoicesAreKeptAndGiveTheSameBitsAgain) {
  ASSERT_OK_AND_ASSIGN(const ChosenPlan first, Choose(Options("quick")));
  ASSERT_TRUE(first.record.has_value());
  EXPECT_EQ(first.record->mode(), "quick");
  EXPECT_FALSE(first.record->cached());
  EXPECT_GT(first.record->choices_size(), 0);
  ASSERT_OK_AND_ASSIGN(const ChosenPlan second, Choose(Options("quick")));
  EXPECT_TRUE(second.record->cached());
  EXPECT_EQ(second.settings.threads, first.settings.threads);

  PlanTunerOptions replay = Options("quick");
  replay.cache_dir.clear();
  TunedPlan& old = replay.replay.emplace_back();
  old.set_network("dense");
  old.set_precision("f32");
  old.set_batch(1);
  for (const KeyValue& row : first.record->choices()) {
    (*old.mutable_choices())[row.key()] = row.value();
  }
  ASSERT_OK_AND_ASSIGN(const ChosenPlan again, Choose(replay));
  EXPECT_EQ(again.record->mode(), "replay");
  EXPECT_TRUE(BitEqual(Logits(first.settings), Logits(again.settings)));
  EXPECT_TRUE(BitEqual(Logits(first.settings), Logits(second.settings)));
}

// Every value that the network has, as a report would bring it.
TEST_F(PlanTunerTest, EachChoiceReplaysToTheBit) {
  const PlanSettings rules{{}, 2, CpuOptions()};
  for (const Alternative& alternative : PlanAlternatives(rules)) {
    for (const std::string& value : alternative.values) {
      SCOPED_TRACE(alternative.name + "=" + value);
      PlanTunerOptions replay = Options("quick");
      TunedPlan& old = replay.replay.emplace_back();
      old.set_network("dense");
      old.set_precision("f32");
      old.set_batch(4);
      for (const auto& [name, ruled] : RulesOf(PlanAlternatives(rules))) {
        (*old.mutable_choices())[name] = ruled;
      }
      (*old.mutable_choices())[alternative.name] = value;
      PlanTuner tuner(*task_, MonotonicClock(), replay);
      ASSERT_OK_AND_ASSIGN(
          const ChosenPlan chosen,
          tuner.Choose({"dense", "weights", &network_->graph, &parameters_},
                       {"", device_.get(), "f32", 4}));
      ASSERT_OK_AND_ASSIGN(const Plan plan,
                           MakePlan(network_->graph, parameters_, "f32", 4,
                                    chosen.settings.lowering));
      Tensor logits[2];
      for (Tensor& got : logits) {
        auto system =
            PlanSystem::Make(chosen.device, plan, chosen.settings.threads);
        if (absl::IsUnimplemented(system.status())) break;
        ASSERT_OK(system.status());
        const auto source = task_->EvaluationBatches(Split::kTest, 4);
        ASSERT_OK((*system)->LoadBatches(*source, 1));
        ASSERT_OK((*system)->Answer({0}));
        got = (*system)->logits().Clone();
      }
      EXPECT_TRUE(BitEqual(logits[0], logits[1]));
    }
  }
}

// As the score process tunes decoders and networks with control flow.
TEST_F(PlanTunerTest, WhatIsNotOnePlanIsTunedAsItIsMade) {
  PlanTuner tuner(*task_, MonotonicClock(), Options("quick"));
  int made = 0;
  PlanToTune plan = {"", device_.get(), "f32", 1, "decode"};
  plan.make =
      [&](const PlanSettings& settings,
          Device* device) -> absl::StatusOr<std::unique_ptr<TimedSystem>> {
    ++made;
    ASSAY_ASSIGN_OR_RETURN(
        const Plan lowered,
        MakePlan(network_->graph, parameters_, "f32", 1, settings.lowering));
    return PlanSystem::Make(device, lowered, settings.threads);
  };
  ASSERT_OK_AND_ASSIGN(
      const ChosenPlan chosen,
      tuner.Choose({"dense", "weights", &network_->graph, &parameters_}, plan));
  ASSERT_TRUE(chosen.record.has_value());
  EXPECT_GT(made, 1);
  EXPECT_NE(chosen.device, nullptr);
}

TEST_F(PlanTunerTest, AnotherMachineOrProgramMeasuresAnew) {
  ASSERT_OK(Choose(Options("quick")).status());
  PlanTunerOptions other = Options("quick");
  other.machine = "another";
  ASSERT_OK_AND_ASSIGN(const ChosenPlan moved, Choose(other));
  EXPECT_FALSE(moved.record->cached());
  other = Options("quick");
  other.program = "newer";
  ASSERT_OK_AND_ASSIGN(const ChosenPlan newer, Choose(other));
  EXPECT_FALSE(newer.record->cached());
}

TEST_F(PlanTunerTest, WhatCannotBeReplayedIsNamed) {
  PlanTunerOptions options = Options("quick");
  TunedPlan& old = options.replay.emplace_back();
  old.set_network("dense");
  old.set_precision("bf16");
  old.set_batch(1);
  EXPECT_THAT(Choose(options).status().message(),
              HasSubstr("no choice for dense, , f32, batch 1"));
  options.replay[0].set_precision("f32");
  (*options.replay[0].mutable_choices())["threads"] = "64";
  EXPECT_THAT(Choose(options).status().message(),
              HasSubstr("'threads' to be one of 2, 1, got '64'"));
  EXPECT_THAT(Choose(Options("slow")).status().message(),
              HasSubstr("expected off, quick or full, got 'slow'"));
}

}  // namespace
}  // namespace assay
