// The services as a plugin sees them: through the SDK, over a tiny run.
#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/abi/sdk.h"
#include "harness/core/tensor.h"
#include "harness/host/services/service_host.h"
#include "harness/host/services/testing/tiny_run.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

#define ASSERT_OK(expr)                             \
  do {                                              \
    const sdk::Status status_ = (expr);             \
    ASSERT_TRUE(status_.ok()) << status_.message(); \
  } while (false)
#define ASSERT_OK_ASSIGN(lhs, expr) \
  ASSERT_OK_ASSIGN_(ASSAY_SDK_CONCAT_(assay_or_, __LINE__), lhs, expr)
#define ASSERT_OK_ASSIGN_(or_, lhs, expr)          \
  auto or_ = (expr);                               \
  ASSERT_TRUE(or_.ok()) << or_.status().message(); \
  lhs = *std::move(or_)

class ServicesTest : public ::testing::Test {
 protected:
  explicit ServicesTest(TinyRunOptions options = {})
      : tiny_(std::move(options)),
        run_(tiny_.host(), &assay_host::Find, sdk::Config()) {
    tiny_.host()->Enter(MethodState::kRunning);
  }

  TinyRun tiny_;
  sdk::Run run_;
};

TEST_F(ServicesTest, DescribesTheTaskWithoutItsName) {
  const sdk::Task task = run_.task();
  EXPECT_EQ(task.modality, uint32_t{ASSAY_IMAGE});
  EXPECT_THAT(task.sample_shape, ElementsAre(2, 8, 8));
  EXPECT_EQ(task.classes, 4);
  EXPECT_EQ(task.train_samples, 64);
  EXPECT_EQ(task.validation_samples, 32);
  EXPECT_EQ(task.input, "image");
  EXPECT_EQ(run_.recipe().steps_per_epoch, 4);
  EXPECT_EQ(run_.recipe().steps, 16);
  ASSERT_THAT(run_.budgets(), SizeIs(1));
  EXPECT_FALSE(run_.budgets()[0].sparsity.has_value());
}

TEST_F(ServicesTest, StreamsGoOnByNameAndAreIndependent) {
  ASSERT_OK_ASSIGN(sdk::Random a, run_.Random("mask"));
  const uint64_t first = a.Bits();
  ASSERT_OK_ASSIGN(sdk::Random other, run_.Random("search"));
  EXPECT_NE(other.Bits(), first);
  ASSERT_OK_ASSIGN(sdk::Random again, run_.Random("mask"));
  EXPECT_NE(again.Bits(), first);
  again.Seek(0);
  EXPECT_EQ(a.Bits(), first);
}

TEST_F(ServicesTest, WalksTheReferenceNetwork) {
  const std::vector<sdk::Parameter> weights = run_.graph().weights();
  std::vector<std::string> names;
  for (const sdk::Parameter& w : weights) names.push_back(w.name);
  EXPECT_THAT(names, ElementsAre("stem.weights", "block.depthwise.weights",
                                 "block.pointwise.weights", "hidden.weights",
                                 "head.weights"));
  EXPECT_EQ(weights[1].role, sdk::Role::kDepthwiseConv);
  EXPECT_EQ(weights[3].layer, 3);
  EXPECT_EQ(weights[0].macs, 6 * 2 * 9 * 64);
  const sdk::ValueId stem = run_.graph().FindValue("stem.weights");
  ASSERT_THAT(run_.graph().Consumers(stem), SizeIs(1));
  const sdk::Node conv =
      run_.graph().node(run_.graph().Consumers(stem).front());
  EXPECT_EQ(conv.op, "conv2d");
  ASSERT_NE(conv.Find("pads"), nullptr);
  EXPECT_EQ(std::get<sdk::Ints>(conv.Find("pads")->value),
            (sdk::Ints{1, 1, 1, 1}));
}

