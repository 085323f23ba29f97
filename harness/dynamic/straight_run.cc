#include "harness/dynamic/straight_run.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/reference.h"

namespace assay {
namespace {

// The input of which `id` is a copy; kNoValue otherwise.
ValueId CopiedInput(const Graph& graph, ValueId id) {
  while (graph.value(id).kind == ValueKind::kResult) {
    const Node& node = graph.node(graph.value(id).producer);
    const bool copies = node.op == "identity" || node.op == "stop_gradient" ||
                        node.op == "dropout";
    if (!copies) return kNoValue;
    id = node.inputs[0];
  }
  return graph.value(id).kind == ValueKind::kInput ? id : kNoValue;
}

// By value: whether an input reaches it.
std::vector<bool> DependsOnInputs(const Graph& graph) {
  std::vector<bool> depends(static_cast<size_t>(graph.value_count()));
  for (const ValueId id : graph.inputs()) {
    depends[static_cast<size_t>(id)] = true;
  }
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node& node = graph.node(id);
    const bool any =
        std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId v) {
          return v != kNoValue && depends[static_cast<size_t>(v)];
        });
    for (const ValueId v : node.outputs) depends[static_cast<size_t>(v)] = any;
  }
  return depends;
}

absl::StatusOr<Tensor> ValueOfOutput(const StraightGraph& whole, size_t output,
                                     const ParameterStore& parameters) {
  StraightGraph one = whole;
  std::vector<bool> keep(whole.writes.size());
  keep[output] = true;
  ASSAY_RETURN_IF_ERROR(KeepOutputs(keep, &one));
  ASSAY_ASSIGN_OR_RETURN(Evaluation evaluation,
                         Evaluate(one.graph, {}, parameters));
  return evaluation.outputs.at("result.0");
}

// The node's statements and, where one runs a piece, a copy to itself of what
// passes through. Of rank 0 are the counters of loops, which are the host's.
Block WithPassing(const HcfgNode& node, const VariableTypes& types) {
  Block statements = node.statements;
  std::vector<bool> passes = node.live_in;
  bool runs = false;
  for (const Statement& s : node.statements) {
    runs = runs || s.piece != nullptr;
    for (const VariableId id : s.writes) {
      passes[static_cast<size_t>(id)] = false;
    }
  }
  for (size_t i = 0; i < passes.size(); ++i) {
    const bool passed = passes[i] && node.live_out[i] && types[i].has_value();
    if (!runs || !passed || types[i]->shape.empty()) continue;
    Statement copy;
    copy.kind = StatementKind::kCopy;
    copy.reads = copy.writes = {static_cast<VariableId>(i)};
    statements.push_back(std::move(copy));
  }
  return statements;
}

