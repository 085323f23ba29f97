#include "harness/dynamic/rewrites.h"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/cut.h"
#include "harness/dynamic/flow.h"
#include "harness/dynamic/straight_graph.h"
#include "harness/graph/cost.h"
#include "harness/graph/op_schema.h"
#include "harness/graph/reference.h"

namespace assay {
namespace {

// Results above this many elements are left to the run.
constexpr int64_t kFewElements = 4096;
constexpr int64_t kEndless = std::numeric_limits<int64_t>::max();

void Append(const Block& from, Block* to) {
  to->insert(to->end(), from.begin(), from.end());
}

Statement ConstantStatement(VariableId variable, Tensor value) {
  Statement statement;
  statement.kind = StatementKind::kConstant;
  statement.writes = {variable};
  statement.constant = std::move(value);
  return statement;
}

class Unroller {
 public:
  explicit Unroller(int64_t limit) : limit_(limit) {}

  Block InBlock(const Block& block) {
    Block out;
    for (const Statement& s : block) {
      if (!FallsThrough(out)) break;
      Append(InStatement(s), &out);
    }
    return out;
  }

 private:
  Block InStatement(const Statement& s) {
    Statement copy = s;
    copy.body = InBlock(s.body);
    copy.otherwise = InBlock(s.otherwise);
    const bool loop =
        s.kind == StatementKind::kWhile || s.kind == StatementKind::kFor;
    if (!loop || s.count > limit_ || !Affords(copy)) return {copy};
    if (s.kind == StatementKind::kWhile) return While(s, copy.body, 0);
    Block out;
    for (int64_t i = 0; i < s.count && FallsThrough(out); ++i) {
      AppendIndex(s, i, &out);
      Append(copy.body, &out);
    }
    return out;
  }

  // Takes what the loop is written out to off what is left.
  bool Affords(const Statement& loop) {
    int64_t one = 2;  // the index and the conditional
    ForEachStatement(loop.body, [&](const Statement&) { ++one; });
    if (loop.count > left_ / one) return false;
    left_ -= loop.count * one;
    return true;
  }

  // Conditionals for iteration `i` and those behind it, each within the one
  // before.
  static Block While(const Statement& loop, const Block& body, int64_t i) {
    Block out;
    AppendIndex(loop, i, &out);
    Statement conditional = loop;
    conditional.kind = StatementKind::kIf;
    conditional.count = 0;
    conditional.writes.clear();
    conditional.body = body;
    if (i + 1 < loop.count && FallsThrough(body)) {
      Append(While(loop, body, i + 1), &conditional.body);
    }
    out.push_back(std::move(conditional));
    return out;
  }

  static void AppendIndex(const Statement& loop, int64_t i, Block* to) {
    if (loop.writes.empty()) return;
    to->push_back(
        ConstantStatement(loop.writes[0], Tensor::From<int64_t>({}, {i})));
  }

  const int64_t limit_;
  int64_t left_ = kMostUnrolled;
};

// What is known of every variable; none where a run decides.
using Known = std::vector<std::optional<Tensor>>;

class Propagator {
 public:
  explicit Propagator(const DynamicGraph& graph) : graph_(graph) {}

  absl::StatusOr<DynamicGraph> Run() {
    Known known(graph_.variables.size());
    DynamicGraph out = graph_;
    ASSAY_ASSIGN_OR_RETURN(out.body, InBlock(graph_.body, &known));
    return out;
  }

 private:
  static std::optional<Tensor>& At(Known& known, VariableId id) {
    return known[static_cast<size_t>(id)];
  }

  absl::StatusOr<Block> InBlock(const Block& block, Known* known) {
    Block out;
    for (const Statement& s : block) {
      if (!FallsThrough(out)) break;
      ASSAY_ASSIGN_OR_RETURN(const Block rewritten, InStatement(s, known));
      Append(rewritten, &out);
    }
    return out;
  }

