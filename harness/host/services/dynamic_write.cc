#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/cut.h"
#include "harness/dynamic/dynamic_text.h"
#include "harness/dynamic/dynamic_verify.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/host/services/dynamic_network.h"
#include "harness/host/services/graph_access.h"
#include "harness/host/services/tables.h"

namespace assay {
namespace {

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat("dynamic: ", parts...));
}

absl::StatusOr<assay_dynamic*> Writable(assay_host* host,
                                        assay_dynamic* network) {
  ASSAY_ASSIGN_OR_RETURN(assay_dynamic * d,
                         host->handles().Find(network, "dynamic network"));
  if (!d->finished) return d;
  return absl::FailedPreconditionError(
      "dynamic: the network is finished; nothing can be added");
}

absl::Status CheckVariable(const assay_dynamic& d, int32_t variable) {
  const size_t count = d.graph.variables.size();
  if (variable >= 0 && static_cast<size_t>(variable) < count) {
    return absl::OkStatus();
  }
  return Invalid("variable ", variable, " does not exist; there are ", count);
}

absl::Status CheckVariables(const assay_dynamic& d, const int32_t* variables,
                            uint64_t count) {
  if (variables == nullptr && count > 0) {
    return Invalid("expected ", count, " variables, got null");
  }
  for (uint64_t i = 0; i < count; ++i) {
    ASSAY_RETURN_IF_ERROR(CheckVariable(d, variables[i]));
  }
  return absl::OkStatus();
}

void Append(assay_dynamic* d, Statement statement) {
  Block* block = &d->graph.body;
  if (!d->open.empty()) {
    assay_dynamic::Open& open = d->open.back();
    block = open.otherwise ? &open.statement.otherwise : &open.statement.body;
  }
  block->push_back(std::move(statement));
}

// *to, or a new variable.
absl::Status Target(assay_dynamic* d, absl::string_view name, int32_t* to) {
  if (to == nullptr) return Invalid("expected a variable, got null");
  if (*to >= 0) return CheckVariable(*d, *to);
  *to = d->graph.NewVariable(name);
  return absl::OkStatus();
}

// A graph whose inputs are of batch 1, with the same values.
absl::StatusOr<Graph> ForOne(const Graph& graph) {
  bool one = true;
  for (const ValueId id : graph.inputs()) {
    one = one && (graph.shape(id).empty() || graph.shape(id)[0] == 1);
  }
  if (one) return graph;
  ASSAY_ASSIGN_OR_RETURN(Graph rebatched, Rebatch(graph, 1));
  if (rebatched.value_count() == graph.value_count()) return rebatched;
  return absl::InternalError("dynamic: batch 1 has other values");
}

assay_status* Make(assay_host* host, const assay_graph* graph, assay_text name,
                   assay_dynamic** out) {
  return Serve(host, "dynamic.make", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    auto network = std::make_unique<assay_dynamic>();
    network->graph.name = Text(name);
    network->graph.ops = &g->graph.ops();
    for (const ValueId id : g->graph.inputs()) {
      const Value& input = g->graph.value(id);
      TensorType type = input.type;
      if (!type.shape.empty()) type.shape[0] = 1;
      network->graph.inputs.push_back(
          {input.name, type, network->graph.NewVariable(input.name)});
    }
    for (const Graph::Output& output : g->graph.outputs()) {
      network->graph.outputs.push_back(output.name);
    }
    *out = host->handles().Add(std::move(network));
    return absl::OkStatus();
  });
}

void Free(assay_host* host, assay_dynamic* network) {
  const absl::Status status = host->handles().Free(network, "dynamic.free");
  if (!status.ok()) host->sink().Misbehaviour(status.message());
}

int32_t Input(assay_host* host, const assay_dynamic* network, assay_text name) {
  const auto d = host->handles().Find(network, "dynamic network");
  if (!d.ok()) return ASSAY_NO_VALUE;
  for (const DynamicGraph::Input& input : (*d)->graph.inputs) {
    if (input.name == View(name)) return input.variable;
  }
  return ASSAY_NO_VALUE;
}

absl::Status CheckValues(const Graph& graph, const int32_t* values,
                         uint64_t count) {
  if (values == nullptr && count > 0) {
    return Invalid("expected ", count, " values, got null");
  }
  for (uint64_t i = 0; i < count; ++i) {
    if (values[i] >= 0 && values[i] < graph.value_count()) continue;
    return Invalid("value ", values[i], " does not exist; the graph has ",
                   graph.value_count());
  }
  return absl::OkStatus();
}

std::vector<CutEnd> Ends(const Graph& graph, const int32_t* values,
                         uint64_t count) {
  std::vector<CutEnd> ends;
  for (uint64_t i = 0; i < count; ++i) {
    // A value may stand twice; names are unique.
    std::string name = graph.value(values[i]).name;
    for (const CutEnd& end : ends) {
      if (end.value == values[i]) name = absl::StrCat(name, "/", i);
    }
    ends.push_back({std::move(name), values[i]});
  }
  return ends;
}

