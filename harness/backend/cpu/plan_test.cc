// Plans on the cpu backend against the references, and against each other.
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/cpu/cpu_features.h"
#include "harness/backend/session.h"
#include "harness/core/random.h"
#include "harness/graph/reference.h"
#include "harness/graph/rewrites/fold_batch_norm.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/graph/rewrites/quantize.h"
#include "harness/models/init.h"
#include "harness/models/registry.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

struct Network {
  Graph graph;
  ParameterStore parameters;
};

Network MakeNetwork(const std::string& name, int64_t batch = 2) {
  ReferenceGraphOptions options;
  options.batch = batch;
  auto made = BuildReferenceGraph(name, StandardOps(), options);
  EXPECT_TRUE(made.ok()) << made.status();
  auto parameters = Initialise(made->graph, made->initialisers, 7);
  EXPECT_TRUE(parameters.ok()) << parameters.status();
  return {std::move(made->graph), *std::move(parameters)};
}

Tensor RandomInput(const Graph& graph) {
  const TensorType& type = graph.type(graph.inputs()[0]);
  Tensor input(type.dtype, type.shape);
  RandomStream stream(4, "input");
  if (type.dtype == DType::kF32) {
    stream.FillNormal(input.span<float>(), 0, 1);
  } else {
    for (int32_t& token : input.span<int32_t>()) {
      token = static_cast<int32_t>(stream.Below(20));
    }
  }
  return input;
}

Tensor OnReference(const Graph& graph, const ParameterStore& parameters) {
  const std::string& name = graph.value(graph.inputs()[0]).name;
  auto run = Evaluate(graph, {{name, RandomInput(graph)}}, parameters);
  EXPECT_TRUE(run.ok()) << run.status();
  return run->outputs.at("logits");
}

Tensor OnCpu(const Graph& graph, const CpuOptions& options = {},
             int threads = 1) {
  const std::unique_ptr<Device> device = MakeCpuDevice(options);
  auto session =
      Session::Make(device.get(), graph, nullptr, {.threads = threads});
  EXPECT_TRUE(session.ok()) << session.status();
  const std::string& name = graph.value(graph.inputs()[0]).name;
  EXPECT_TRUE((*session)->Feed(name, RandomInput(graph)).ok());
  // Twice: nothing may be left over from a run.
  EXPECT_TRUE((*session)->Run().ok());
  EXPECT_TRUE((*session)->Run().ok());
  return *(*session)->Fetch("logits");
}

// Of a run whose steps are timed.
Tensor OnCpuTimed(const Graph& graph, const CpuOptions& options, int threads) {
  const std::unique_ptr<Device> device = MakeCpuDevice(options);
  auto session =
      Session::Make(device.get(), graph, nullptr, {.threads = threads});
  EXPECT_TRUE(session.ok()) << session.status();
  const std::string& name = graph.value(graph.inputs()[0]).name;
  EXPECT_TRUE((*session)->Feed(name, RandomInput(graph)).ok());
  std::vector<int64_t> times((*session)->program().steps().size(), -1);
  EXPECT_TRUE((*session)->RunTimed(absl::MakeSpan(times)).ok());
  EXPECT_GE(*std::min_element(times.begin(), times.end()), 0);
  return *(*session)->Fetch("logits");
}

// The largest difference, as a fraction of the largest magnitude.
double Difference(const Tensor& want, const Tensor& got) {
  double largest = 0, worst = 0;
  for (int64_t i = 0; i < want.size(); ++i) {
    const double w = static_cast<double>(want.data<float>()[i]);
    largest = std::max(largest, std::abs(w));
    worst = std::max(worst,
                     std::abs(w - static_cast<double>(got.data<float>()[i])));
  }
  return worst / largest;
}

// Grids from the values of one run of the folded network.
QuantizedNetwork QuantizeAll(const Network& net) {
  auto folded = FoldBatchNorm(net.graph, net.parameters);
  EXPECT_TRUE(folded.ok()) << folded.status();
  Graph probe = folded->graph;
  for (NodeId id = 0; id < probe.node_count(); ++id) {
    const ValueId v = probe.node(id).outputs[0];
    EXPECT_TRUE(probe.AddOutput("probe/" + probe.value(v).name, v).ok());
  }
  const std::string input = probe.value(probe.inputs()[0]).name;
  auto run = Evaluate(probe, {{input, RandomInput(probe)}}, folded->parameters);
  EXPECT_TRUE(run.ok()) << run.status();
  QuantizeOptions options;
  options.activations[input] = {-4, 4};
  for (const auto& [name, value] : run->outputs) {
    if (name.rfind("probe/", 0) != 0) continue;
    const auto span = value.span<float>();
    const auto [low, high] = std::minmax_element(span.begin(), span.end());
    options.activations[name.substr(6)] = {static_cast<double>(*low),
                                           static_cast<double>(*high)};
  }
  for (NodeId id = 0; id < folded->graph.node_count(); ++id) {
    const Node& node = folded->graph.node(id);
    if (node.op != "conv2d" && node.op != "linear") continue;
    const std::string& name = folded->graph.value(node.inputs[1]).name;
    options.weight_scales[name] =
        WeightScales(*folded->parameters.Find(name), true);
  }
  auto quantized = Quantize(folded->graph, folded->parameters, options);
  EXPECT_TRUE(quantized.ok()) << quantized.status();
  return *std::move(quantized);
}

class PlanTest : public testing::TestWithParam<const char*> {};

TEST_P(PlanTest, F32EqualsTheNetwork) {
  const Network net = MakeNetwork(GetParam());
  auto plan = LowerForInference(net.graph, net.parameters);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_LT(
      Difference(OnReference(net.graph, net.parameters), OnCpu(plan->graph)),
      1e-5);
}

