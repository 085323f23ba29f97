#include "harness/models/compose/testing.h"

#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/session.h"
#include "harness/core/random.h"
#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/graph/reference.h"
#include "harness/ops/ops.h"
#include "harness/ops/testing/gradient_check.h"
#include "harness/testing/compare.h"

namespace assay {
namespace {

struct Composed {
  Graph graph{StandardOps()};
  std::map<std::string, Tensor> feeds;
};

absl::StatusOr<Composed> Compose(const Composition& composition,
                                 const std::vector<Tensor>& operands) {
  Composed composed;
  GraphBuilder b(&composed.graph);
  std::vector<ValueId> inputs;
  for (const Tensor& operand : operands) {
    const std::string name = absl::StrCat("operand", inputs.size());
    inputs.push_back(b.Input(name, operand.dtype(), operand.shape()));
    composed.feeds[name] = operand;
  }
  const std::vector<ValueId> results = composition(b, inputs);
  ASSAY_RETURN_IF_ERROR(b.status());
  for (size_t i = 0; i < results.size(); ++i) {
    b.Output(absl::StrCat("result", i), results[i]);
  }
  ASSAY_RETURN_IF_ERROR(b.status());
  return composed;
}

absl::Status CheckOnCpu(const Composed& composed, int64_t terms) {
  ASSAY_ASSIGN_OR_RETURN(
      const Evaluation want,
      Evaluate(composed.graph, composed.feeds, ParameterStore()));
  const std::unique_ptr<Device> device = MakeCpuDevice();
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session,
                         Session::Make(device.get(), composed.graph, nullptr));
  for (const auto& [name, value] : composed.feeds) {
    ASSAY_RETURN_IF_ERROR(session->Feed(name, value));
  }
  ASSAY_RETURN_IF_ERROR(session->Run());
  for (const auto& [name, value] : want.outputs) {
    ASSAY_ASSIGN_OR_RETURN(const Tensor got, session->Fetch(name));
    ASSAY_RETURN_IF_ERROR(CompareTensors(value, got, terms));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Tensor>> EvaluateComposition(
    const Composition& composition, const std::vector<Tensor>& operands) {
  ASSAY_ASSIGN_OR_RETURN(const Composed composed,
                         Compose(composition, operands));
  ASSAY_ASSIGN_OR_RETURN(
      const Evaluation evaluation,
      Evaluate(composed.graph, composed.feeds, ParameterStore()));
  std::vector<Tensor> results;
  for (size_t i = 0; i < evaluation.outputs.size(); ++i) {
    results.push_back(evaluation.outputs.at(absl::StrCat("result", i)));
  }
  return results;
}

std::vector<double> ValuesOf(const Composition& composition,
                             const std::vector<Tensor>& operands) {
  const absl::StatusOr<std::vector<Tensor>> results =
      EvaluateComposition(composition, operands);
  if (!results.ok() || results->empty()) {
    ADD_FAILURE() << results.status();
    return {};
  }
  const Tensor wide = (*results)[0].Cast(DType::kF64);
  return {wide.data<double>(), wide.data<double>() + wide.size()};
}

std::vector<double> GradientOf(const Composition& composition,
                               const std::vector<Tensor>& operands,
                               size_t operand) {
  const auto gradient = [&]() -> absl::StatusOr<Tensor> {
    ASSAY_ASSIGN_OR_RETURN(Composed composed, Compose(composition, operands));
    Graph& graph = composed.graph;
    const ValueId target = graph.outputs()[0].value;
    Tensor seed(DType::kF32, graph.shape(target));
    std::iota(seed.span<float>().begin(), seed.span<float>().end(), 1.0f);
    GraphBuilder b(&graph);
    ASSAY_ASSIGN_OR_RETURN(
        const std::vector<ValueId> gradients,
        AddGradients(&graph, target, b.Constant(std::move(seed)),
                     {graph.inputs()[operand]}));
    graph.ClearOutputs();
    b.Output("gradient", gradients[0]);
    ASSAY_RETURN_IF_ERROR(b.status());
    ASSAY_ASSIGN_OR_RETURN(const Evaluation evaluation,
                           Evaluate(graph, composed.feeds, ParameterStore()));
    return evaluation.outputs.at("gradient");
  }();
  if (!gradient.ok()) {
    ADD_FAILURE() << gradient.status();
    return {};
  }
  const Tensor wide = gradient->Cast(DType::kF64);
  return {wide.data<double>(), wide.data<double>() + wide.size()};
}

absl::Status CheckComposition(const Composition& composition,
                              const std::vector<Tensor>& operands,
                              int64_t terms, int order) {
  ASSAY_ASSIGN_OR_RETURN(const Composed narrow, Compose(composition, operands));
  ASSAY_RETURN_IF_ERROR(CheckOnCpu(narrow, terms));
  std::vector<Tensor> wide;
  for (const Tensor& operand : operands) {
    const bool real = operand.dtype() == DType::kF32;
    wide.push_back(real ? operand.Cast(DType::kF64) : operand);
  }
  ASSAY_ASSIGN_OR_RETURN(const Composed composed, Compose(composition, wide));
  for (int i = 1; i <= order; ++i) {
    ASSAY_RETURN_IF_ERROR(CheckGradient(composed.graph, composed.feeds, 7, i));
  }
  return absl::OkStatus();
}

Tensor RandomTensor(const Shape& shape, double low, double high) {
  RandomStream random(1, absl::StrCat("compose", ToString(shape), low, high));
  Tensor tensor(DType::kF32, shape);
  for (float& value : tensor.span<float>()) {
    value = static_cast<float>(low + (high - low) * random.UniformDouble());
  }
  return tensor;
}

}  // namespace assay
