// The gradient of every network differentiates again: Hessian-vector products
// agree with differences of gradients, both in f64 by the references.
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/graph/gradient.h"
#include "harness/graph/reference.h"
#include "harness/graph/rewrites/prune_dead.h"
#include "harness/graph/rewrites/training.h"
#include "harness/graph/roles.h"
#include "harness/models/registry.h"
#include "harness/models/testing/small.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

constexpr int64_t kBatch = 3;
// Small, so that no ReLU of a network changes sides, which the many parameters
// of one move by more; rounding then costs about 1e-16 / step of the gradient.
double StepOf(const std::string& network) {
  return network == "transformer-base" ? 5e-10 : 2e-8;
}
constexpr double kTolerance = 1e-5;  // of the product's norm

// The same graph in f64.
absl::Status Widen(Graph* graph) {
  for (ValueId id = 0; id < graph->value_count(); ++id) {
    Value* value = graph->mutable_value(id);
    if (value->producer != kNoNode || value->type.dtype != DType::kF32)
      continue;
    value->type.dtype = DType::kF64;
    if (value->kind == ValueKind::kConstant) {
      value->constant = value->constant.Cast(DType::kF64);
    }
  }
  for (NodeId id = 0; id < graph->node_count(); ++id) {
    Node* node = graph->mutable_node(id);
    if (node->op == "cast" && node->attributes.Text("dtype", "") == "f32") {
      node->attributes.Set("dtype", std::string("f64"));
    }
  }
  return graph->InferTypes();
}

using Values = std::map<std::string, Tensor>;

ValueId Dot(GraphBuilder& b, ValueId x, ValueId y) {
  std::vector<int64_t> axes(b.ok() ? b.shape(x).size() : 0);
  std::iota(axes.begin(), axes.end(), 0);
  return b.ReduceSum(b.Mul(x, y), axes, false);
}

// The gradients of the loss of a network's training form as outputs called as
// the parameters; with `second` instead their products with the Hessian, for a
// direction given by the inputs "direction/NAME".
absl::StatusOr<Graph> Differentiated(const Graph& network, bool second) {
  ASSAY_ASSIGN_OR_RETURN(
      Graph graph, ToTraining(network, {.batch_norm = BatchNormMode::kBatch,
                                        .dropout = false}));
  ASSAY_ASSIGN_OR_RETURN(const ValueId loss, AttachSampleLoss(&graph));
  ASSAY_RETURN_IF_ERROR(Widen(&graph));
  const std::vector<ValueId> sources = TrainableParameters(graph);
  ASSAY_ASSIGN_OR_RETURN(std::vector<ValueId> results,
                         AddGradients(&graph, loss, kNoValue, sources));
  GraphBuilder b(&graph);
  if (second) {
    ValueId along = kNoValue;
    for (size_t i = 0; i < sources.size(); ++i) {
      const Value& source = graph.value(sources[i]);
      const ValueId direction =
          b.Input("direction/" + source.name, DType::kF64, source.type.shape);
      if (results[i] == kNoValue) continue;
      const ValueId term = Dot(b, results[i], direction);
      along = along == kNoValue ? term : b.Add(along, term);
    }
    ASSAY_RETURN_IF_ERROR(b.status());
    ASSAY_ASSIGN_OR_RETURN(results,
                           AddGradients(&graph, along, kNoValue, sources));
  }
  graph.ClearOutputs();
  for (size_t i = 0; i < sources.size(); ++i) {
    if (results[i] == kNoValue) continue;
    b.Output(graph.value(sources[i]).name, results[i]);
  }
  ASSAY_RETURN_IF_ERROR(b.status());
  return PruneDead(graph);
}

// Initial values in f64, norms and biases moved off 1 and 0.
absl::StatusOr<ParameterStore> Point(const ReferenceGraph& net) {
  ASSAY_ASSIGN_OR_RETURN(ParameterStore store,
                         Initialise(net.graph, net.initialisers, 1));
  for (const std::string& name : store.Names()) {
    Tensor value = store.Find(name)->Cast(DType::kF64);
    RandomStream stream(2, name);
    for (double& x : value.span<double>()) x += 0.1 * stream.UniformDouble();
    store.Set(name, value);
  }
  return store;
}

