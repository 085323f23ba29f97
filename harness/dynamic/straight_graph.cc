#include "harness/dynamic/straight_graph.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"
#include "harness/graph/rewrites/prune_dead.h"

namespace assay {
namespace {

// Dead nodes, and inputs that nothing reads then; the others take their
// numbers.
absl::Status DropDead(StraightGraph* joined) {
  ASSAY_ASSIGN_OR_RETURN(const Graph pruned, PruneDead(joined->graph));
  const std::vector<std::vector<NodeId>> readers = ConsumerIndex(pruned);
  std::vector<bool> live(static_cast<size_t>(pruned.value_count()));
  for (size_t i = 0; i < live.size(); ++i) live[i] = !readers[i].empty();
  for (const Graph::Output& output : pruned.outputs()) {
    live[static_cast<size_t>(output.value)] = true;
  }
  std::vector<VariableId> reads;
  CopyHooks hooks;
  hooks.leaf = [&](GraphCopier& copier, ValueId id) -> absl::StatusOr<bool> {
    if (pruned.value(id).kind != ValueKind::kInput) return false;
    if (!live[static_cast<size_t>(id)]) return true;
    copier.Set(id, copier.b().Input(absl::StrCat("arg.", reads.size()),
                                    pruned.type(id).dtype, pruned.shape(id)));
    const auto& inputs = pruned.inputs();
    const auto place = std::find(inputs.begin(), inputs.end(), id);
    reads.push_back(joined->reads[static_cast<size_t>(place - inputs.begin())]);
    return true;
  };
  ASSAY_ASSIGN_OR_RETURN(joined->graph, CopyGraph(pruned, hooks));
  joined->reads = std::move(reads);
  return absl::OkStatus();
}

class Joiner {
 public:
  Joiner(const DynamicGraph& from, const VariableTypes& types)
      : from_(from),
        types_(types),
        values_(from.variables.size(), kNoValue),
        joined_{Graph(*from.ops), {}, {}} {}

  absl::Status Append(const Statement& s) {
    if (s.kind == StatementKind::kConstant) {
      At(s.writes[0]) = graph().AddConstant(s.constant);
      return absl::OkStatus();
    }
    std::vector<ValueId> arguments;
    for (const VariableId id : s.reads) {
      ASSAY_ASSIGN_OR_RETURN(const ValueId value, Read(id));
      arguments.push_back(value);
    }
    if (s.kind == StatementKind::kCopy) {
      At(s.writes[0]) = arguments[0];
      return absl::OkStatus();
    }
    const absl::Status status = AppendPiece(s, arguments);
    if (status.ok()) return status;
    return absl::Status(status.code(), absl::StrCat("piece '", s.piece->name(),
                                                    "': ", status.message()));
  }

  absl::StatusOr<StraightGraph> Finish(const std::vector<VariableId>& writes) {
    for (const VariableId id : writes) {
      ASSAY_RETURN_IF_ERROR(graph().AddOutput(
          absl::StrCat("result.", joined_.writes.size()), At(id)));
      joined_.writes.push_back(id);
    }
    ASSAY_RETURN_IF_ERROR(DropDead(&joined_));
    return std::move(joined_);
  }

 private:
  Graph& graph() { return joined_.graph; }
  ValueId& At(VariableId id) { return values_[static_cast<size_t>(id)]; }

  absl::StatusOr<ValueId> Read(VariableId id) {
    if (At(id) != kNoValue) return At(id);
    const std::optional<TensorType>& type = types_[static_cast<size_t>(id)];
    if (!type) {
      return absl::InvalidArgumentError(absl::StrCat(
          "'", from_.NameOf(id), "' is read before it is assigned"));
    }
    ASSAY_ASSIGN_OR_RETURN(
        At(id),
        graph().AddInput(absl::StrCat("arg.", joined_.reads.size()), *type));
    joined_.reads.push_back(id);
    return At(id);
  }

  // Shapes may differ from the piece's own; element types and ranks may not.
  absl::Status CheckArgument(const Value& input, VariableId variable,
                             ValueId value) {
    const TensorType& got = graph().type(value);
    if (got.dtype == input.type.dtype &&
        got.shape.size() == input.type.shape.size()) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(
        absl::StrCat("input '", input.name, "' is '", from_.NameOf(variable),
                     "': expected a type like ", ToString(input.type), ", got ",
                     ToString(got)));
  }

