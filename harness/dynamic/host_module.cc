#include "harness/dynamic/host_module.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/dynamic_verify.h"
#include "harness/dynamic/hcfg.h"
#include "harness/dynamic/rewrites.h"
#include "harness/dynamic/straight_graph.h"
#include "harness/dynamic/straight_run.h"
#include "harness/graph/structural_hash.h"

namespace assay {
namespace {

// A node for the types of its live variables.
struct State {
  size_t node;
  VariableTypes types;
  StraightRun run;                                   // of straight nodes
  std::array<int32_t, 2> next = {kNoNext, kNoNext};  // states
};

// Types through the nodes: one state per node and types.
class Specialiser {
 public:
  Specialiser(const Hcfg& hcfg, const ParameterStore& parameters,
              const HostModuleOptions& options)
      : hcfg_(hcfg),
        options_(options),
        runs_(hcfg.frame, parameters, options.eliminate_copies) {}

  absl::StatusOr<std::deque<State>> Run() {
    VariableTypes types(hcfg_.frame.variables.size());
    for (const DynamicGraph::Input& input : hcfg_.frame.inputs) {
      types[static_cast<size_t>(input.variable)] = input.type;
    }
    ASSAY_RETURN_IF_ERROR(StateOf(0, types).status());
    for (size_t i = 0; i < states_.size(); ++i) {
      const absl::Status status = Pass(&states_[i]);
      if (!status.ok()) return status;
    }
    return std::move(states_);
  }

 private:
  absl::StatusOr<int32_t> StateOf(int32_t node, const VariableTypes& types) {
    const size_t at = static_cast<size_t>(node);
    State state{at, VariableTypes(types.size()), {}, {kNoNext, kNoNext}};
    std::string key;
    for (size_t i = 0; i < types.size(); ++i) {
      if (!hcfg_.nodes[at].live_in[i] || !types[i]) continue;
      state.types[i] = types[i];
      absl::StrAppend(&key, i, ToString(*types[i]), ";");
    }
    auto& known = by_key_[at];
    const auto it = known.find(key);
    if (it != known.end()) return it->second;
    if (static_cast<int>(known.size()) == options_.max_specialisations) {
      return absl::UnimplementedError(absl::StrCat(
          "variables come with more than ", options_.max_specialisations,
          " combinations of shapes to one place (node ", node,
          "); the latest: ", Different(known.begin()->second, state.types)));
    }
    const int32_t id = static_cast<int32_t>(states_.size());
    states_.push_back(std::move(state));
    known[key] = id;
    return id;
  }

  // The first variable whose types differ, with both.
  std::string Different(int32_t state, const VariableTypes& types) const {
    const VariableTypes& others = states_[static_cast<size_t>(state)].types;
    for (size_t i = 0; i < types.size(); ++i) {
      if (types[i] && others[i] && !(*types[i] == *others[i])) {
        return absl::StrCat("'", hcfg_.frame.variables[i], "' is ",
                            ToString(*others[i]), " and ", ToString(*types[i]));
      }
    }
    return "";
  }

  absl::Status Pass(State* state) {
    const HcfgNode& node = hcfg_.nodes[state->node];
    VariableTypes types = state->types;
    if (node.kind == HcfgKind::kStraight) {
      ASSAY_ASSIGN_OR_RETURN(state->run, runs_.Make(node, &types));
    }
    if (node.kind == HcfgKind::kBranch) {
      ASSAY_RETURN_IF_ERROR(CheckBranch(node, types));
    }
    if (node.index != kNoVariable) {
      types[static_cast<size_t>(node.index)] = TensorType{DType::kS64, {}};
    }
    for (size_t side = 0; side < 2; ++side) {
      if (node.next[side] == kNoNext) continue;
      ASSAY_ASSIGN_OR_RETURN(state->next[side],
                             StateOf(node.next[side], types));
    }
    return absl::OkStatus();
  }

