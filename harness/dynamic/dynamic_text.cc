#include "harness/dynamic/dynamic_text.h"

#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/graph/text.h"

namespace assay {
namespace {

class Printer {
 public:
  explicit Printer(const DynamicGraph& graph) : graph_(graph) {}

  std::string Print(bool with_pieces) {
    absl::StrAppend(&text_, "dynamic \"", graph_.name, "\" {\n");
    for (const DynamicGraph::Input& input : graph_.inputs) {
      absl::StrAppend(&text_, "  input ", Variable(input.variable), " ",
                      ToString(input.type), "\n");
    }
    PrintBlock(graph_.body, 1);
    absl::StrAppend(&text_, "}\n");
    if (!with_pieces) return std::move(text_);
    for (const auto& [name, piece] : pieces_) {
      Graph named = *piece;
      named.set_name(name);
      // Large constants are named, not printed.
      ParameterStore stored;
      absl::StrAppend(&text_, ToText(named, &stored));
    }
    return std::move(text_);
  }

 private:
  std::string Variable(VariableId id) const {
    return absl::StrCat("%", graph_.NameOf(id));
  }
  std::string Variables(const std::vector<VariableId>& ids) const {
    return absl::StrJoin(ids, ", ", [&](std::string* out, VariableId id) {
      absl::StrAppend(out, Variable(id));
    });
  }

  const std::string& NameOf(const std::shared_ptr<const Graph>& piece) {
    std::string& name = names_[piece.get()];
    if (!name.empty()) return name;
    const std::string wanted = piece->name().empty() ? "piece" : piece->name();
    name = wanted;
    for (int suffix = 2; !taken_.insert(name).second; ++suffix) {
      name = absl::StrCat(wanted, "_", suffix);
    }
    pieces_.emplace_back(name, piece.get());
    return name;
  }

  std::string Condition(const Predicate& p) const {
    const std::string asked = absl::StrCat(
        p.negated ? "not " : "", Name(p.kind), "(", Variable(p.source), ")");
    switch (p.kind) {
      case PredicateKind::kIsTrue:
        return asked;
      case PredicateKind::kTokenEquals:
        return absl::StrCat(asked, " == ", p.token);
      case PredicateKind::kEntropy:
        return absl::StrFormat("%s <= %g", asked, p.threshold);
      case PredicateKind::kGate:
        return absl::StrFormat("%s > %g", asked, p.threshold);
      default:
        return absl::StrFormat("%s >= %g", asked, p.threshold);
    }
  }

  void PrintBlock(const Block& block, int depth) {
    for (const Statement& s : block) {
      text_.append(static_cast<size_t>(2 * depth), ' ');
      PrintStatement(s, depth);
    }
  }

  void PrintBody(const Block& block, int depth) {
    PrintBlock(block, depth + 1);
    text_.append(static_cast<size_t>(2 * depth), ' ');
    absl::StrAppend(&text_, "}");
  }

  void PrintStatement(const Statement& s, int depth) {
    switch (s.kind) {
      case StatementKind::kRun:
        absl::StrAppend(&text_, Variables(s.writes), " = run @",
                        NameOf(s.piece), "(", Variables(s.reads), ")");
        break;
      case StatementKind::kCopy:
        absl::StrAppend(&text_, Variables(s.writes), " = copy ",
                        Variables(s.reads));
        break;
      case StatementKind::kConstant:
        absl::StrAppend(&text_, Variables(s.writes), " = constant ",
                        s.constant.TypeString());
        break;
      case StatementKind::kReturn:
        absl::StrAppend(&text_, "return ", Variables(s.reads));
        break;
      case StatementKind::kIf:
        absl::StrAppend(&text_, "if ", Condition(s.predicate), " {  # site ",
                        s.site, "\n");
        PrintBody(s.body, depth);
        if (s.otherwise.empty()) break;
        absl::StrAppend(&text_, " else {\n");
        PrintBody(s.otherwise, depth);
        break;
      case StatementKind::kFor:
        absl::StrAppend(&text_, "for ", Variables(s.writes), " < ", s.count,
                        " {\n");
        PrintBody(s.body, depth);
        break;
      case StatementKind::kWhile:
        absl::StrAppend(&text_, "while ", Condition(s.predicate), ", at most ",
                        s.count, " {  # site ", s.site, "\n");
        PrintBody(s.body, depth);
        break;
    }
    absl::StrAppend(&text_, "\n");
  }

  const DynamicGraph& graph_;
  std::string text_;
  std::map<const Graph*, std::string> names_;
  std::set<std::string> taken_;
  std::vector<std::pair<std::string, const Graph*>> pieces_;
};

}  // namespace

std::string ToText(const DynamicGraph& graph, bool with_pieces) {
  return Printer(graph).Print(with_pieces);
}

}  // namespace assay