  absl::StatusOr<Block> InStatement(const Statement& s, Known* known) {
    switch (s.kind) {
      case StatementKind::kConstant:
        At(*known, s.writes[0]) = s.constant;
        return Block{s};
      case StatementKind::kCopy:
        At(*known, s.writes[0]) = At(*known, s.reads[0]);
        return Block{s};
      case StatementKind::kRun:
        return InRun(s, known);
      case StatementKind::kIf:
        return InIf(s, known);
      case StatementKind::kFor:
      case StatementKind::kWhile:
        return InLoop(s, known);
      case StatementKind::kReturn:
        break;
    }
    return Block{s};
  }

  static bool Computable(const Graph& piece) {
    int64_t elements = 0;
    for (NodeId id = 0; id < piece.node_count(); ++id) {
      if (piece.ops().Find(piece.node(id).op)->reference == nullptr) {
        return false;
      }
      for (const ValueId v : piece.node(id).outputs) {
        elements += ElementCount(piece.shape(v));
      }
    }
    return elements <= kFewElements && piece.parameters().empty();
  }

  absl::StatusOr<Block> InRun(const Statement& s, Known* known) {
    VariableTypes types(known->size());
    bool all = true;
    for (const VariableId id : s.reads) {
      const std::optional<Tensor>& value = At(*known, id);
      all = all && value.has_value();
      if (!all) break;
      types[static_cast<size_t>(id)] =
          TensorType{value->dtype(), value->shape()};
    }
    for (const VariableId id : s.writes) {
      if (!all || !Computable(*s.piece)) At(*known, id).reset();
    }
    if (!all || !Computable(*s.piece)) return Block{s};
    ASSAY_ASSIGN_OR_RETURN(
        const StraightGraph joined,
        JoinStraight(graph_, {&s, 1}, types, [](VariableId) { return true; }));
    std::map<std::string, Tensor> inputs;
    for (size_t i = 0; i < joined.reads.size(); ++i) {
      inputs[absl::StrCat("arg.", i)] = *At(*known, joined.reads[i]);
    }
    ASSAY_ASSIGN_OR_RETURN(Evaluation evaluation,
                           Evaluate(joined.graph, inputs, {}));
    Block out;
    for (size_t i = 0; i < joined.writes.size(); ++i) {
      Tensor& value = evaluation.outputs[absl::StrCat("result.", i)];
      At(*known, joined.writes[i]) = value;
      out.push_back(ConstantStatement(joined.writes[i], value));
    }
    return out;
  }

  absl::StatusOr<Block> InIf(const Statement& s, Known* known) {
    if (const auto& value = At(*known, s.predicate.source)) {
      ASSAY_ASSIGN_OR_RETURN(const auto verdicts, Judge(s.predicate, *value));
      if (verdicts.size() == 1) {
        return InBlock(verdicts[0].holds ? s.body : s.otherwise, known);
      }
    }
    Statement copy = s;
    Known within = *known, without = *known;
    ASSAY_ASSIGN_OR_RETURN(copy.body, InBlock(s.body, &within));
    ASSAY_ASSIGN_OR_RETURN(copy.otherwise, InBlock(s.otherwise, &without));
    if (!FallsThrough(copy.body)) within = without;
    if (!FallsThrough(copy.otherwise)) without = within;
    for (size_t i = 0; i < known->size(); ++i) {
      const bool same =
          within[i] && without[i] && BitEqual(*within[i], *without[i]);
      (*known)[i] = same ? within[i] : std::nullopt;
    }
    return Block{copy};
  }

  // What a body assigns is not known in it, nor behind it.
  absl::StatusOr<Block> InLoop(const Statement& s, Known* known) {
    const auto forget = [&](const Statement& inner) {
      for (const VariableId id : inner.writes) At(*known, id).reset();
    };
    forget(s);
    ForEachStatement(s.body, forget);
    Known within = *known;
    Statement copy = s;
    ASSAY_ASSIGN_OR_RETURN(copy.body, InBlock(s.body, &within));
    return Block{copy};
  }