  absl::Status CheckBranch(const HcfgNode& node,
                           const VariableTypes& types) const {
    const Predicate& predicate = node.predicate;
    const std::string& name = hcfg_.frame.NameOf(predicate.source);
    const auto& type = types[static_cast<size_t>(predicate.source)];
    if (!type) return absl::InternalError(absl::StrCat("no type of ", name));
    absl::Status status = CheckPredicateType(predicate, *type);
    const int64_t decisions = status.ok() ? DecisionCount(predicate, *type) : 1;
    if (decisions != 1) {
      status = absl::InvalidArgumentError(absl::StrCat(
          "expected one decision, got ", decisions, " of ", ToString(*type)));
    }
    if (status.ok()) return status;
    return absl::Status(status.code(),
                        absl::StrCat("conditional ", node.site, " on '", name,
                                     "': ", status.message()));
  }

  const Hcfg& hcfg_;
  const HostModuleOptions& options_;
  StraightRuns runs_;
  std::deque<State> states_;  // deque: growing keeps references valid
  std::map<size_t, std::map<std::string, int32_t>> by_key_;
};

class Emitter {
 public:
  explicit Emitter(const Hcfg& hcfg) : hcfg_(hcfg) {
    module_.name = hcfg.frame.name;
    module_.slots = hcfg.frame.variables;
    module_.inputs = hcfg.frame.inputs;
    module_.outputs = hcfg.frame.outputs;
  }

  HostModule Emit(std::deque<State> states) {
    std::vector<size_t> order(states.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return states[a].node < states[b].node;
    });
    std::vector<int32_t> starts(states.size());
    for (size_t i = 0; i < order.size(); ++i) {
      starts[order[i]] = static_cast<int32_t>(module_.code.size());
      const int32_t following =
          i + 1 < order.size() ? static_cast<int32_t>(order[i + 1]) : kNoNext;
      EmitState(states[order[i]], following);
    }
    for (Instruction& instruction : module_.code) {
      for (int32_t& target : instruction.target) {
        if (target != kNoNext) target = starts[static_cast<size_t>(target)];
      }
    }
    return std::move(module_);
  }

 private:
  Instruction& Add(OpCode op, std::vector<int32_t> reads,
                   std::vector<int32_t> writes) {
    Instruction instruction;
    instruction.op = op;
    instruction.reads = std::move(reads);
    instruction.writes = std::move(writes);
    module_.code.push_back(std::move(instruction));
    return module_.code.back();
  }

  // Targets are states until the end. `following` stands next in the code.
  void EmitState(const State& state, int32_t following) {
    const HcfgNode& node = hcfg_.nodes[state.node];
    switch (node.kind) {
      case HcfgKind::kStraight:
        EmitStraight(state.run, hcfg_.nodes[state.node]);
        if (state.next[0] != following) {
          Add(OpCode::kJump, {}, {}).target = state.next;
        }
        return;
      case HcfgKind::kBranch: {
        Instruction& branch = Add(OpCode::kBranch, {}, {});
        branch.predicate = node.predicate;
        branch.site = node.site;
        branch.target = state.next;
        branch.dead = Dead(node);
        return;
      }
      case HcfgKind::kCount: {
        Instruction& count = Add(OpCode::kCount, {node.counter}, {});
        if (node.index != kNoVariable) count.writes = {node.index};
        count.count = node.count;
        count.target = state.next;
        return;
      }
      case HcfgKind::kReturn:
        Add(OpCode::kReturn, node.reads, {});
        return;
    }
  }

  // Writes happen at once, reads before them: a move from what the call or
  // another move overwrites is kept aside.
  void EmitStraight(const StraightRun& run, const HcfgNode& node) {
    const auto overwritten = [&](VariableId id) {
      const auto& writes = run.writes;
      return std::find(writes.begin(), writes.end(), id) != writes.end() ||
             std::any_of(run.moves.begin(), run.moves.end(),
                         [&](const HostMove& m) { return m.to == id; });
    };
    std::vector<std::pair<int32_t, int32_t>> after;  // from, to
    for (const HostMove& move : run.moves) {
      if (move.from == kNoVariable) continue;
      int32_t from = move.from;
      if (overwritten(from)) {
        from = static_cast<int32_t>(module_.slots.size());
        module_.slots.push_back(
            absl::StrCat("old ", hcfg_.frame.NameOf(move.from)));
        Add(OpCode::kMove, {move.from}, {from});
      }
      after.emplace_back(from, move.to);
    }
    const size_t start = module_.code.size();
    if (!run.writes.empty()) {
      Add(OpCode::kCall, run.reads, run.writes).subnetwork =
          Subnetwork(*run.graph);
    }
    for (const auto& [from, to] : after) Add(OpCode::kMove, {from}, {to});
    for (const HostMove& move : run.moves) {
      if (!move.constant) continue;
      Add(OpCode::kConstant, {}, {move.to}).constant =
          static_cast<int32_t>(module_.constants.size());
      module_.constants.push_back(*move.constant);
    }
    if (module_.code.size() > start) {
      module_.code.back().dead = Dead(node);
    }
  }

