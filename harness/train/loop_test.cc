#include "harness/train/loop.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/reference/reference_device.h"
#include "harness/core/random.h"
#include "harness/graph/builder.h"
#include "harness/graph/parameter_store.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

// A small network with everything that has state: batch norm, dropout.
Graph Network(int64_t batch) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const auto parameter = [&](const char* name, Shape shape) {
    return b.Parameter(name, DType::kF32, std::move(shape));
  };
  ValueId x = b.Input("image", DType::kF32, {batch, 1, 6, 6});
  x = b.Op("conv2d", {x, parameter("conv.weights", {4, 1, 3, 3})});
  x = b.Op("batch_norm",
           {x, parameter("bn.scale", {4}), parameter("bn.shift", {4}),
            parameter("bn.mean", {4}), parameter("bn.variance", {4})},
           {{"epsilon", 1e-5}});
  x = b.Reshape(b.Op("relu", {x}), {0, -1});
  x = b.Op("dropout", {x}, {{"rate", 0.25}});
  b.Output("logits", b.Op("linear", {x, parameter("linear.weights", {2, 64}),
                                     parameter("linear.bias", {2})}));
  EXPECT_TRUE(b.ok()) << b.status();
  return graph;
}

ParameterStore Start(const Graph& graph, uint64_t seed) {
  ParameterStore store;
  for (const ValueId id : graph.parameters()) {
    const Value& value = graph.value(id);
    Tensor tensor = Tensor::Zeros(DType::kF32, value.type.shape);
    RandomStream stream(seed, value.name);
    if (value.type.shape.size() > 1) {
      stream.FillNormal(tensor.span<float>(), 0, 0.2f);
    } else if (value.name == "bn.scale" || value.name == "bn.variance") {
      for (float& element : tensor.span<float>()) element = 1;
    }
    store.Set(value.name, tensor);
  }
  return store;
}

// Class 1 is brighter on the left, class 0 on the right.
class Halves : public BatchSource {
 public:
  int64_t batch_size() const override { return 8; }
  int64_t batch_count() const override { return 5; }
  absl::StatusOr<Batch> Make(int64_t number) override {
    RandomStream stream(11, absl::StrCat("batch/", number));
    Tensor image(DType::kF32, {8, 1, 6, 6}), labels(DType::kS32, {8});
    stream.FillNormal(image.span<float>(), 0, 1);
    for (int64_t n = 0; n < 8; ++n) {
      const int32_t label = static_cast<int32_t>(stream.Below(2));
      labels.data<int32_t>()[n] = label;
      for (int64_t i = 0; i < 36; ++i) {
        if ((i % 6 < 3) == (label == 1)) image.data<float>()[n * 36 + i] += 1;
      }
    }
    return Batch{{{"image", image}, {"labels", labels}}, 8};
  }
};

class LoopTest : public testing::Test {
 protected:
  LoopTest() : device_(MakeReferenceDevice()) {
    step_.optimizer.weight_decay = 1e-3;
    loop_.schedule = {
        .kind = Schedule::Kind::kCosine, .peak = 0.1, .steps = 20, .warmup = 3};
    loop_.last_step = 20;
    loop_.progress = false;
  }

  std::unique_ptr<Trainer> NewTrainer(uint64_t seed = 1) {
    Graph network = Network(8);
    const ParameterStore start = Start(network, seed);
    step_.training.dropout_seed = seed;
    auto trainer =
        Trainer::Make(device_.get(), std::move(network), step_, start);
    EXPECT_TRUE(trainer.ok()) << trainer.status();
    return *std::move(trainer);
  }

  LoopResult Run(Trainer& trainer, int64_t last_step,
                 TrainingHooks* hooks = nullptr) {
    LoopOptions options = loop_;
    options.last_step = last_step;
    const auto result = RunTraining(trainer, source_, options, hooks);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *result : LoopResult();
  }

  std::unique_ptr<Device> device_;
  StepOptions step_;
  LoopOptions loop_;
  Halves source_;
};

std::string StateBytes(const Trainer& trainer) {
  const auto state = trainer.SaveState();
  EXPECT_TRUE(state.ok()) << state.status();
  return SerializeCheckpoint(*state);
}

TEST_F(LoopTest, LossFalls) {
  const auto trainer = NewTrainer();
  const double first = Run(*trainer, 5).mean_loss;
  Run(*trainer, 35);
  const double last = Run(*trainer, 40).mean_loss;
  EXPECT_LT(last, 0.5 * first);
}

TEST_F(LoopTest, MixedPrecisionTrainsOnMasterWeights) {
  step_.bf16 = true;
  const auto trainer = NewTrainer();
  const double first = Run(*trainer, 5).mean_loss;
  Run(*trainer, 35);
  EXPECT_LT(Run(*trainer, 40).mean_loss, 0.6 * first);
  const auto weights = trainer->Get("conv.weights");
  EXPECT_EQ(weights->dtype(), DType::kF32);
  const Tensor rounded = weights->Cast(DType::kBF16).Cast(DType::kF32);
  EXPECT_FALSE(BitEqual(*weights, rounded));
}