  const DynamicGraph& graph_;
};

// The nodes of pieces as statements; a piece that stands several times shares
// its parts.
class NodeSplitter {
 public:
  explicit NodeSplitter(DynamicGraph* graph) : graph_(*graph) {}

  absl::StatusOr<Block> Split(const Block& block) {
    Block out;
    for (const Statement& s : block) {
      if (s.kind == StatementKind::kRun) {
        ASSAY_RETURN_IF_ERROR(SplitRun(s, &out));
        continue;
      }
      Statement copy = s;
      ASSAY_ASSIGN_OR_RETURN(copy.body, Split(s.body));
      ASSAY_ASSIGN_OR_RETURN(copy.otherwise, Split(s.otherwise));
      out.push_back(std::move(copy));
    }
    return out;
  }

 private:
  absl::Status SplitRun(const Statement& s, Block* out) {
    const Graph& piece = *s.piece;
    std::map<ValueId, VariableId> variables;
    for (size_t i = 0; i < s.reads.size(); ++i) {
      variables[piece.inputs()[i]] = s.reads[i];
    }
    for (NodeId id = 0; id < piece.node_count(); ++id) {
      ASSAY_ASSIGN_OR_RETURN(Statement part, Part(s.piece, id));
      for (const ValueId input : Activations(piece, piece.node(id))) {
        part.reads.push_back(variables.at(input));
      }
      for (const ValueId output : piece.node(id).outputs) {
        variables[output] = graph_.NewVariable(piece.value(output).name);
        part.writes.push_back(variables[output]);
      }
      out->push_back(std::move(part));
    }
    return SetResults(s, variables, out);
  }

  // All results at once: they may be operands that others overwrite.
  absl::Status SetResults(const Statement& s,
                          const std::map<ValueId, VariableId>& variables,
                          Block* out) {
    Statement ends = s;
    ends.reads.clear();
    auto piece = std::make_shared<Graph>(s.piece->ops());
    for (const Graph::Output& output : s.piece->outputs()) {
      const Value& value = s.piece->value(output.value);
      const auto variable = variables.find(output.value);
      ValueId end = kNoValue;
      if (variable != variables.end()) {
        ASSAY_ASSIGN_OR_RETURN(
            end,
            piece->AddInput(absl::StrCat("x.", ends.reads.size()), value.type));
        ends.reads.push_back(variable->second);
      } else if (value.kind == ValueKind::kConstant) {
        end = piece->AddConstant(value.constant);
      } else {
        ASSAY_ASSIGN_OR_RETURN(end,
                               piece->AddParameter(value.name, value.type));
      }
      ASSAY_RETURN_IF_ERROR(piece->AddOutput(output.name, end));
    }
    ends.piece = std::move(piece);
    out->push_back(std::move(ends));
    return absl::OkStatus();
  }

  // Operands that are neither parameters nor constants, each once.
  static std::vector<ValueId> Activations(const Graph& piece,
                                          const Node& node) {
    std::vector<ValueId> ids;
    for (const ValueId id : node.inputs) {
      if (id == kNoValue || piece.value(id).kind == ValueKind::kParameter ||
          piece.value(id).kind == ValueKind::kConstant ||
          std::find(ids.begin(), ids.end(), id) != ids.end()) {
        continue;
      }
      ids.push_back(id);
    }
    return ids;
  }

  absl::StatusOr<Statement> Part(const std::shared_ptr<const Graph>& whole,
                                 NodeId id) {
    Statement statement;
    statement.kind = StatementKind::kRun;
    std::shared_ptr<const Graph>& part = parts_[{whole.get(), id}];
    if (part == nullptr) {
      const Node& node = whole->node(id);
      std::vector<CutEnd> inputs, outputs;
      for (const ValueId input : Activations(*whole, node)) {
        inputs.push_back({absl::StrCat("x.", inputs.size()), input});
      }
      for (const ValueId output : node.outputs) {
        outputs.push_back({absl::StrCat("y.", outputs.size()), output});
      }
      ASSAY_ASSIGN_OR_RETURN(Graph cut,
                             CutPiece(*whole, node.op, inputs, outputs));
      part = std::make_shared<const Graph>(std::move(cut));
    }
    statement.piece = part;
    return statement;
  }