Values Direction(const Graph& network) {
  Values direction;
  for (const ValueId id : TrainableParameters(network)) {
    const Value& parameter = network.value(id);
    Tensor value(DType::kF64, parameter.type.shape);
    RandomStream stream(3, parameter.name);
    for (double& x : value.span<double>()) x = 2 * stream.UniformDouble() - 1;
    direction["direction/" + parameter.name] = std::move(value);
  }
  return direction;
}

ParameterStore Moved(const ParameterStore& point, const Values& direction,
                     double step) {
  ParameterStore moved;
  for (const auto& [name, value] : point.values()) {
    Tensor tensor = value.Clone();
    const auto along = direction.find("direction/" + name);
    if (along != direction.end()) {
      for (int64_t i = 0; i < tensor.size(); ++i) {
        tensor.data<double>()[i] += step * along->second.data<double>()[i];
      }
    }
    moved.Set(name, std::move(tensor));
  }
  return moved;
}

// ||product - (up - down) / (2 step)|| / ||product||; a parameter without a
// product counts as one of zeros.
double RelativeError(const Values& products, const Values& up,
                     const Values& down, double step) {
  double error = 0, norm = 0;
  for (const auto& [name, high] : up) {
    const auto product = products.find(name);
    const Tensor& low = down.at(name);
    for (int64_t i = 0; i < high.size(); ++i) {
      const double difference =
          (high.data<double>()[i] - low.data<double>()[i]) / (2 * step);
      const double value =
          product == products.end() ? 0 : product->second.data<double>()[i];
      error += (value - difference) * (value - difference);
      norm += value * value;
    }
  }
  return std::sqrt(error / norm);
}

std::vector<std::string> Networks(bool heavy) {
  std::vector<std::string> names;
  for (const std::string& name : ReferenceGraphNames()) {
    if (IsHeavyInF64(name) == heavy) names.push_back(name);
  }
  return names;
}

class HessianTest : public testing::TestWithParam<std::string> {};

TEST_P(HessianTest, ProductsAgreeWithDifferencesOfGradients) {
  ASSERT_OK_AND_ASSIGN(const ReferenceGraph net,
                       BuildSmall(GetParam(), kBatch));
  ASSERT_OK_AND_ASSIGN(const Graph first, Differentiated(net.graph, false));
  ASSERT_OK_AND_ASSIGN(const Graph second, Differentiated(net.graph, true));
  ASSERT_OK_AND_ASSIGN(const ParameterStore point, Point(net));
  Values inputs = SampleInputs(net.graph, 1);
  AddSampleTargets(net.graph, 1, &inputs);
  for (auto& [name, value] : inputs) {
    if (value.dtype() == DType::kF32) value = value.Cast(DType::kF64);
  }
  const Values direction = Direction(net.graph);
  const double step = StepOf(GetParam());
  ASSERT_OK_AND_ASSIGN(const Evaluation up,
                       Evaluate(first, inputs, Moved(point, direction, step)));
  ASSERT_OK_AND_ASSIGN(const Evaluation down,
                       Evaluate(first, inputs, Moved(point, direction, -step)));
  inputs.insert(direction.begin(), direction.end());
  ASSERT_OK_AND_ASSIGN(const Evaluation products,
                       Evaluate(second, inputs, point));
  const double error =
      RelativeError(products.outputs, up.outputs, down.outputs, step);
  RecordProperty("relative_error", absl::StrCat(error));
  EXPECT_LT(error, kTolerance);
}

std::string NameOf(const testing::TestParamInfo<std::string>& row) {
  return absl::StrReplaceAll(row.param, {{"-", "_"}});
}

INSTANTIATE_TEST_SUITE_P(Zoo, HessianTest, testing::ValuesIn(Networks(false)),
                         NameOf);
// Minutes and gigabytes; README.md says how to run them.
INSTANTIATE_TEST_SUITE_P(DISABLED_Heavy, HessianTest,
                         testing::ValuesIn(Networks(true)), NameOf);

}  // namespace
}  // namespace assay
