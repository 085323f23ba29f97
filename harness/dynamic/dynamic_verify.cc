#include "harness/dynamic/dynamic_verify.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

constexpr absl::string_view kKinds[] = {"run", "copy",  "constant", "if",
                                        "for", "while", "return"};

template <typename... Parts>
absl::Status Invalid(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

class Verifier {
 public:
  explicit Verifier(const DynamicGraph& graph)
      : graph_(graph), assigned_(graph.variables.size()) {}

  absl::Status Check() {
    ASSAY_RETURN_IF_ERROR(CheckNames());
    for (const DynamicGraph::Input& input : graph_.inputs) {
      ASSAY_RETURN_IF_ERROR(CheckVariable(input.variable));
      Assign(input.variable);
    }
    bool falls_through = true;
    ASSAY_RETURN_IF_ERROR(CheckBlock(graph_.body, &falls_through));
    return falls_through ? Invalid("a path ends without a return")
                         : absl::OkStatus();
  }

 private:
  bool IsAssigned(VariableId id) const {
    return assigned_[static_cast<size_t>(id)];
  }
  void Assign(VariableId id) {
    if (IsAssigned(id)) return;
    assigned_[static_cast<size_t>(id)] = true;
    trail_.push_back(id);
  }
  // Takes back, and returns, what was assigned since the trail was so long.
  std::vector<VariableId> Undo(size_t length) {
    const auto begin = trail_.begin() + static_cast<std::ptrdiff_t>(length);
    std::vector<VariableId> undone(begin, trail_.end());
    trail_.erase(begin, trail_.end());
    for (const VariableId id : undone) {
      assigned_[static_cast<size_t>(id)] = false;
    }
    return undone;
  }

  absl::Status CheckNames() const {
    if (graph_.ops == nullptr) return Invalid("no ops");
    absl::flat_hash_set<std::string> variables, inputs, outputs;
    for (const std::string& name : graph_.variables) {
      if (name.empty() || !variables.insert(name).second) {
        return Invalid("variable '", name, "' is empty or stands twice");
      }
    }
    for (const DynamicGraph::Input& input : graph_.inputs) {
      if (input.name.empty() || !inputs.insert(input.name).second) {
        return Invalid("input '", input.name, "' is empty or stands twice");
      }
    }
    if (graph_.outputs.empty()) return Invalid("no outputs");
    for (const std::string& name : graph_.outputs) {
      if (name.empty() || !outputs.insert(name).second) {
        return Invalid("output '", name, "' is empty or stands twice");
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckVariable(VariableId id) const {
    if (id < 0 || static_cast<size_t>(id) >= graph_.variables.size()) {
      return Invalid("variable ", id, " does not exist; there are ",
                     graph_.variables.size());
    }
    return absl::OkStatus();
  }

  absl::Status CheckRead(VariableId id) const {
    ASSAY_RETURN_IF_ERROR(CheckVariable(id));
    if (!IsAssigned(id)) {
      return Invalid("'", graph_.NameOf(id),
                     "' is read, and not assigned on every path to here");
    }
    return absl::OkStatus();
  }

  absl::Status CheckCounts(const Statement& s, size_t reads,
                           size_t writes) const {
    if (s.reads.size() == reads && s.writes.size() == writes) {
      return absl::OkStatus();
    }
    return Invalid("expected ", reads, " reads and ", writes, " writes, got ",
                   s.reads.size(), " and ", s.writes.size());
  }

  absl::Status CheckPiece(const Statement& s) {
    if (s.piece == nullptr) return Invalid("no piece");
    const Graph& piece = *s.piece;
    ASSAY_RETURN_IF_ERROR(
        CheckCounts(s, piece.inputs().size(), piece.outputs().size()));
    if (std::set<VariableId>(s.writes.begin(), s.writes.end()).size() <
        s.writes.size()) {
      return Invalid("a variable is written twice");
    }
    if (&piece.ops() != graph_.ops) return Invalid("it has other ops");
    if (!piece.updates().empty()) {
      return Invalid("it updates parameters: expected an inference form");
    }
    for (const ValueId id : piece.parameters()) {
      const Value& parameter = piece.value(id);
      const auto it = parameters_.emplace(parameter.name, parameter.type).first;
      if (!(it->second == parameter.type)) {
        return Invalid("parameter '", parameter.name, "' is ",
                       ToString(parameter.type), " here and ",
                       ToString(it->second), " in another piece");
      }
    }
    return absl::OkStatus();
  }

  // Counts and predicates; bodies are CheckStatement's.
  absl::Status CheckHead(const Statement& s) {
    for (const VariableId id : s.reads) {
      ASSAY_RETURN_IF_ERROR(CheckRead(id));
    }
    for (const VariableId id : s.writes) {
      ASSAY_RETURN_IF_ERROR(CheckVariable(id));
    }
    switch (s.kind) {
      case StatementKind::kRun:
        return CheckPiece(s);
      case StatementKind::kCopy:
        return CheckCounts(s, 1, 1);
      case StatementKind::kConstant:
        return CheckCounts(s, 0, 1);
      case StatementKind::kReturn:
        return CheckCounts(s, graph_.outputs.size(), 0);
      case StatementKind::kFor:
        ASSAY_RETURN_IF_ERROR(CheckCounts(s, 0, s.writes.empty() ? 0 : 1));
        break;
      case StatementKind::kIf:
      case StatementKind::kWhile:
        ASSAY_RETURN_IF_ERROR(CheckCounts(
            s, 0, s.kind == StatementKind::kIf || s.writes.empty() ? 0 : 1));
        ASSAY_RETURN_IF_ERROR(CheckRead(s.predicate.source));
        if (s.site < 0) return Invalid("its site is not numbered");
        break;
    }
    if (s.kind != StatementKind::kIf && s.count < 1) {
      return Invalid("expected a bound of at least 1, got ", s.count);
    }
    return absl::OkStatus();
  }

  absl::Status CheckStatement(const Statement& s, bool* falls_through) {
    ASSAY_RETURN_IF_ERROR(CheckHead(s));
    for (const VariableId id : s.writes) Assign(id);
    switch (s.kind) {
      case StatementKind::kReturn:
        *falls_through = false;
        return absl::OkStatus();
      case StatementKind::kIf:
        return CheckBranches(s, falls_through);
      case StatementKind::kFor:  // runs once at least
        return CheckBlock(s.body, falls_through);
      case StatementKind::kWhile: {
        const size_t before = trail_.size();
        bool again = true;
        ASSAY_RETURN_IF_ERROR(CheckBlock(s.body, &again));
        Undo(before);
        return absl::OkStatus();
      }
      default:
        return absl::OkStatus();
    }
  }

  // Behind them is assigned what both assign; what a path assigns that never
  // comes there does not matter. Linear in what they assign.
  absl::Status CheckBranches(const Statement& s, bool* falls_through) {
    const size_t before = trail_.size();
    bool body_ends = true, other_ends = true;
    ASSAY_RETURN_IF_ERROR(CheckBlock(s.body, &body_ends));
    std::vector<VariableId> both = Undo(before);
    ASSAY_RETURN_IF_ERROR(CheckBlock(s.otherwise, &other_ends));
    *falls_through = body_ends || other_ends;
    if (!body_ends) return absl::OkStatus();
    if (other_ends) {
      both.erase(
          std::remove_if(both.begin(), both.end(),
                         [this](VariableId id) { return !IsAssigned(id); }),
          both.end());
    }
    Undo(before);
    for (const VariableId id : both) Assign(id);
    return absl::OkStatus();
  }

  absl::Status CheckBlock(const Block& block, bool* falls_through) {
    for (size_t i = 0; i < block.size(); ++i) {
      const Statement& s = block[i];
      absl::Status status =
          *falls_through
              ? CheckStatement(s, falls_through)
              : Invalid("nothing comes here: a return stands before");
      if (status.ok()) continue;
      return absl::Status(
          status.code(),
          absl::StrCat("statement ", i + 1, " (",
                       kKinds[static_cast<size_t>(s.kind)],
                       s.piece != nullptr && !s.piece->name().empty()
                           ? absl::StrCat(" ", s.piece->name())
                           : "",
                       "): ", status.message()));
    }
    return absl::OkStatus();
  }

  const DynamicGraph& graph_;
  // By variable, on every path to here; and in which order.
  std::vector<bool> assigned_;
  std::vector<VariableId> trail_;
  std::map<std::string, TensorType> parameters_;
};

}  // namespace

absl::Status VerifyDynamic(const DynamicGraph& graph) {
  const absl::Status status = Verifier(graph).Check();
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat("dynamic graph '", graph.name,
                                                  "': ", status.message()));
}

}  // namespace assay