  // What dies in a node.
  static std::vector<int32_t> Dead(const HcfgNode& node) {
    std::vector<int32_t> dead;
    for (size_t i = 0; i < node.live_in.size(); ++i) {
      if (node.live_in[i] && !node.live_out[i]) {
        dead.push_back(static_cast<int32_t>(i));
      }
    }
    return dead;
  }

  int32_t Subnetwork(const Graph& graph) {
    const auto [known, unknown] = by_graph_.emplace(&graph, -1);
    if (!unknown) return known->second;
    const int32_t next = static_cast<int32_t>(module_.subnetworks.size());
    const auto [it, added] = by_hash_.emplace(StructuralHash(graph), next);
    if (added) module_.subnetworks.push_back(graph);
    return known->second = it->second;
  }

  const Hcfg& hcfg_;
  HostModule module_;
  std::map<const Graph*, int32_t> by_graph_;
  std::map<std::string, int32_t> by_hash_;
};

std::string SlotNames(const HostModule& module,
                      const std::vector<int32_t>& slots) {
  return absl::StrJoin(slots, ", ", [&](std::string* out, int32_t slot) {
    absl::StrAppend(out, module.slots[static_cast<size_t>(slot)]);
  });
}

std::string LineOf(const HostModule& module, const Instruction& i) {
  const std::string reads = SlotNames(module, i.reads);
  const std::string writes = SlotNames(module, i.writes);
  switch (i.op) {
    case OpCode::kCall:
      return absl::StrCat("CALL ", i.subnetwork, " (", reads, ") -> ", writes);
    case OpCode::kMove:
      return absl::StrCat("MOVE ", reads, " -> ", writes);
    case OpCode::kConstant:
      return absl::StrCat(
          "CONST ",
          module.constants[static_cast<size_t>(i.constant)].TypeString(),
          " -> ", writes);
    case OpCode::kBranch:
      return absl::StrCat("BRANCH ", i.predicate.negated ? "not " : "",
                          Name(i.predicate.kind), "(",
                          SlotNames(module, {i.predicate.source}), ") ",
                          i.target[0], " ", i.target[1]);
    case OpCode::kCount:
      return absl::StrCat("COUNT ", reads, " to ", i.count, " ", i.target[0],
                          " ", i.target[1]);
    case OpCode::kJump:
      return absl::StrCat("JUMP ", i.target[0]);
    case OpCode::kReturn:
      return absl::StrCat("RET ", reads);
  }
  return "";
}

}  // namespace

absl::StatusOr<HostModule> BuildHostModule(const DynamicGraph& graph,
                                           const ParameterStore& parameters,
                                           const HostModuleOptions& options) {
  ASSAY_RETURN_IF_ERROR(VerifyDynamic(graph));
  DynamicGraph rewritten = Unroll(graph, options.unroll_limit);
  if (options.propagate_constants) {
    ASSAY_ASSIGN_OR_RETURN(rewritten, PropagateConstants(rewritten));
  }
  Hcfg hcfg = SplitAtConditionals(rewritten);
  if (options.merge_chains) MergeChains(&hcfg);
  FindLiveness(&hcfg);
  ASSAY_ASSIGN_OR_RETURN(std::deque<State> states,
                         Specialiser(hcfg, parameters, options).Run());
  return Emitter(hcfg).Emit(std::move(states));
}

std::string CodeText(const HostModule& module) {
  std::string text;
  for (size_t i = 0; i < module.code.size(); ++i) {
    absl::StrAppend(&text, i, ": ", LineOf(module, module.code[i]), "\n");
  }
  return text;
}

}  // namespace assay