TEST_F(ServicesTest, GraphTextReadsBack) {
  ASSERT_OK_ASSIGN(const std::string text, run_.graph().Text());
  ASSERT_OK_ASSIGN(const sdk::Graph back,
                   sdk::Graph::FromText(run_.services(), text));
  ASSERT_OK_ASSIGN(const std::string again, back.Text());
  EXPECT_EQ(text, again);
}

TEST_F(ServicesTest, TheReferenceIsForReading) {
  auto* set = const_cast<assay_parameters*>(run_.parameters().raw());
  const sdk::Parameters pretender(run_.services(), nullptr);
  const assay_tensor* tensor = nullptr;
  const assay_parameters_table& table = *run_.services().parameters;
  ASSERT_EQ(
      table.tensor(tiny_.host(), set, sdk::ToText("stem.weights"), &tensor),
      nullptr);
  DLTensor dl;
  assay_status* denied =
      run_.services().tensor->view(tiny_.host(), tensor, ASSAY_WRITE, &dl);
  EXPECT_EQ(sdk::TakeStatus(run_.services(), denied).code(),
            static_cast<sdk::Code>(ASSAY_PERMISSION_DENIED));
  table.free(tiny_.host(), set);
  EXPECT_THAT(tiny_.sink().misbehaviours,
              ElementsAre(HasSubstr("a lent handle was freed")));
}

TEST_F(ServicesTest, SnapshotsRestoreAndMasksZero) {
  ASSERT_OK_ASSIGN(sdk::Parameters set, run_.CloneParameters());
  ASSERT_OK_ASSIGN(const sdk::Parameters snapshot, set.Clone());
  const sdk::Parameter w = run_.graph().weights().front();
  std::vector<uint8_t> mask(static_cast<size_t>(w.elements), 1);
  mask[5] = 0;
  ASSERT_OK_ASSIGN(sdk::Parameters masks, run_.NewParameters());
  ASSERT_OK(masks.SetMask(w.name, w.shape, mask));
  ASSERT_OK(set.ApplyMasks(masks));
  {
    ASSERT_OK_ASSIGN(const auto values, set.Floats(w.name));
    EXPECT_EQ(values[5], 0.0f);
    EXPECT_NE(values[6], 0.0f);
  }
  ASSERT_OK(set.Assign(snapshot));
  ASSERT_OK_ASSIGN(const auto restored, set.Floats(w.name));
  EXPECT_NE(restored[5], 0.0f);
  // The reference's own values never moved.
  EXPECT_TRUE(BitEqual(*tiny_.reference_parameters().Find(w.name),
                       set.raw()->store.Get(w.name).value()));
}

TEST_F(ServicesTest, InitializesAsTheReferenceSays) {
  ASSERT_OK_ASSIGN(sdk::Parameters fresh, run_.NewParameters());
  ASSERT_OK(fresh.Initialize(run_.graph(), "init"));
  EXPECT_EQ(fresh.names(), run_.parameters().names());
  ASSERT_OK_ASSIGN(const auto scale, fresh.Floats("stem_norm.scale"));
  EXPECT_EQ(scale[0], 1.0f);
  ASSERT_OK_ASSIGN(const auto a, fresh.Floats("stem.weights"));
  ASSERT_OK_ASSIGN(const auto b, run_.parameters().Floats("stem.weights"));
  EXPECT_NE(a[0], b[0]);  // another stream
}