TEST_P(PlanTest, Bf16StaysClose) {
  if (!cpu::HasNativeBf16()) GTEST_SKIP() << "no native bf16";
  const Network net = MakeNetwork(GetParam());
  LoweringOptions options;
  options.precision = FloatPrecision::kBf16;
  auto plan = LowerForInference(net.graph, net.parameters, options);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_LT(
      Difference(OnReference(net.graph, net.parameters), OnCpu(plan->graph)),
      0.05);
}

TEST_P(PlanTest, Int8IsTheReferencesToAStep) {
  if (!cpu::HasNativeInt8()) GTEST_SKIP() << "no native 8-bit products";
  const Network net = MakeNetwork(GetParam());
  const QuantizedNetwork quantized = QuantizeAll(net);
  auto plan = LowerForInference(quantized.graph, quantized.parameters);
  ASSERT_TRUE(plan.ok()) << plan.status();
  const Tensor got = OnCpu(plan->graph);
  // Ties may round either way and travel on.
  EXPECT_LT(Difference(OnReference(plan->graph, ParameterStore()), got), 0.02);
  EXPECT_LT(Difference(OnReference(net.graph, net.parameters), got), 0.1);
}

constexpr int64_t kWhole = 1000;

// All that a batch of 4 divides into, on one thread and two.
void ExpectStripsGiveTheWhole(const Graph& plan, double tolerance) {
  const Tensor whole = OnCpu(plan, {.strip_samples = kWhole});
  for (const int threads : {1, 2}) {
    for (const int64_t samples : {1, 2}) {
      SCOPED_TRACE(testing::Message()
                   << samples << " of 4 samples, " << threads << " threads");
      const CpuOptions options = {.strip_samples = samples};
      const Tensor strips = OnCpu(plan, options, threads);
      EXPECT_LE(Difference(whole, strips), tolerance);
      // Which thread takes a strip, and what it ran before, changes no bit.
      const Tensor again = OnCpuTimed(plan, options, threads);
      EXPECT_EQ(Difference(strips, again), 0);
      EXPECT_EQ(Difference(strips, OnCpu(plan, options, 1)), 0);
    }
  }
}

TEST_P(PlanTest, StripsGiveTheWhole) {
  const Network net = MakeNetwork(GetParam(), 4);
  for (const auto& [precision, tolerance] :
       {std::pair(FloatPrecision::kF32, 1e-5),
        std::pair(FloatPrecision::kBf16, 0.02)}) {
    if (precision == FloatPrecision::kBf16 && !cpu::HasNativeBf16()) continue;
    LoweringOptions options;
    options.precision = precision;
    auto plan = LowerForInference(net.graph, net.parameters, options);
    ASSERT_TRUE(plan.ok()) << plan.status();
    ExpectStripsGiveTheWhole(plan->graph, tolerance);
  }
}

TEST_P(PlanTest, Int8StripsGiveTheWhole) {
  if (!cpu::HasNativeInt8()) GTEST_SKIP() << "no native 8-bit products";
  const QuantizedNetwork quantized = QuantizeAll(MakeNetwork(GetParam(), 4));
  auto plan = LowerForInference(quantized.graph, quantized.parameters);
  ASSERT_TRUE(plan.ok()) << plan.status();
  ExpectStripsGiveTheWhole(plan->graph, 0.02);
}

std::string TestName(const testing::TestParamInfo<const char*>& test) {
  std::string name = test.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// Transformers: attention with masks of padding and of what comes later.
class AttentionPlanTest : public PlanTest {};

TEST_P(AttentionPlanTest, F32EqualsTheNetworkWithAndWithoutFusion) {
  const Network net = MakeNetwork(GetParam());
  const Tensor want = OnReference(net.graph, net.parameters);
  for (const bool fuse : {true, false}) {
    LoweringOptions options;
    options.fuse_attention = options.fuse_compositions = fuse;
    auto plan = LowerForInference(net.graph, net.parameters, options);
    ASSERT_TRUE(plan.ok()) << plan.status();
    bool fused = false;
    for (NodeId id = 0; id < plan->graph.node_count(); ++id) {
      fused = fused || plan->graph.node(id).op == "attention_fused";
    }
    EXPECT_EQ(fused, fuse);
    EXPECT_LT(Difference(want, OnCpu(plan->graph)), 2e-5);
  }
}

TEST_P(AttentionPlanTest, Bf16StaysClose) {
  if (!cpu::HasNativeBf16()) GTEST_SKIP() << "no native bf16";
  const Network net = MakeNetwork(GetParam());
  LoweringOptions options;
  options.precision = FloatPrecision::kBf16;
  auto plan = LowerForInference(net.graph, net.parameters, options);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_LT(
      Difference(OnReference(net.graph, net.parameters), OnCpu(plan->graph)),
      0.05);
}

TEST_P(AttentionPlanTest, StripsGiveTheWhole) {
  const Network net = MakeNetwork(GetParam(), 4);
  auto plan = LowerForInference(net.graph, net.parameters);
  ASSERT_TRUE(plan.ok()) << plan.status();
  ExpectStripsGiveTheWhole(plan->graph, 1e-5);
}

INSTANTIATE_TEST_SUITE_P(All, PlanTest,
                         testing::Values("dscnn", "lenet5", "resnet8",
                                         "resnet8-b", "tdnn"),
                         TestName);
INSTANTIATE_TEST_SUITE_P(All, AttentionPlanTest,
                         testing::Values("lmd-xs", "lme-s"), TestName);

}  // namespace
}  // namespace assay