  DynamicGraph& graph_;
  std::map<std::pair<const Graph*, NodeId>, std::shared_ptr<const Graph>>
      parts_;
};

absl::StatusOr<Block> Follow(
    const Block& block, const std::function<bool(const Statement&)>& choose) {
  Block out;
  for (const Statement& s : block) {
    if (!FallsThrough(out)) break;
    if (s.kind == StatementKind::kFor || s.kind == StatementKind::kWhile) {
      return absl::FailedPreconditionError(
          "a path was asked for, and a loop is not unrolled");
    }
    if (s.kind != StatementKind::kIf) {
      out.push_back(s);
      continue;
    }
    ASSAY_ASSIGN_OR_RETURN(const Block side,
                           Follow(choose(s) ? s.body : s.otherwise, choose));
    Append(side, &out);
  }
  return out;
}

int64_t Sum(int64_t a, int64_t b) {
  int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? kEndless : sum;
}
int64_t Product(int64_t a, int64_t b) {
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? kEndless : product;
}

// MACs from statement `at` of a block to the end of the run, where `rest` come
// behind the block; the choices made are kept by statement.
class LongestSearch {
 public:
  int64_t From(const Block& block, size_t at, int64_t rest) {
    if (at == block.size()) return rest;
    const Statement& s = block[at];
    if (s.kind == StatementKind::kReturn) return 0;
    const int64_t behind = From(block, at + 1, rest);
    if (s.kind == StatementKind::kIf) {
      const int64_t within = From(s.body, 0, behind);
      const int64_t without = From(s.otherwise, 0, behind);
      taken_[&s] = within > without;
      return std::max(within, without);
    }
    if (s.kind == StatementKind::kRun) return Sum(Macs(*s.piece), behind);
    if (IsStraight(s.kind)) return behind;
    return Sum(Product(s.count, From(s.body, 0, 0)), behind);
  }
  bool Taken(const Statement& s) const { return taken_.at(&s); }

 private:
  int64_t Macs(const Graph& piece) {
    const auto it = macs_.find(&piece);
    if (it != macs_.end()) return it->second;
    return macs_[&piece] = CostOf(piece).macs;
  }

  std::map<const Statement*, bool> taken_;
  std::map<const Graph*, int64_t> macs_;
};

}  // namespace

DynamicGraph Unroll(const DynamicGraph& graph, int64_t limit) {
  DynamicGraph out = graph;
  out.body = Unroller(limit).InBlock(graph.body);
  return out;
}

absl::StatusOr<DynamicGraph> PropagateConstants(const DynamicGraph& graph) {
  return Propagator(graph).Run();
}

absl::StatusOr<DynamicGraph> SplitNodes(const DynamicGraph& graph) {
  DynamicGraph out = graph;
  ASSAY_ASSIGN_OR_RETURN(out.body, NodeSplitter(&out).Split(graph.body));
  return out;
}

absl::StatusOr<DynamicGraph> FollowPath(
    const DynamicGraph& graph,
    const std::function<bool(const Statement&)>& choose) {
  DynamicGraph out = graph;
  ASSAY_ASSIGN_OR_RETURN(out.body, Follow(graph.body, choose));
  return out;
}

absl::StatusOr<DynamicGraph> LongestPath(const DynamicGraph& graph) {
  LongestSearch search;
  search.From(graph.body, 0, 0);
  return FollowPath(graph, [&](const Statement& s) { return search.Taken(s); });
}

int64_t LongestPathMacs(const DynamicGraph& graph) {
  return LongestSearch().From(graph.body, 0, 0);
}

}  // namespace assay