// d/dw sum(w * w) = 2 w, differentiated again: 2.
TEST_F(ServicesTest, GradientsDifferentiateAgainInF64) {
  ASSERT_OK_ASSIGN(sdk::Graph g, run_.NewGraph("square"));
  const sdk::ValueId w = g.Param("w", {3});
  const sdk::ValueId sum = g.Sum(g.Mul(w, w));
  const sdk::ValueId first = g.Gradients(sum, {w})[0];
  const sdk::ValueId second = g.Gradients(g.Sum(first), {w})[0];
  g.Output("first", first);
  g.Output("second", second);
  ASSERT_OK(g.status());
  ASSERT_OK_ASSIGN(sdk::Parameters set, run_.NewParameters());
  const float values[] = {1, -2, 0.1f};
  ASSERT_OK(set.Set("w", sdk::Shape{3}, values));
  ASSERT_OK_ASSIGN(sdk::Variables variables,
                   run_.NewVariables(set, sdk::Device::kReference));
  ASSERT_OK_ASSIGN(sdk::Program program, variables.Compile(g));
  ASSERT_OK(program.Run());
  ASSERT_OK_ASSIGN(sdk::Tensor result, program.Fetch("first"));
  EXPECT_EQ(result.values<double>()[1], -4.0);
  EXPECT_EQ(result.values<double>()[2], 2.0 * static_cast<double>(0.1f));
  ASSERT_OK_ASSIGN(result, program.Fetch("second"));
  EXPECT_EQ(result.values<double>()[0], 2.0);
  EXPECT_EQ(run_.ledger().programs, 1);
}

TEST_F(ServicesTest, UpdatesAccumulateInSharedVariables) {
  ASSERT_OK_ASSIGN(sdk::Graph g, run_.NewGraph("accumulate"));
  const sdk::ValueId sum = g.Param("sum", {2});
  g.Update(sum, g.Add(sum, g.Input("x", sdk::DType::kF32, {2})));
  ASSERT_OK(g.status());
  ASSERT_OK_ASSIGN(sdk::Parameters set, run_.NewParameters());
  const float zeros[] = {0, 0};
  ASSERT_OK(set.Set("sum", sdk::Shape{2}, zeros));
  ASSERT_OK_ASSIGN(sdk::Variables variables, run_.NewVariables(set));
  ASSERT_OK_ASSIGN(sdk::Program program, variables.Compile(g));
  ASSERT_OK_ASSIGN(sdk::Tensor x, run_.NewTensor(sdk::DType::kF32, {2}));
  x.values()[0] = 1.5f;
  ASSERT_OK(program.Feed("x", x));
  ASSERT_OK(program.Run());
  ASSERT_OK(program.Run());
  ASSERT_OK(variables.Save(&set));
  ASSERT_OK_ASSIGN(const auto total, set.Floats("sum"));
  EXPECT_EQ(total[0], 3.0f);
}

TEST_F(ServicesTest, TheTaskLossOfABalancedSampleHasAGradient) {
  ASSERT_OK_ASSIGN(const sdk::PartRef train, run_.Whole(sdk::Split::kTrain));
  ASSERT_OK_ASSIGN(const sdk::Part part, run_.Balanced(train, 2, "score"));
  EXPECT_EQ(part.size(), 8);
  ASSERT_OK_ASSIGN(sdk::Graph g, run_.Rebatch(run_.graph(), 8));
  ASSERT_OK_ASSIGN(g, run_.ToTraining(g, sdk::BatchNorm::kBatch));
  const sdk::ValueId loss = g.TaskLoss(g.Scale(g.logits(), 1 / 200.0f));
  const sdk::ValueId w = g.FindValue("stem.weights");
  g.ClearOutputs();
  g.Output("loss", loss);
  g.Output("gradient", g.Gradients(loss, {w})[0]);
  ASSERT_OK(g.status());
  ASSERT_OK_ASSIGN(sdk::Variables variables,
                   run_.NewVariables(run_.parameters()));
  ASSERT_OK_ASSIGN(sdk::Program program, variables.Compile(g));
  ASSERT_OK_ASSIGN(sdk::Batches batches, run_.Open(part, {.batch_size = 8}));
  ASSERT_OK_ASSIGN(const assay_batch* batch, batches.Next());
  ASSERT_NE(batch, nullptr);
  EXPECT_EQ(batch->samples, 8);
  ASSERT_OK(program.Feed(batch));
  ASSERT_OK(program.Run());
  ASSERT_OK_ASSIGN(sdk::Tensor fetched, program.Fetch("loss"));
  EXPECT_NEAR(fetched.values()[0], std::log(4.0f), 0.1f);  // T = 200: flat
  ASSERT_OK_ASSIGN(batch, batches.Next());
  EXPECT_EQ(batch, nullptr);
  EXPECT_EQ(run_.ledger().samples, 8);
}

