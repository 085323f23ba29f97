#include "harness/dynamic/interpreter.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/batch_rows.h"
#include "harness/dynamic/straight_graph.h"
#include "harness/graph/reference.h"

namespace assay {

class Interpreter::Machine {
 public:
  Machine(const DynamicGraph* graph, const ParameterStore* parameters)
      : graph_(*graph), parameters_(*parameters) {}

  absl::StatusOr<DynamicResult> Run(
      const std::map<std::string, Tensor>& inputs) {
    values_.assign(graph_.variables.size(), Tensor());
    path_.clear();
    for (const DynamicGraph::Input& input : graph_.inputs) {
      const auto it = inputs.find(input.name);
      if (it == inputs.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("input '", input.name, "' was not given"));
      }
      if (it->second.dtype() != input.type.dtype ||
          it->second.shape().size() != input.type.shape.size()) {
        return absl::InvalidArgumentError(absl::StrCat(
            "input '", input.name, "': expected a type like ",
            ToString(input.type), ", got ", it->second.TypeString()));
      }
      At(input.variable) = it->second;
    }
    returned_.clear();
    ASSAY_RETURN_IF_ERROR(RunBlock(graph_.body).status());
    DynamicResult result;
    for (size_t i = 0; i < graph_.outputs.size(); ++i) {
      result.outputs[graph_.outputs[i]] = returned_[i];
    }
    result.paths.push_back(std::move(path_));
    return result;
  }

 private:
  Tensor& At(VariableId id) { return values_[static_cast<size_t>(id)]; }

  // Whether the run has returned.
  absl::StatusOr<bool> RunBlock(const Block& block) {
    for (const Statement& s : block) {
      ASSAY_ASSIGN_OR_RETURN(const bool done, RunStatement(s));
      if (done) return true;
    }
    return false;
  }

  absl::StatusOr<bool> RunStatement(const Statement& s) {
    switch (s.kind) {
      case StatementKind::kRun:
        ASSAY_RETURN_IF_ERROR(RunPiece(s));
        return false;
      case StatementKind::kCopy:
        At(s.writes[0]) = At(s.reads[0]);
        return false;
      case StatementKind::kConstant:
        At(s.writes[0]) = s.constant;
        return false;
      case StatementKind::kReturn:
        for (const VariableId id : s.reads) returned_.push_back(At(id));
        return true;
      case StatementKind::kIf: {
        ASSAY_ASSIGN_OR_RETURN(const bool holds, Decide(s));
        return RunBlock(holds ? s.body : s.otherwise);
      }
      case StatementKind::kFor:
      case StatementKind::kWhile:
        return RunLoop(s);
    }
    return absl::InternalError("unknown statement");
  }

  absl::StatusOr<bool> RunLoop(const Statement& s) {
    for (int64_t i = 0; i < s.count; ++i) {
      if (!s.writes.empty()) {
        At(s.writes[0]) = Tensor::From<int64_t>({}, {i});
      }
      if (s.kind == StatementKind::kWhile) {
        ASSAY_ASSIGN_OR_RETURN(const bool holds, Decide(s));
        if (!holds) return false;
      }
      ASSAY_ASSIGN_OR_RETURN(const bool done, RunBlock(s.body));
      if (done) return true;
    }
    return false;
  }

  absl::StatusOr<bool> Decide(const Statement& s) {
    ASSAY_ASSIGN_OR_RETURN(const std::vector<Verdict> verdicts,
                           Judge(s.predicate, At(s.predicate.source)));
    if (verdicts.size() != 1) {
      return absl::InvalidArgumentError(absl::StrCat(
          "conditional ", s.site, " on '", graph_.NameOf(s.predicate.source),
          "': expected one decision, got ", verdicts.size()));
    }
    path_.push_back({s.site, verdicts[0].holds, verdicts[0].distance});
    return verdicts[0].holds;
  }

  absl::Status RunPiece(const Statement& s) {
    VariableTypes types(values_.size());
    std::string key;
    for (const VariableId id : s.reads) {
      types[static_cast<size_t>(id)] =
          TensorType{At(id).dtype(), At(id).shape()};
      absl::StrAppend(&key, At(id).TypeString(), ";");
    }
    const auto place = std::make_pair(&s, key);
    auto it = typed_.find(place);
    if (it == typed_.end()) {
      ASSAY_ASSIGN_OR_RETURN(StraightGraph joined,
                             JoinStraight(graph_, {&s, 1}, types,
                                          [](VariableId) { return true; }));
      it = typed_.emplace(place, std::move(joined)).first;
    }
    const StraightGraph& joined = it->second;
    std::map<std::string, Tensor> inputs;
    for (size_t i = 0; i < joined.reads.size(); ++i) {
      inputs[absl::StrCat("arg.", i)] = At(joined.reads[i]);
    }
    ASSAY_ASSIGN_OR_RETURN(Evaluation evaluation,
                           Evaluate(joined.graph, inputs, parameters_));
    for (size_t i = 0; i < joined.writes.size(); ++i) {
      At(joined.writes[i]) = evaluation.outputs[absl::StrCat("result.", i)];
    }
    return absl::OkStatus();
  }

  const DynamicGraph& graph_;
  const ParameterStore& parameters_;
  std::vector<Tensor> values_;  // by variable
  std::vector<Tensor> returned_;
  Path path_;
  std::map<std::pair<const Statement*, std::string>, StraightGraph> typed_;
};

Interpreter::Interpreter(const DynamicGraph* graph,
                         const ParameterStore* parameters)
    : machine_(std::make_unique<Machine>(graph, parameters)) {}

Interpreter::~Interpreter() = default;

absl::StatusOr<DynamicResult> Interpreter::Run(
    const std::map<std::string, Tensor>& inputs) {
  return machine_->Run(inputs);
}

absl::StatusOr<DynamicResult> Interpreter::RunEach(
    const std::map<std::string, Tensor>& inputs) {
  ASSAY_ASSIGN_OR_RETURN(const int64_t batch, BatchOf(inputs));
  DynamicResult all;
  for (int64_t sample = 0; sample < batch; ++sample) {
    std::map<std::string, Tensor> one;
    for (const auto& [name, value] : inputs) {
      one[name] = GatherRows(value, {sample});
    }
    ASSAY_ASSIGN_OR_RETURN(DynamicResult result, machine_->Run(one));
    all.paths.push_back(std::move(result.paths[0]));
    for (const auto& [name, value] : result.outputs) {
      if (value.rank() == 0) {
        return absl::InvalidArgumentError(absl::StrCat(
            "output '", name, "' has no batch: expected rank 1 or more"));
      }
      auto& whole = all.outputs[name];
      if (sample == 0) {
        Shape shape = value.shape();
        shape[0] = batch;
        whole = Tensor(value.dtype(), shape);
      }
      ScatterRows(value, {sample}, &whole);
    }
  }
  return all;
}

}  // namespace assay