TEST_F(LoopTest, SameSeedSameBitsOtherSeedOtherBits) {
  const auto a = NewTrainer(1), b = NewTrainer(1), c = NewTrainer(2);
  for (Trainer* trainer : {a.get(), b.get(), c.get()}) Run(*trainer, 7);
  EXPECT_EQ(StateBytes(*a), StateBytes(*b));
  EXPECT_NE(StateBytes(*a), StateBytes(*c));
}

TEST_F(LoopTest, RestoringAtStepKResumesToTheBit) {
  const auto whole = NewTrainer();
  Run(*whole, 7);
  const auto saved = whole->SaveState();
  ASSERT_TRUE(saved.ok());
  Run(*whole, 17);

  // Through bytes, into a trainer that started elsewhere.
  const auto read = ParseCheckpoint(SerializeCheckpoint(*saved), "state");
  ASSERT_TRUE(read.ok()) << read.status();
  const auto resumed = NewTrainer();
  Run(*resumed, 3);
  ASSERT_TRUE(resumed->RestoreState(*read).ok());
  EXPECT_EQ(resumed->step(), 7);
  Run(*resumed, 17);
  EXPECT_EQ(StateBytes(*whole), StateBytes(*resumed));

  // And rewinding: the same trainer goes back and arrives at the same bits.
  ASSERT_TRUE(whole->RestoreState(*saved).ok());
  Run(*whole, 17);
  EXPECT_EQ(StateBytes(*whole), StateBytes(*resumed));
}

TEST_F(LoopTest, PartsMakeTheSameStepsAsOneProgram) {
  class Watch : public TrainingHooks {
   public:
    bool wants_gradients() const override { return true; }
    absl::Status AfterBackward(Trainer& trainer, const Batch&) override {
      EXPECT_TRUE(trainer.Gradient("conv.weights").ok());
      return absl::OkStatus();
    }
  } watch;
  const auto whole = NewTrainer(), parts = NewTrainer();
  Run(*whole, 6);
  Run(*parts, 6, &watch);
  EXPECT_EQ(StateBytes(*whole), StateBytes(*parts));
}

TEST_F(LoopTest, HooksComeInOrder) {
  class Diary : public TrainingHooks {
   public:
    absl::Status RunBegin(Trainer&) override { return Note("run "); }
    absl::Status EpochBegin(Trainer&, int64_t epoch) override {
      return Note(absl::StrCat("epoch", epoch, "( "));
    }
    bool wants_gradients() const override { return true; }
    absl::Status AfterBackward(Trainer&, const Batch&) override {
      return Note("b");
    }
    absl::Status AfterOptimizer(Trainer&) override { return Note("o"); }
    absl::Status StepEnd(Trainer&, const StepReport& report) override {
      return Note(absl::StrCat(report.step, " "));
    }
    absl::Status EpochEnd(Trainer&, int64_t, double) override {
      return Note(") ");
    }
    absl::Status RunEnd(Trainer&) override { return Note("end"); }
    std::string text;

   private:
    absl::Status Note(absl::string_view what) {
      absl::StrAppend(&text, what);
      return absl::OkStatus();
    }
  } diary;
  const auto trainer = NewTrainer();
  Run(*trainer, 7, &diary);
  EXPECT_EQ(diary.text,
            "run epoch0( bo1 bo2 bo3 bo4 bo5 ) epoch1( bo6 bo7 ) end");
}

TEST_F(LoopTest, AMethodMayOwnTheOptimizer) {
  // Plain gradient descent on one parameter, with its gradient injected.
  class Own : public TrainingHooks {
   public:
    bool wants_gradients() const override { return true; }
    absl::Status Optimize(Trainer& trainer, double learning_rate) override {
      auto bias = trainer.Get("linear.bias");
      auto gradient = trainer.Gradient("linear.bias");
      EXPECT_TRUE(bias.ok() && gradient.ok());
      for (size_t i = 0; i < 2; ++i) {
        bias->span<float>()[i] -=
            static_cast<float>(learning_rate) * gradient->span<float>()[i];
      }
      trainer.CountStep();
      return trainer.Set("linear.bias", *bias);
    }
  } own;
  const auto trainer = NewTrainer();
  const auto conv = trainer->Get("conv.weights");
  const auto bias = trainer->Get("linear.bias");
  Run(*trainer, 3, &own);
  EXPECT_EQ(trainer->step(), 3);
  EXPECT_TRUE(BitEqual(*conv, *trainer->Get("conv.weights")));
  EXPECT_FALSE(BitEqual(*bias, *trainer->Get("linear.bias")));
}