TEST_F(ServicesTest, SubstitutesAValueByWhatIsMadeOfIt) {
  ASSERT_OK_ASSIGN(sdk::Graph g, run_.CloneGraph());
  const sdk::ValueId w = g.FindValue("hidden.weights");
  const sdk::ValueId zero = g.Scale(w, 0);
  ASSERT_OK(g.status());
  const sdk::ValueId values[] = {w}, by[] = {zero};
  ASSERT_OK_ASSIGN(sdk::Graph changed,
                   sdk::Graph::Substitute(run_.services(), g, values, by));
  ASSERT_OK_ASSIGN(sdk::Variables variables,
                   run_.NewVariables(run_.parameters()));
  ASSERT_OK_ASSIGN(sdk::Program program, variables.Compile(changed));
  ASSERT_OK_ASSIGN(sdk::Tensor image,
                   run_.NewTensor(sdk::DType::kF32, {16, 2, 8, 8}));
  ASSERT_OK(program.Feed("image", image));
  ASSERT_OK(program.Run());
  ASSERT_OK_ASSIGN(sdk::Tensor logits, program.Fetch("logits"));
  // Hidden units are relu(0 + bias), and biases start at 0.
  for (float v : logits.values()) EXPECT_EQ(v, 0.0f);
}

TEST_F(ServicesTest, TrainingLearnsAndIsTheSameTwice) {
  sdk::TrainOptions options;
  options.epochs = 8;
  std::vector<Tensor> trained;
  for (int repetition = 0; repetition < 2; ++repetition) {
    ASSERT_OK_ASSIGN(sdk::Parameters set, run_.CloneParameters());
    ASSERT_OK_ASSIGN(const sdk::TrainResult result,
                     run_.Train(run_.graph(), &set, options));
    EXPECT_EQ(result.steps, 32);
    EXPECT_EQ(result.samples, 512);
    ASSERT_OK_ASSIGN(const sdk::Score score, run_.Evaluate(run_.graph(), set));
    EXPECT_EQ(score.samples, 32);
    EXPECT_GT(score.metric, 0.6);
    trained.push_back(*set.raw()->store.Get("stem.weights"));
  }
  EXPECT_TRUE(BitEqual(trained[0], trained[1]));
  EXPECT_EQ(run_.ledger().steps, 64);
  EXPECT_EQ(run_.ledger().evaluations, 2);
}

// Grows a mask at each step's end and sees gradients of masked weights.
class GrowingMask final : public sdk::Hooks {
 public:
  uint32_t events() const override { return kAfterBackward | kStepEnd; }
  sdk::Status AfterBackward(sdk::Event& event) override {
    ASSAY_ASSIGN_OR_RETURN(sdk::Tensor gradient, event.Gradient("hidden.bias"));
    for (float& g : gradient.values()) g = 0;
    return event.SetGradient("hidden.bias", gradient);
  }
  sdk::Status StepEnd(sdk::Event& event) override {
    ASSAY_ASSIGN_OR_RETURN(sdk::Tensor mask, event.Mask("stem.weights"));
    mask.values()[static_cast<size_t>(event.step())] = 0;
    ++steps;
    if (event.step() == 5) event.StopTraining();
    return event.SetMask("stem.weights", mask);
  }
  int steps = 0;
};

