// Recomputation on a real step: the same bits from less memory.
#include "harness/graph/rewrites/recompute.h"

#include <cstring>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/session.h"
#include "harness/graph/gradient.h"
#include "harness/graph/reference.h"
#include "harness/graph/roles.h"
#include "harness/graph/testing/network_builder.h"
#include "harness/graph/testing/random_graph.h"
#include "harness/graph/verify.h"
#include "harness/testing/status_matchers.h"
#include "harness/train/step.h"

namespace assay {
namespace {

// A chain of `depth` residual blocks on [4, 8, 16, 16] with a dropout.
void BuildChain(NetworkBuilder& n, int depth) {
  ValueId x = n.Input("image", {4, 3, 16, 16});
  x = n.Relu(n.BatchNorm("stem.norm", n.Conv("stem", x, 8, 3)));
  for (int i = 0; i < depth; ++i) {
    const std::string name = absl::StrCat("block", i);
    ValueId y = n.Conv(name + ".conv1", x, 8, 3);
    y = n.b().Op("gelu", {n.BatchNorm(name + ".norm1", y)});
    y = n.BatchNorm(name + ".norm2", n.Conv(name + ".conv2", y, 8, 3));
    x = n.Relu(n.b().Add(x, y));
  }
  x = n.b().Op("dropout", {n.b().ReduceMean(x, {2, 3}, false)},
               {{"rate", 0.5}});
  n.Done(n.Linear("head", x, 5));
}

struct StepRun {
  int64_t scratch_bytes = 0;
  int nodes = 0;
  ParameterStore after;
};

// Three steps on the CPU.
void RunSteps(const Graph& network, const ParameterStore& start,
              StepOptions options, const std::map<std::string, Tensor>& feeds,
              StepRun* run) {
  ASSERT_OK_AND_ASSIGN(const Graph step, BuildStep(network, options));
  ASSERT_OK(Verify(step));
  run->nodes = step.node_count();
  const std::unique_ptr<Device> device = MakeCpuDevice();
  DeviceParameters parameters(device.get());
  for (const ValueId id : step.parameters()) {
    const Value& value = step.value(id);
    const Tensor* given = start.Find(value.name);
    ASSERT_OK(parameters.Set(
        value.name, given != nullptr
                        ? *given
                        : Tensor::Zeros(value.type.dtype, value.type.shape)));
  }
  ASSERT_OK_AND_ASSIGN(
      const std::unique_ptr<Session> session,
      Session::Make(device.get(), step, &parameters, {.threads = 1}));
  run->scratch_bytes = session->program().scratch_bytes();
  for (const auto& [name, value] : feeds) ASSERT_OK(session->Feed(name, value));
  for (int64_t i = 1; i <= 3; ++i) {
    for (const ValueId id : step.inputs()) {
      const std::string& name = step.value(id).name;
      if (name == "step") {
        ASSERT_OK(session->Feed(name, Tensor::From<int64_t>({}, {i})));
      }
      if (name == "learning_rate") {
        ASSERT_OK(session->Feed(name, Tensor::From<float>({}, {0.05f})));
      }
    }
    ASSERT_OK(session->Run());
  }
  ASSERT_OK(parameters.Save(&run->after));
}

void ExpectSameBits(const ParameterStore& a, const ParameterStore& b) {
  ASSERT_EQ(a.Names(), b.Names());
  for (const std::string& name : a.Names()) {
    const Tensor &x = *a.Find(name), &y = *b.Find(name);
    ASSERT_EQ(x.bytes(), y.bytes());
    EXPECT_EQ(std::memcmp(x.raw(), y.raw(), static_cast<size_t>(x.bytes())), 0)
        << name;
  }
}

class RecomputeTest : public ::testing::TestWithParam<bool> {};

TEST_P(RecomputeTest, AStepOnTheCpuIsTheSameWithLessMemory) {
  NetworkBuilder n(DType::kF32);
  BuildChain(n, 9);
  std::map<std::string, Tensor> feeds = n.Feeds();
  feeds["labels"] = Tensor::From<int32_t>({4}, {0, 1, 2, 4});
  StepOptions options;
  options.bf16 = GetParam();
  StepRun plain, lean;
  ASSERT_NO_FATAL_FAILURE(
      RunSteps(n.graph(), n.store(), options, feeds, &plain));
  options.recompute_segments = 3;
  ASSERT_NO_FATAL_FAILURE(
      RunSteps(n.graph(), n.store(), options, feeds, &lean));
  ExpectSameBits(lean.after, plain.after);
  EXPECT_GT(lean.nodes, plain.nodes);
  EXPECT_LT(lean.scratch_bytes * 10, plain.scratch_bytes * 7);
  RecordProperty("bytes", std::to_string(plain.scratch_bytes));
  RecordProperty("bytes_recomputed", std::to_string(lean.scratch_bytes));
}

INSTANTIATE_TEST_SUITE_P(Precisions, RecomputeTest, ::testing::Bool());

TEST(RecomputeGraphTest, RandomNetworksKeepTheirStepsToTheBit) {
  int recomputed = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    const RandomNetwork network = MakeRandomNetwork(seed, DType::kF32);
    const Graph& graph = network.graph();
    Shape rows = graph.shape(graph.FindOutput("logits"));
    rows.pop_back();
    std::map<std::string, Tensor> feeds = network.feeds;
    feeds["labels"] = Tensor::Zeros(DType::kS32, rows);
    StepOptions options;
    StepRun plain, lean;
    ASSERT_NO_FATAL_FAILURE(
        RunSteps(graph, network.store(), options, feeds, &plain));
    options.recompute_segments = 2 + static_cast<int>(seed % 3);
    ASSERT_NO_FATAL_FAILURE(
        RunSteps(graph, network.store(), options, feeds, &lean));
    ExpectSameBits(lean.after, plain.after);
    recomputed += lean.nodes - plain.nodes;
  }
  EXPECT_GT(recomputed, 300);
}

TEST(RecomputeGraphTest, CheapValuesOfAnySizeAreTheSame) {
  int recomputed = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    const RandomNetwork network = MakeRandomNetwork(seed, DType::kF64);
    Graph graph = network.graph();
    const ValueId logits = graph.FindOutput("logits");
    GraphBuilder b(&graph);
    std::vector<int64_t> axes(graph.shape(logits).size());
    std::iota(axes.begin(), axes.end(), 0);
    const ValueId loss =
        b.ReduceSum(b.Op("square", {logits}), axes, /*keep=*/false);
    ASSERT_OK_AND_ASSIGN(
        const std::vector<ValueId> gradients,
        AddGradients(&graph, loss, kNoValue, TrainableParameters(graph)));
    graph.ClearOutputs();
    for (const ValueId gradient : gradients) {
      if (gradient == kNoValue) continue;
      b.Output(absl::StrCat("gradient", gradient), gradient);
    }
    ASSERT_OK_AND_ASSIGN(const Recomputed lean, RecomputeCheap(graph, loss, 0));
    ASSERT_OK(Verify(lean.graph));
    recomputed += lean.graph.node_count() - graph.node_count();
    ASSERT_OK_AND_ASSIGN(const Evaluation want,
                         Evaluate(graph, network.feeds, network.store()));
    ASSERT_OK_AND_ASSIGN(const Evaluation got,
                         Evaluate(lean.graph, network.feeds, network.store()));
    ASSERT_EQ(want.outputs.size(), got.outputs.size());
    for (const auto& [name, value] : want.outputs) {
      const Tensor& other = got.outputs.at(name);
      ASSERT_EQ(value.bytes(), other.bytes());
      EXPECT_EQ(std::memcmp(value.raw(), other.raw(),
                            static_cast<size_t>(value.bytes())),
                0)
          << name;
    }
  }
  EXPECT_GT(recomputed, 20);
}