TEST_F(LoopTest, InjectedGradientsAreWhatIsApplied) {
  class Zero : public TrainingHooks {
   public:
    bool wants_gradients() const override { return true; }
    absl::Status AfterBackward(Trainer& trainer, const Batch&) override {
      return trainer.SetGradient("linear.weights",
                                 Tensor::Zeros(DType::kF32, {2, 64}));
    }
  } zero;
  step_.optimizer.weight_decay = 0;
  const auto trainer = NewTrainer();
  const auto before = trainer->Get("linear.weights");
  Run(*trainer, 3, &zero);
  EXPECT_TRUE(BitEqual(*before, *trainer->Get("linear.weights")));
  EXPECT_EQ(
      trainer->SetGradient("linear.weights", Tensor::Zeros(DType::kF32, {1}))
          .code(),
      absl::StatusCode::kInvalidArgument);
}

TEST_F(LoopTest, MasksHoldAcrossTheRunAndTheCheckpoint) {
  const auto trainer = NewTrainer();
  Run(*trainer, 2);
  Tensor mask(DType::kF32, {2, 64});
  for (int64_t i = 0; i < mask.size(); ++i) {
    mask.data<float>()[i] = static_cast<float>(i % 2);
  }
  ASSERT_TRUE(trainer->SetMask("linear.weights", mask).ok());
  Run(*trainer, 6);
  const auto weights = trainer->Get("linear.weights");
  for (int64_t i = 0; i < mask.size(); ++i) {
    EXPECT_EQ(weights->data<float>()[i] == 0, i % 2 == 0) << i;
  }
  // A fresh trainer takes the mask out of the checkpoint.
  const auto resumed = NewTrainer();
  ASSERT_TRUE(resumed->RestoreState(*trainer->SaveState()).ok());
  Run(*trainer, 9);
  Run(*resumed, 9);
  EXPECT_EQ(StateBytes(*trainer), StateBytes(*resumed));
}

TEST_F(LoopTest, MasksAreCheckedFirst) {
  const auto trainer = NewTrainer();
  EXPECT_FALSE(
      trainer->SetMask("linear.weights", Tensor::Zeros(DType::kF32, {2})).ok());
  EXPECT_FALSE(
      trainer->SetMask("bn.mean", Tensor::Zeros(DType::kF32, {4})).ok());
  Tensor half = Tensor::Zeros(DType::kF32, {2});
  half.data<float>()[1] = 0.5f;
  const absl::Status status = trainer->SetMask("linear.bias", half);
  EXPECT_THAT(std::string(status.message()),
              testing::HasSubstr("element 1: expected 0 or 1, got 0.5"));
}

TEST_F(LoopTest, SubnetworksAddTheirGradients) {
  const auto trainer = NewTrainer();
  const auto batch = source_.Make(0);
  ASSERT_TRUE(trainer->Backward(batch->feeds).ok());
  const auto once = trainer->Gradient("linear.weights");
  ASSERT_TRUE(trainer->ClearGradients().ok());
  for (int i = 0; i < 2; ++i) {
    const auto loss =
        trainer->BackwardAdd(trainer->network(), step_.loss, batch->feeds);
    ASSERT_TRUE(loss.ok()) << loss.status();
  }
  const auto twice = trainer->Gradient("linear.weights");
  for (int64_t i = 0; i < once->size(); ++i) {
    EXPECT_EQ(twice->data<float>()[i], 2 * once->data<float>()[i]);
  }
}

TEST_F(LoopTest, LedgerCountsAndTheStopFlagStops) {
  const auto trainer = NewTrainer();
  TrainingLedger ledger;
  std::atomic<bool> stop = false;
  loop_.ledger = &ledger;
  loop_.stop = &stop;
  class StopAt3 : public TrainingHooks {
   public:
    explicit StopAt3(std::atomic<bool>* flag) : flag_(flag) {}
    absl::Status StepEnd(Trainer&, const StepReport& report) override {
      if (report.step == 3) *flag_ = true;
      return absl::OkStatus();
    }

   private:
    std::atomic<bool>* flag_;
  } hooks(&stop);
  const LoopResult result = Run(*trainer, 20, &hooks);
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.steps, 3);
  EXPECT_EQ(ledger.steps, 3);
  EXPECT_EQ(ledger.samples, 24);
}

TEST_F(LoopTest, ALossThatIsNoNumberEndsTheRun) {
  const auto trainer = NewTrainer();
  Tensor bias = Tensor::Zeros(DType::kF32, {2});
  bias.data<float>()[0] = std::nanf("");
  ASSERT_TRUE(trainer->Set("linear.bias", bias).ok());
  const auto result = RunTraining(*trainer, source_, loop_);
  EXPECT_THAT(std::string(result.status().message()),
              testing::HasSubstr("at step 1"));
}

TEST_F(LoopTest, RestoreRefusesAnotherNetworksState) {
  const auto trainer = NewTrainer();
  EXPECT_FALSE(trainer->RestoreState({}).ok());
  auto state = trainer->SaveState();
  state->parameters.Set("linear.bias", Tensor::Zeros(DType::kF32, {3}));
  EXPECT_THAT(std::string(trainer->RestoreState(*state).message()),
              testing::HasSubstr("linear.bias"));
}

}  // namespace
}  // namespace assay