TEST_F(ServicesTest, HooksWriteMasksAndGradientsAndStop) {
  GrowingMask hooks;
  sdk::TrainOptions options;
  options.hooks = &hooks;
  options.weight_decay = 0;
  ASSERT_OK_ASSIGN(sdk::Parameters set, run_.CloneParameters());
  ASSERT_OK_ASSIGN(const sdk::TrainResult result,
                   run_.Train(run_.graph(), &set, options));
  EXPECT_EQ(hooks.steps, 6);
  EXPECT_TRUE(result.stopped);
  ASSERT_OK_ASSIGN(const auto w, set.Floats("stem.weights"));
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(w[i], 0.0f) << i;
  EXPECT_NE(w[6], 0.0f);
  ASSERT_OK_ASSIGN(const auto bias, set.Floats("hidden.bias"));
  for (float b : bias) EXPECT_EQ(b, 0.0f);
}

class CallsTrainInside final : public sdk::Hooks {
 public:
  explicit CallsTrainInside(sdk::Run* run) : run_(run) {}
  uint32_t events() const override { return kStepEnd; }
  sdk::Status StepEnd(sdk::Event&) override {
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run_->CloneParameters());
    return run_->Train(run_->graph(), &set).status();
  }

 private:
  sdk::Run* run_;
};

TEST_F(ServicesTest, CallsOutOfPlaceAreRefusedAndNoted) {
  CallsTrainInside hooks(&run_);
  sdk::TrainOptions options;
  options.hooks = &hooks;
  ASSERT_OK_ASSIGN(sdk::Parameters set, run_.CloneParameters());
  EXPECT_EQ(run_.Train(run_.graph(), &set, options).status().code(),
            sdk::Code::kFailedPrecondition);
  std::thread([&] {
    EXPECT_EQ(run_.CloneGraph().status().code(),
              sdk::Code::kFailedPrecondition);
  }).join();
  EXPECT_THAT(tiny_.sink().misbehaviours,
              ElementsAre(HasSubstr("called from a training hook"),
                          HasSubstr("called from a thread")));
}

TEST_F(ServicesTest, RemovesChannelsEverywhereTheyAppear) {
  ASSERT_OK_ASSIGN(const sdk::Groups groups, run_.FindGroups(run_.graph()));
  ASSERT_GT(groups.size(), 0u);
  std::vector<std::vector<int64_t>> removed(groups.size());
  for (size_t g = 0; g < groups.size(); ++g) {
    EXPECT_FALSE(groups[g].axes.empty());
    removed[g] = {0, groups[g].channels - 1};
  }
  ASSERT_OK_ASSIGN(sdk::Parameters set, run_.CloneParameters());
  ASSERT_OK_ASSIGN(const sdk::Cost before, run_.Cost(run_.graph(), set));
  ASSERT_OK_ASSIGN(const sdk::Graph small,
                   groups.Remove(run_.graph(), removed, {&set}));
  ASSERT_OK_ASSIGN(const sdk::Cost after, run_.Cost(small, set));
  EXPECT_LT(after.macs, before.macs * 7 / 10);
  EXPECT_LT(after.parameters, before.parameters);
  ASSERT_OK(run_.Evaluate(small, set).status());
  ASSERT_OK(run_.Recalibrate(small, &set, 2, "recalibrate"));
  ASSERT_OK(run_.Submit(run_.budgets()[0], small, set));
  EXPECT_THAT(tiny_.sink().candidates, SizeIs(1));
}

TEST_F(ServicesTest, TimesNetworksInTurns) {
  ASSERT_OK_ASSIGN(sdk::Parameters set, run_.CloneParameters());
  sdk::LatencyOptions options;
  options.seconds = 0.01;
  options.threads = 1;
  ASSERT_OK_ASSIGN(
      const std::vector<sdk::Latency> times,
      run_.Latencies({{run_.graph(), set}, {run_.graph(), set}}, options));
  ASSERT_THAT(times, SizeIs(2));
  for (const sdk::Latency& time : times) {
    EXPECT_EQ(time.threads, 1u);
    EXPECT_GE(time.queries, 32);
    EXPECT_GT(time.p10_ns, 0);
    EXPECT_LE(time.p10_ns, time.median_ns);
    EXPECT_LE(time.median_ns, time.p90_ns);
  }
  EXPECT_EQ(times[0].queries, times[1].queries);
  ASSERT_OK_ASSIGN(const auto none, run_.Latencies({}, options));
  EXPECT_TRUE(none.empty());
}

