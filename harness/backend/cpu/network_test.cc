// Whole networks on the cpu backend against the readable references.
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/reference/reference_device.h"
#include "harness/backend/session.h"
#include "harness/core/random.h"
#include "harness/graph/gradient.h"
#include "harness/graph/rewrites/training.h"
#include "harness/models/init.h"
#include "harness/models/registry.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

struct Network {
  Graph graph;
  ParameterStore parameters;
};

Network MakeNetwork(const std::string& name, int64_t batch) {
  ReferenceGraphOptions options;
  options.batch = batch;
  absl::StatusOr<ReferenceGraph> made =
      BuildReferenceGraph(name, StandardOps(), options);
  EXPECT_TRUE(made.ok()) << made.status();
  absl::StatusOr<ParameterStore> parameters =
      Initialise(made->graph, made->initialisers, 7);
  EXPECT_TRUE(parameters.ok()) << parameters.status();
  // Norms that do something.
  RandomStream stream(3, "norms");
  for (const std::string& p : parameters->Names()) {
    Tensor* value = parameters->Find(p);
    if (value->rank() == 1) {
      for (float& x : value->span<float>()) x += 0.2f * stream.Uniform();
    }
  }
  return {std::move(made->graph), *std::move(parameters)};
}

Tensor RandomInput(const TensorType& type, int64_t below) {
  RandomStream stream(11, "input");
  Tensor t(type.dtype, type.shape);
  if (type.dtype == DType::kS32) {
    for (int32_t& x : t.span<int32_t>()) {
      x = static_cast<int32_t>(stream.Below(static_cast<uint64_t>(below)));
    }
  } else {
    stream.FillNormal(t.span<float>(), 0, 1);
  }
  return t;
}

// Outputs, then parameters after the run, by name.
std::map<std::string, Tensor> RunOn(Device& device, const Graph& graph,
                                    const ParameterStore& store,
                                    int threads = 1, int runs = 1) {
  DeviceParameters parameters(&device);
  EXPECT_TRUE(parameters.Load(store).ok());
  absl::StatusOr<std::unique_ptr<Session>> session =
      Session::Make(&device, graph, &parameters, {.threads = threads});
  EXPECT_TRUE(session.ok()) << session.status();
  std::map<std::string, Tensor> results;
  if (!session.ok()) return results;
  for (const ValueId input : graph.inputs()) {
    const Value& value = graph.value(input);
    // Every network has at least two classes and ten tokens.
    const Tensor fed = RandomInput(value.type, value.name == "labels" ? 2 : 10);
    EXPECT_TRUE((*session)->Feed(value.name, fed).ok());
  }
  for (int i = 0; i < runs; ++i) {
    const absl::Status ran = (*session)->Run();
    EXPECT_TRUE(ran.ok()) << ran;
  }
  for (const Graph::Output& output : graph.outputs()) {
    results[output.name] = *(*session)->Fetch(output.name);
  }
  for (const std::string& name : store.Names()) {
    results[name] = *parameters.Get(name);
  }
  return results;
}

// Differences are judged against the largest magnitude of the tensor.
void ExpectClose(const std::map<std::string, Tensor>& expected,
                 const std::map<std::string, Tensor>& got, double tolerance) {
  for (const auto& [name, want] : expected) {
    if (want.dtype() != DType::kF32) continue;
    const Tensor& have = got.at(name);
    ASSERT_EQ(have.TypeString(), want.TypeString());
    double largest = 1e-3, worst = 0;
    for (int64_t i = 0; i < want.size(); ++i) {
      const double w = static_cast<double>(want.data<float>()[i]);
      const double h = static_cast<double>(have.data<float>()[i]);
      largest = std::max(largest, std::abs(w));
      const double difference = std::abs(w - h);
      worst = difference <= worst ? worst : difference;  // NaN counts
    }
    EXPECT_LE(worst, tolerance * largest) << name;
  }
}

// The training form with the loss and every parameter's gradient as outputs.
Graph WithGradients(const Graph& network) {
  absl::StatusOr<Graph> graph = ToTraining(
      network, {.batch_norm = BatchNormMode::kUpdate, .dropout = false});
  EXPECT_TRUE(graph.ok()) << graph.status();
  GraphBuilder b(&*graph);
  const ValueId logits = graph->outputs()[0].value;
  const Shape shape = graph->shape(logits);
  const int64_t rows = ElementCount(shape) / shape.back();
  const ValueId labels = b.Input("labels", DType::kS32, {rows});
  const ValueId loss = b.ReduceMean(
      b.Op("cross_entropy", {b.Reshape(logits, {rows, shape.back()}), labels}),
      {0}, false);
  b.Output("loss", loss);
  const std::vector<ValueId> sources = graph->parameters();
  absl::StatusOr<std::vector<ValueId>> gradients =
      AddGradients(&*graph, loss, kNoValue, sources);
  EXPECT_TRUE(gradients.ok()) << gradients.status();
  for (size_t i = 0; i < sources.size(); ++i) {
    if ((*gradients)[i] == kNoValue) continue;
    b.Output("gradient/" + graph->value(sources[i]).name, (*gradients)[i]);
  }
  EXPECT_TRUE(b.ok()) << b.status();
  return *std::move(graph);
}

class NetworkTest : public testing::TestWithParam<std::string> {};

TEST_P(NetworkTest, InfersAsTheReferences) {
  const Network net = MakeNetwork(GetParam(), 2);
  const std::unique_ptr<Device> cpu = MakeCpuDevice();
  const std::unique_ptr<Device> reference = MakeReferenceDevice();
  ExpectClose(RunOn(*reference, net.graph, net.parameters),
              RunOn(*cpu, net.graph, net.parameters), 2e-5);
}

TEST_P(NetworkTest, DifferentiatesAsTheReferences) {
  const Network net = MakeNetwork(GetParam(), 3);
  const Graph graph = WithGradients(net.graph);
  const std::unique_ptr<Device> cpu = MakeCpuDevice();
  const std::unique_ptr<Device> reference = MakeReferenceDevice();
  // Gradients cross ReLU's kink where rounding differs: a loose bound, and
  // elements stay comparable because the tensors are small.
  ExpectClose(RunOn(*reference, graph, net.parameters),
              RunOn(*cpu, graph, net.parameters), 2e-3);
}

TEST(TrainingTest, RepeatsToTheBitOnTwoThreads) {
  const Network net = MakeNetwork("resnet8", 3);
  const Graph graph = WithGradients(net.graph);
  const std::unique_ptr<Device> cpu = MakeCpuDevice();
  const std::map<std::string, Tensor> once =
      RunOn(*cpu, graph, net.parameters, 2, 2);
  const std::map<std::string, Tensor> again =
      RunOn(*cpu, graph, net.parameters, 2, 2);
  for (const auto& [name, value] : once) {
    EXPECT_TRUE(BitEqual(value, again.at(name))) << name;
  }
}

std::string TestName(const testing::TestParamInfo<std::string>& test) {
  std::string name;
  for (const char c : test.param) name += std::isalnum(c) ? c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, NetworkTest,
                         testing::Values("dscnn", "lenet5", "lmd-xs", "lme-xs",
                                         "resnet8", "tdnn"),
                         TestName);

}  // namespace
}  // namespace assay