TEST(RecomputeGraphTest, CheapValuesAreNotKept) {
  NetworkBuilder n(DType::kF32);
  ValueId x = n.Input("image", {4, 8, 32, 32});
  for (int i = 0; i < 6; ++i) {
    const ValueId y = n.Conv(absl::StrCat("conv", i), x, 8, 3);
    x = n.b().Mul(y, n.b().Op("sigmoid", {y}));
  }
  n.Done(n.Linear("head", n.b().ReduceMean(x, {2, 3}, false), 5));
  std::map<std::string, Tensor> feeds = n.Feeds();
  feeds["labels"] = Tensor::From<int32_t>({4}, {0, 1, 2, 4});
  StepOptions options;
  StepRun plain, lean;
  ASSERT_NO_FATAL_FAILURE(
      RunSteps(n.graph(), n.store(), options, feeds, &plain));
  options.recompute_cheap = true;
  ASSERT_NO_FATAL_FAILURE(
      RunSteps(n.graph(), n.store(), options, feeds, &lean));
  ExpectSameBits(lean.after, plain.after);
  EXPECT_GT(lean.nodes, plain.nodes);
  EXPECT_LT(lean.scratch_bytes * 10, plain.scratch_bytes * 7);
}

TEST(RecomputeGraphTest, OneSegmentRecomputesNothing) {
  NetworkBuilder n;
  BuildResidualNetwork(n, 2);
  ASSERT_OK_AND_ASSIGN(const Recomputed same,
                       Recompute(n.graph(), n.graph().FindOutput("logits"), 1));
  EXPECT_EQ(same.graph.node_count(), n.graph().node_count());
  EXPECT_EQ(Recompute(n.graph(), n.graph().inputs()[0], 2).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(RecomputeCheap(n.graph(), n.graph().inputs()[0], 0).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace assay