  absl::Status AppendPiece(const Statement& s,
                           const std::vector<ValueId>& arguments) {
    const Graph& piece = *s.piece;
    std::vector<ValueId> map(static_cast<size_t>(piece.value_count()),
                             kNoValue);
    const auto at = [&](ValueId id) -> ValueId& {
      return map[static_cast<size_t>(id)];
    };
    for (size_t i = 0; i < arguments.size(); ++i) {
      const ValueId input = piece.inputs()[i];
      ASSAY_RETURN_IF_ERROR(
          CheckArgument(piece.value(input), s.reads[i], arguments[i]));
      at(input) = arguments[i];
    }
    for (ValueId id = 0; id < piece.value_count(); ++id) {
      const Value& value = piece.value(id);
      if (value.kind == ValueKind::kConstant) {
        at(id) = graph().AddConstant(value.constant, value.name);
      } else if (value.kind == ValueKind::kParameter) {
        ASSAY_ASSIGN_OR_RETURN(at(id),
                               graph().AddParameter(value.name, value.type));
      }
    }
    for (NodeId id = 0; id < piece.node_count(); ++id) {
      const Node& node = piece.node(id);
      std::vector<ValueId> operands;
      for (const ValueId input : node.inputs) {
        operands.push_back(input == kNoValue ? kNoValue : at(input));
      }
      ASSAY_ASSIGN_OR_RETURN(
          const NodeId copy,
          graph().AddNode(node.op, operands, node.attributes,
                          piece.value(node.outputs[0]).name));
      for (size_t i = 0; i < node.outputs.size(); ++i) {
        at(node.outputs[i]) = graph().node(copy).outputs[i];
      }
    }
    for (size_t i = 0; i < s.writes.size(); ++i) {
      At(s.writes[i]) = at(piece.outputs()[i].value);
    }
    return absl::OkStatus();
  }

  const DynamicGraph& from_;
  const VariableTypes& types_;
  std::vector<ValueId> values_;  // by variable
  StraightGraph joined_;
};

// The statements that something wanted needs, in order.
std::vector<const Statement*> Needed(
    absl::Span<const Statement> statements, size_t variables,
    const std::function<bool(VariableId)>& wanted,
    std::vector<VariableId>* writes) {
  std::vector<bool> written(variables), needed(variables);
  for (const Statement& s : statements) {
    for (const VariableId id : s.writes)
      written[static_cast<size_t>(id)] = true;
  }
  for (size_t i = 0; i < variables; ++i) {
    const VariableId id = static_cast<VariableId>(i);
    if (!written[i] || !wanted(id)) continue;
    needed[i] = true;
    writes->push_back(id);
  }
  std::vector<const Statement*> kept;
  for (auto s = statements.rbegin(); s != statements.rend(); ++s) {
    const bool any = std::any_of(
        s->writes.begin(), s->writes.end(),
        [&](VariableId id) { return needed[static_cast<size_t>(id)]; });
    if (!any) continue;
    for (const VariableId id : s->writes)
      needed[static_cast<size_t>(id)] = false;
    for (const VariableId id : s->reads) needed[static_cast<size_t>(id)] = true;
    kept.push_back(&*s);
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

}  // namespace

absl::StatusOr<StraightGraph> JoinStraight(
    const DynamicGraph& graph, absl::Span<const Statement> statements,
    const VariableTypes& types, const std::function<bool(VariableId)>& wanted) {
  std::vector<VariableId> writes;
  const std::vector<const Statement*> kept =
      Needed(statements, graph.variables.size(), wanted, &writes);
  Joiner joiner(graph, types);
  for (const Statement* s : kept) ASSAY_RETURN_IF_ERROR(joiner.Append(*s));
  return joiner.Finish(writes);
}

absl::Status KeepOutputs(const std::vector<bool>& keep, StraightGraph* graph) {
  const std::vector<Graph::Output> outputs = graph->graph.outputs();
  std::vector<VariableId> writes;
  graph->graph.ClearOutputs();
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!keep[i]) continue;
    ASSAY_RETURN_IF_ERROR(graph->graph.AddOutput(
        absl::StrCat("result.", writes.size()), outputs[i].value));
    writes.push_back(graph->writes[i]);
  }
  graph->writes = std::move(writes);
  return DropDead(graph);
}

}  // namespace assay