absl::Status AddPiece(assay_dynamic* d, const Graph& graph,
                      const assay_piece& piece) {
  ASSAY_RETURN_IF_ERROR(CheckValues(graph, piece.from, piece.from_count));
  ASSAY_RETURN_IF_ERROR(CheckValues(graph, piece.to, piece.to_count));
  ASSAY_RETURN_IF_ERROR(CheckVariables(*d, piece.reads, piece.from_count));
  if (piece.to_count == 0 || piece.writes == nullptr) {
    return Invalid("a piece computes at least one value");
  }
  for (uint64_t i = 0; i < piece.to_count; ++i) {
    if (piece.writes[i] < 0) continue;
    ASSAY_RETURN_IF_ERROR(CheckVariable(*d, piece.writes[i]));
  }
  for (uint64_t i = 0; i < piece.from_count; ++i) {
    for (uint64_t j = 0; j < i; ++j) {
      if (piece.from[i] != piece.from[j]) continue;
      return Invalid("value ", piece.from[i], " stands twice where it begins");
    }
  }
  ASSAY_ASSIGN_OR_RETURN(const Graph one, ForOne(graph));
  ASSAY_ASSIGN_OR_RETURN(Graph cut,
                         CutPiece(one, graph.value(piece.to[0]).name,
                                  Ends(one, piece.from, piece.from_count),
                                  Ends(one, piece.to, piece.to_count)));
  Statement statement;
  statement.kind = StatementKind::kRun;
  statement.piece = std::make_shared<const Graph>(std::move(cut));
  statement.reads.assign(piece.reads, piece.reads + piece.from_count);
  for (uint64_t i = 0; i < piece.to_count; ++i) {
    ASSAY_RETURN_IF_ERROR(
        Target(d, graph.value(piece.to[i]).name, &piece.writes[i]));
    statement.writes.push_back(piece.writes[i]);
  }
  Append(d, std::move(statement));
  return absl::OkStatus();
}

assay_status* RunPiece(assay_host* host, assay_dynamic* network,
                       const assay_piece* piece) {
  return Serve(host, "dynamic.run_piece", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic * d, Writable(host, network));
    ASSAY_ASSIGN_OR_RETURN(const assay_piece p,
                           Receive(piece, assay_piece{}, "dynamic.run_piece"));
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, p.graph));
    return AddPiece(d, g->graph, p);
  });
}

assay_status* Copy(assay_host* host, assay_dynamic* network, int32_t from,
                   int32_t* to) {
  return Serve(host, "dynamic.copy", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic * d, Writable(host, network));
    ASSAY_RETURN_IF_ERROR(CheckVariable(*d, from));
    ASSAY_RETURN_IF_ERROR(Target(d, d->graph.NameOf(from), to));
    Statement statement;
    statement.kind = StatementKind::kCopy;
    statement.reads = {from};
    statement.writes = {*to};
    Append(d, std::move(statement));
    return absl::OkStatus();
  });
}

assay_status* Constant(assay_host* host, assay_dynamic* network,
                       const assay_tensor* tensor, int32_t* to) {
  return Serve(host, "dynamic.constant", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic * d, Writable(host, network));
    ASSAY_ASSIGN_OR_RETURN(assay_tensor * t,
                           host->handles().Find(tensor, "tensor"));
    ASSAY_RETURN_IF_ERROR(Target(d, "constant", to));
    Statement statement;
    statement.kind = StatementKind::kConstant;
    statement.constant = t->tensor.Clone();
    statement.writes = {*to};
    Append(d, std::move(statement));
    return absl::OkStatus();
  });
}

absl::StatusOr<Predicate> ToPredicate(const assay_dynamic& d,
                                      const assay_condition* condition) {
  ASSAY_ASSIGN_OR_RETURN(
      const assay_condition c,
      Receive(condition, assay_condition{}, "dynamic: condition"));
  constexpr PredicateKind kKinds[] = {
      PredicateKind::kMaxProbability, PredicateKind::kMargin,
      PredicateKind::kEntropy,        PredicateKind::kGate,
      PredicateKind::kTokenEquals,    PredicateKind::kIsTrue};
  if (c.kind < 0 || c.kind > ASSAY_IF_TRUE) {
    return Invalid("expected a condition of kind 0 to ", ASSAY_IF_TRUE,
                   ", got ", c.kind);
  }
  ASSAY_RETURN_IF_ERROR(CheckVariable(d, c.variable));
  return Predicate{kKinds[c.kind], c.variable, c.threshold, c.token,
                   c.negated != 0};
}

// Open from here on.
absl::Status Begin(assay_dynamic* d, Statement statement) {
  if (d->open.size() >= size_t{kMostNestedBlocks}) {
    return Invalid("expected conditionals and loops of depth ",
                   kMostNestedBlocks, " at most");
  }
  d->open.push_back({std::move(statement), false});
  return absl::OkStatus();
}