// Ascending, each once.
std::vector<VariableId> VariablesOf(absl::Span<const Statement> statements) {
  std::vector<VariableId> ids;
  for (const Statement& s : statements) {
    ids.insert(ids.end(), s.reads.begin(), s.reads.end());
    ids.insert(ids.end(), s.writes.begin(), s.writes.end());
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

// Equal for runs that differ in the variables' names alone: variables are
// their place among `variables`.
std::string KeyOf(const HcfgNode& node, absl::Span<const Statement> statements,
                  const std::vector<VariableId>& variables,
                  const VariableTypes& types) {
  std::string key;
  const auto append = [&](const std::vector<VariableId>& ids) {
    for (const VariableId id : ids) {
      const auto at = std::lower_bound(variables.begin(), variables.end(), id);
      absl::StrAppend(&key, at - variables.begin(), ",");
    }
    key += ";";
  };
  for (const Statement& s : statements) {
    absl::StrAppend(&key, static_cast<int>(s.kind), " ",
                    reinterpret_cast<uintptr_t>(s.piece.get()), " ");
    if (s.kind == StatementKind::kConstant) {
      absl::StrAppend(&key, s.constant.TypeString(),
                      reinterpret_cast<uintptr_t>(s.constant.raw()), " ");
    }
    append(s.reads);
    append(s.writes);
  }
  for (const VariableId id : variables) {
    const auto& type = types[static_cast<size_t>(id)];
    absl::StrAppend(&key, type ? ToString(*type) : "",
                    node.live_out[static_cast<size_t>(id)] ? "+" : "-");
  }
  return key;
}

}  // namespace

StraightRuns::StraightRuns(const DynamicGraph& frame,
                           const ParameterStore& parameters,
                           bool eliminate_copies)
    : frame_(frame),
      parameters_(parameters),
      eliminate_copies_(eliminate_copies) {}

absl::StatusOr<StraightRun> StraightRuns::Make(const HcfgNode& node,
                                               VariableTypes* types) {
  Block passing;
  if (!eliminate_copies_) passing = WithPassing(node, *types);
  const Block& statements = eliminate_copies_ ? node.statements : passing;
  const std::vector<VariableId> variables = VariablesOf(statements);
  const std::string key = KeyOf(node, statements, variables, *types);
  auto it = made_.find(key);
  if (it == made_.end()) {
    ASSAY_ASSIGN_OR_RETURN(Made made, MakeNew(node, statements, *types));
    made.variables = variables;
    it = made_.emplace(key, std::move(made)).first;
  }
  const Made& made = it->second;
  const auto renamed = [&](VariableId id) {
    const auto at =
        std::lower_bound(made.variables.begin(), made.variables.end(), id);
    return variables[static_cast<size_t>(at - made.variables.begin())];
  };
  StraightRun run = made.run;
  for (VariableId& id : run.reads) id = renamed(id);
  for (VariableId& id : run.writes) id = renamed(id);
  for (HostMove& move : run.moves) {
    move.to = renamed(move.to);
    if (move.from != kNoVariable) move.from = renamed(move.from);
  }
  for (const auto& [id, type] : made.assigned) {
    (*types)[static_cast<size_t>(renamed(id))] = type;
  }
  return run;
}

absl::StatusOr<StraightRuns::Made> StraightRuns::MakeNew(
    const HcfgNode& node, absl::Span<const Statement> statements,
    const VariableTypes& types) {
  ASSAY_ASSIGN_OR_RETURN(
      StraightGraph straight,
      JoinStraight(frame_, statements, types, [&](VariableId id) {
        return node.live_out[static_cast<size_t>(id)];
      }));
  Made made;
  for (size_t i = 0; i < straight.writes.size(); ++i) {
    made.assigned.emplace_back(
        straight.writes[i],
        straight.graph.type(straight.graph.outputs()[i].value));
  }
  if (eliminate_copies_) {
    ASSAY_ASSIGN_OR_RETURN(made.run.moves, EliminateCopies(&straight));
  }
  made.run.reads = std::move(straight.reads);
  made.run.writes = std::move(straight.writes);
  made.run.graph = std::make_shared<const Graph>(std::move(straight.graph));
  return made;
}

absl::StatusOr<std::vector<HostMove>> StraightRuns::EliminateCopies(
    StraightGraph* straight) const {
  const Graph& graph = straight->graph;
  const std::vector<bool> depends = DependsOnInputs(graph);
  std::vector<bool> keep(straight->writes.size(), true);
  std::vector<HostMove> moves;
  bool all = true;
  for (size_t i = 0; i < keep.size(); ++i) {
    const ValueId value = graph.outputs()[i].value;
    HostMove move{straight->writes[i], kNoVariable, std::nullopt};
    if (!depends[static_cast<size_t>(value)]) {
      ASSAY_ASSIGN_OR_RETURN(move.constant,
                             ValueOfOutput(*straight, i, parameters_));
    } else if (const ValueId input = CopiedInput(graph, value);
               input != kNoValue) {
      const auto& inputs = graph.inputs();
      const auto place = std::find(inputs.begin(), inputs.end(), input);
      move.from = straight->reads[static_cast<size_t>(place - inputs.begin())];
    } else {
      continue;
    }
    keep[i] = all = false;
    // A variable that keeps its value needs nothing.
    if (move.from != move.to) moves.push_back(std::move(move));
  }
  if (!all) ASSAY_RETURN_IF_ERROR(KeepOutputs(keep, straight));
  return moves;
}

}  // namespace assay