TEST_F(ServicesTest, RefusesToTimeWhatIsNoPlan) {
  ASSERT_OK_ASSIGN(sdk::Parameters set, run_.CloneParameters());
  const auto refused = [&](const sdk::LatencyOptions& options) {
    return std::string(
        run_.Latencies({{run_.graph(), set}}, options).status().message());
  };
  sdk::LatencyOptions options;
  options.batch = 0;
  EXPECT_THAT(refused(options), HasSubstr("batch: expected 1 or more, got 0"));
  options.batch = 1;
  options.threads = 100000;
  EXPECT_THAT(refused(options), HasSubstr("got 100000"));
  options.threads = 1;
  options.precision = "int8";  // of a network that has no integers
  EXPECT_THAT(refused(options), HasSubstr("a plan of precision int8"));
}

TEST_F(ServicesTest, RecalibrationMatchesTheBatchItSaw) {
  ASSERT_OK_ASSIGN(sdk::Parameters set, run_.CloneParameters());
  ASSERT_OK(run_.Recalibrate(run_.graph(), &set, 4, "recalibrate"));
  ASSERT_OK_ASSIGN(const auto variance, set.Floats("stem_norm.variance"));
  ASSERT_OK_ASSIGN(const auto before,
                   run_.parameters().Floats("stem_norm.variance"));
  EXPECT_EQ(before[0], 1.0f);
  EXPECT_NE(variance[0], 1.0f);
  EXPECT_GT(variance[0], 0.0f);
  EXPECT_EQ(run_.ledger().samples, 64);
}

TEST_F(ServicesTest, FoldsAndQuantizes) {
  ASSERT_OK_ASSIGN(sdk::Parameters set, run_.CloneParameters());
  ASSERT_OK_ASSIGN(const sdk::Graph folded,
                   run_.FoldBatchNorm(run_.graph(), &set));
  EXPECT_FALSE(set.Has("stem_norm.scale"));
  sdk::QuantizeOptions options;
  for (int n = 0; n < folded.node_count(); ++n) {
    const sdk::Node node = folded.node(n);
    if (node.op != "conv2d" && node.op != "linear") continue;
    options.activations.push_back({node.inputs[0], -4, 4});
    options.weights.push_back({node.inputs[1], {0.01f}});
  }
  ASSERT_OK_ASSIGN(const sdk::Graph quantized,
                   run_.Quantize(folded, &set, options));
  ASSERT_OK_ASSIGN(const sdk::View weights, set.Get("stem.weights"));
  EXPECT_EQ(weights.dl().dtype.bits, 8);
  ASSERT_OK_ASSIGN(const sdk::Cost cost, run_.Cost(quantized, set));
  EXPECT_EQ(cost.bits_per_weight, 8.0);
  ASSERT_OK(run_.Evaluate(quantized, set).status());
}

TEST_F(ServicesTest, ForeignAndFreedHandlesAreRefused) {
  ASSERT_OK_ASSIGN(sdk::Graph g, run_.CloneGraph());
  const assay_graph* stale = g.raw();
  g = sdk::Graph();
  const sdk::GraphRef ref(run_.services(), stale);
  EXPECT_EQ(run_.Clone(ref).status().code(), sdk::Code::kInvalidArgument);
  const sdk::GraphRef null(run_.services(), nullptr);
  EXPECT_THAT(run_.Clone(null).status().message(), HasSubstr("got null"));
  const TinyRun other;
  const sdk::GraphRef foreign(
      run_.services(), const_cast<TinyRun&>(other).host()->reference_graph());
  EXPECT_EQ(run_.Clone(foreign).status().code(), sdk::Code::kInvalidArgument);
}