// The same for what is decided.
absl::Status BeginSite(assay_dynamic* d, Statement statement, int32_t* site) {
  statement.site = d->sites;
  ASSAY_RETURN_IF_ERROR(Begin(d, std::move(statement)));
  if (site != nullptr) *site = d->sites;
  ++d->sites;
  return absl::OkStatus();
}

assay_status* BeginIf(assay_host* host, assay_dynamic* network,
                      const assay_condition* condition, int32_t* site) {
  return Serve(host, "dynamic.begin_if", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic * d, Writable(host, network));
    Statement statement;
    statement.kind = StatementKind::kIf;
    ASSAY_ASSIGN_OR_RETURN(statement.predicate, ToPredicate(*d, condition));
    return BeginSite(d, std::move(statement), site);
  });
}

assay_status* Otherwise(assay_host* host, assay_dynamic* network) {
  return Serve(host, "dynamic.otherwise", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic * d, Writable(host, network));
    if (d->open.empty() || d->open.back().otherwise ||
        d->open.back().statement.kind != StatementKind::kIf) {
      return absl::FailedPreconditionError(
          "dynamic.otherwise: expected an If that is open, and has none");
    }
    d->open.back().otherwise = true;
    return absl::OkStatus();
  });
}

absl::Status CheckBound(int64_t bound) {
  return bound >= 1
             ? absl::OkStatus()
             : Invalid("a loop: expected a bound of at least 1, got ", bound);
}

assay_status* BeginFor(assay_host* host, assay_dynamic* network, int64_t count,
                       int32_t* index) {
  return Serve(host, "dynamic.begin_for", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic * d, Writable(host, network));
    ASSAY_RETURN_IF_ERROR(CheckBound(count));
    Statement statement;
    statement.kind = StatementKind::kFor;
    statement.count = count;
    ASSAY_RETURN_IF_ERROR(Begin(d, std::move(statement)));
    if (index != nullptr) {
      *index = d->graph.NewVariable("index");
      d->open.back().statement.writes = {*index};
    }
    return absl::OkStatus();
  });
}

assay_status* BeginWhile(assay_host* host, assay_dynamic* network,
                         const assay_condition* condition, int64_t maximum,
                         int32_t* site) {
  return Serve(host, "dynamic.begin_while", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic * d, Writable(host, network));
    ASSAY_RETURN_IF_ERROR(CheckBound(maximum));
    Statement statement;
    statement.kind = StatementKind::kWhile;
    statement.count = maximum;
    ASSAY_ASSIGN_OR_RETURN(statement.predicate, ToPredicate(*d, condition));
    return BeginSite(d, std::move(statement), site);
  });
}

assay_status* End(assay_host* host, assay_dynamic* network) {
  return Serve(host, "dynamic.end", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic * d, Writable(host, network));
    if (d->open.empty()) {
      return absl::FailedPreconditionError(
          "dynamic.end: nothing is open that could end");
    }
    Statement statement = std::move(d->open.back().statement);
    d->open.pop_back();
    Append(d, std::move(statement));
    return absl::OkStatus();
  });
}

assay_status* GiveOutputs(assay_host* host, assay_dynamic* network,
                          const int32_t* variables, uint64_t count) {
  return Serve(host, "dynamic.give", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic * d, Writable(host, network));
    if (count != d->graph.outputs.size()) {
      return Invalid("expected ", d->graph.outputs.size(), " outputs, got ",
                     count);
    }
    ASSAY_RETURN_IF_ERROR(CheckVariables(*d, variables, count));
    Statement statement;
    statement.kind = StatementKind::kReturn;
    statement.reads.assign(variables, variables + count);
    Append(d, std::move(statement));
    return absl::OkStatus();
  });
}

assay_status* Finish(assay_host* host, assay_dynamic* network) {
  return Serve(host, "dynamic.finish", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_dynamic * d, Writable(host, network));
    if (!d->open.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("dynamic.finish: ", d->open.size(),
                       " conditionals or loops have no end"));
    }
    ASSAY_RETURN_IF_ERROR(VerifyDynamic(d->graph));
    d->finished = true;
    return absl::OkStatus();
  });
}

}  // namespace

absl::StatusOr<assay_dynamic*> FinishedDynamic(assay_host* host,
                                               const assay_dynamic* network) {
  ASSAY_ASSIGN_OR_RETURN(assay_dynamic * d,
                         host->handles().Find(network, "dynamic network"));
  if (d->finished) return d;
  return absl::FailedPreconditionError(
      "dynamic: expected a finished network, got one that is being written");
}

void FillWriting(assay_dynamic_table* table) {
  table->make = &Make;
  table->free = &Free;
  table->input = &Input;
  table->run_piece = &RunPiece;
  table->copy = &Copy;
  table->constant = &Constant;
  table->begin_if = &BeginIf;
  table->otherwise = &Otherwise;
  table->begin_for = &BeginFor;
  table->begin_while = &BeginWhile;
  table->end = &End;
  table->give = &GiveOutputs;
  table->finish = &Finish;
}

}  // namespace assay
