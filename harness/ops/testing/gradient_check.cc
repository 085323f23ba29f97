#include "harness/ops/testing/gradient_check.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/random.h"
#include "harness/core/status_macros.h"
#include "harness/graph/builder.h"
#include "harness/graph/gradient.h"
#include "harness/graph/reference.h"

namespace assay {
namespace {

constexpr double kStep = 1e-5;
constexpr double kTolerance = 1e-5;

using Feeds = std::map<std::string, Tensor>;

std::string NameOf(const Graph& graph, ValueId id) {
  return graph.value(id).name;
}

class Checker {
 public:
  Checker(Graph graph, Feeds feeds, std::vector<ValueId> sources, uint64_t seed)
      : graph_(std::move(graph)),
        feeds_(std::move(feeds)),
        sources_(std::move(sources)),
        random_(seed, "gradient_check") {}

  // Adds the function and its gradients to the graph.
  absl::Status Prepare(int order) {
    std::vector<ValueId> terms;
    for (const Graph::Output& output : graph_.outputs()) {
      terms.push_back(output.value);
    }
    graph_.ClearOutputs();
    for (int i = 0; i < order; ++i) {
      ASSAY_ASSIGN_OR_RETURN(function_, Combine(terms));
      ASSAY_ASSIGN_OR_RETURN(
          gradients_, AddGradients(&graph_, function_, kNoValue, sources_));
      terms = gradients_;
    }
    ASSAY_RETURN_IF_ERROR(graph_.AddOutput("function", function_));
    for (size_t i = 0; i < sources_.size(); ++i) {
      if (gradients_[i] == kNoValue) continue;
      ASSAY_RETURN_IF_ERROR(
          graph_.AddOutput(absl::StrCat("gradient", i), gradients_[i]));
    }
    return absl::OkStatus();
  }

  absl::Status Check() {
    ASSAY_ASSIGN_OR_RETURN(const Evaluation at_point, Run());
    for (size_t i = 0; i < sources_.size(); ++i) {
      const std::string name = NameOf(graph_, sources_[i]);
      const auto it = at_point.outputs.find(absl::StrCat("gradient", i));
      const Tensor gradient =
          it != at_point.outputs.end()
              ? it->second
              : Tensor::Zeros(DType::kF64, graph_.shape(sources_[i]));
      ASSAY_RETURN_IF_ERROR(CheckSource(name, gradient));
    }
    return absl::OkStatus();
  }

 private:
  // The sum of the float terms' products with random tensors.
  absl::StatusOr<ValueId> Combine(const std::vector<ValueId>& terms) {
    GraphBuilder b(&graph_);
    ValueId sum = kNoValue;
    for (const ValueId term : terms) {
      if (term == kNoValue || !IsFloat(b.dtype(term))) continue;
      Tensor seed(DType::kF64, b.shape(term));
      for (double& value : seed.span<double>()) {
        value = 2 * random_.UniformDouble() - 1;
      }
      const ValueId product = b.Mul(term, b.Constant(seed.Cast(b.dtype(term))));
      const ValueId part =
          b.Op("cast", {b.Op("reduce_sum", {product})}, {{"dtype", "f64"}});
      sum = sum == kNoValue ? part : b.Add(sum, part);
    }
    ASSAY_RETURN_IF_ERROR(b.status());
    if (sum == kNoValue) return absl::InternalError("nothing to differentiate");
    return sum;
  }

  absl::StatusOr<Evaluation> Run() {
    return Evaluate(graph_, feeds_, ParameterStore());
  }

  absl::StatusOr<double> FunctionWith(double& element, double value) {
    const double kept = std::exchange(element, value);
    absl::StatusOr<Evaluation> evaluation = Run();
    element = kept;
    ASSAY_RETURN_IF_ERROR(evaluation.status());
    return *evaluation->outputs.at("function").data<double>();
  }

  absl::Status CheckSource(const std::string& name, const Tensor& gradient) {
    double scale = 1;
    for (const double g : gradient.span<double>()) {
      scale = std::max(scale, std::abs(g));
    }
    double* elements = feeds_.at(name).data<double>();
    for (int64_t i = 0; i < gradient.size(); ++i) {
      const double x = elements[i];
      ASSAY_ASSIGN_OR_RETURN(const double above,
                             FunctionWith(elements[i], x + kStep));
      ASSAY_ASSIGN_OR_RETURN(const double below,
                             FunctionWith(elements[i], x - kStep));
      const double difference = (above - below) / (2 * kStep);
      const double got = gradient.data<double>()[i];
      if (!(std::abs(got - difference) <= kTolerance * scale)) {
        return absl::InternalError(
            absl::StrCat(name, ": element ", i, ": gradient ", got,
                         ", finite difference ", difference));
      }
    }
    return absl::OkStatus();
  }

  Graph graph_;
  Feeds feeds_;
  std::vector<ValueId> sources_, gradients_;
  RandomStream random_;
  ValueId function_ = kNoValue;
};

// The case's graph and operands, ready to be prepared.
absl::StatusOr<Checker> MakeChecker(const OpCase& op_case, DType dtype,
                                    size_t index) {
  ASSAY_ASSIGN_OR_RETURN(Graph graph, MakeCaseGraph(op_case, dtype));
  const std::vector<Tensor> operands = MakeOperands(op_case, dtype, index);
  Feeds feeds;
  std::vector<ValueId> sources;
  for (size_t i = 0; i < operands.size(); ++i) {
    const CaseOperand& operand = op_case.operands[i];
    if (operand.absent) continue;
    const std::string name = absl::StrCat("operand", i);
    feeds[name] = operands[i];
    if (IsFloat(operands[i].dtype()) && !operand.constant) {
      sources.push_back(graph.FindValue(name));
    }
  }
  return Checker(std::move(graph), std::move(feeds), std::move(sources), index);
}

}  // namespace

absl::Status CheckGradient(const OpCase& op_case, size_t index, int order) {
  ASSAY_ASSIGN_OR_RETURN(Checker checker,
                         MakeChecker(op_case, DType::kF64, index));
  ASSAY_RETURN_IF_ERROR(checker.Prepare(order));
  return checker.Check();
}

absl::Status CheckGradient(const Graph& graph,
                           const std::map<std::string, Tensor>& feeds,
                           uint64_t seed, int order) {
  std::vector<ValueId> sources;
  for (const ValueId input : graph.inputs()) {
    if (graph.type(input).dtype == DType::kF64) sources.push_back(input);
  }
  Checker checker(graph, feeds, std::move(sources), seed);
  ASSAY_RETURN_IF_ERROR(checker.Prepare(order));
  return checker.Check();
}

absl::Status CheckGradientTypes(const OpCase& op_case, DType dtype, int order) {
  ASSAY_ASSIGN_OR_RETURN(Checker checker, MakeChecker(op_case, dtype, 0));
  return checker.Prepare(order);
}

}  // namespace assay