TEST_F(ServicesTest, BuildingErrorsNameWhatIsWrong) {
  ASSERT_OK_ASSIGN(sdk::Graph g, run_.NewGraph("bad"));
  const sdk::ValueId x = g.Input("x", sdk::DType::kF32, {2, 3});
  g.Op("no_such_op", {x});
  EXPECT_THAT(g.status().message(), HasSubstr("no_such_op"));
  EXPECT_EQ(g.Op("relu", {x}), sdk::kNoValue);  // the first error sticks
}

class BudgetTest : public ServicesTest {
 protected:
  static TinyRunOptions Options() {
    TinyRunOptions options;
    ServedBudget sparse;
    sparse.id = "sparsity>=0.5";
    sparse.sparsity = 0.5;
    ServedBudget small;
    small.id = "macs_fraction<=0.5";
    small.macs_fraction = 0.5;
    ServedBudget bits;
    bits.id = "weight_bits<=8";
    bits.weight_bits = 8;
    options.budgets = {sparse, small, bits};
    options.allowance.steps = 20;
    options.allowance.evaluations = 1;
    return options;
  }
  BudgetTest() : ServicesTest(Options()) {}
};

TEST_F(BudgetTest, ChecksSayExpectedAndGot) {
  const std::vector<sdk::Budget> budgets = run_.budgets();
  ASSERT_THAT(budgets, SizeIs(3));
  EXPECT_EQ(budgets[0].sparsity, 0.5);
  EXPECT_EQ(budgets[1].macs_fraction, 0.5);
  EXPECT_EQ(budgets[2].weight_bits, 8);
  const char* words[] = {"expected a sparsity of at least 0.5, got 0 ",
                         "expected at most 0.5 of the reference's",
                         "expected at most 8 bits of weights, got 32"};
  for (size_t i = 0; i < 3; ++i) {
    const sdk::Status status =
        run_.Check(budgets[i], run_.graph(), run_.parameters());
    EXPECT_EQ(status.code(), sdk::Code::kFailedPrecondition);
    EXPECT_THAT(status.message(), HasSubstr(words[i]));
  }
}

TEST_F(BudgetTest, TheAllowanceIsAHardStop) {
  ASSERT_OK_ASSIGN(sdk::Parameters set, run_.CloneParameters());
  sdk::TrainOptions options;
  options.steps = 21;
  const sdk::Status status = run_.Train(run_.graph(), &set, options).status();
  EXPECT_EQ(status.code(), sdk::Code::kResourceExhausted);
  EXPECT_THAT(status.message(),
              HasSubstr("20 are allowed, 0 are spent, 21 more"));
  ASSERT_OK(run_.Evaluate(run_.graph(), set).status());
  EXPECT_EQ(run_.Evaluate(run_.graph(), set).status().code(),
            sdk::Code::kResourceExhausted);
}

TEST(ServiceLifetimeTest, ARunLeavesNoHandlesBehind) {
  TinyRun tiny;
  tiny.host()->Enter(MethodState::kRunning);
  {
    const sdk::Run run(tiny.host(), &assay_host::Find, sdk::Config());
    ASSERT_OK_ASSIGN(sdk::Graph g, run.CloneGraph());
    ASSERT_OK_ASSIGN(sdk::Parameters set, run.CloneParameters());
    for (const std::string& name : set.names()) {
      ASSERT_OK(set.Get(name).status());
    }
  }
  EXPECT_EQ(tiny.host()->handles().given(), 0);
  EXPECT_THAT(tiny.sink().misbehaviours, IsEmpty());
}

}  // namespace
}  // namespace assay
