#include "harness/dynamic/dynamic_text.h"

#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/graph/text.h"
#include "harness/graph/text_parts.h"

namespace assay {
namespace {

class Printer {
 public:
  explicit Printer(const DynamicGraph& graph) : graph_(graph) {}

  // A null `stored` with `elements`: all elements in the text.
  std::string Print(bool elements, ParameterStore* stored, int64_t limit) {
    elements_ = elements;
    stored_ = stored;
    limit_ = limit;
    absl::StrAppend(&text_, "dynamic 1 ", QuotedText(graph_.name), " {\n");
    for (const DynamicGraph::Input& input : graph_.inputs) {
      absl::StrAppend(&text_, "  input ", Variable(input.variable), " ",
                      ToString(input.type));
      if (input.name != graph_.NameOf(input.variable)) {
        absl::StrAppend(&text_, " ", QuotedText(input.name));
      }
      absl::StrAppend(&text_, "\n");
    }
    absl::StrAppend(&text_, "  outputs ",
                    absl::StrJoin(graph_.outputs, ", ",
                                  [](std::string* out, const auto& name) {
                                    absl::StrAppend(out, QuotedText(name));
                                  }),
                    "\n");
    PrintBlock(graph_.body, 1);
    absl::StrAppend(&text_, "}\n");
    return std::move(text_);
  }

  // Behind what Print wrote.
  std::string PrintPieces() {
    std::string text;
    for (const auto& [name, piece] : pieces_) {
      Graph named = *piece;
      named.set_name(name);
      ParameterStore constants;
      absl::StrAppend(
          &text,
          ToText(named, stored_ == nullptr ? nullptr : &constants, limit_));
      for (const auto& [constant, value] : constants.values()) {
        stored_->Set(absl::StrCat(name, ":", constant), value);
      }
    }
    return text;
  }

 private:
  std::string Variable(VariableId id) const {
    return absl::StrCat("%", NameText(graph_.NameOf(id)));
  }
  std::string Variables(const std::vector<VariableId>& ids) const {
    if (ids.empty()) return "_";
    return absl::StrJoin(ids, ", ", [&](std::string* out, VariableId id) {
      absl::StrAppend(out, Variable(id));
    });
  }

  std::string Arguments(const std::vector<VariableId>& ids) const {
    return ids.empty() ? "()" : absl::StrCat("(", Variables(ids), ")");
  }

  std::string Constant(const Statement& s) {
    const std::string typed =
        absl::StrCat(Variables(s.writes), " ", s.constant.TypeString(), " = ");
    if (!elements_) return typed + "constant ...";
    if (stored_ == nullptr || s.constant.size() <= limit_) {
      return absl::StrCat(typed, "constant ", LiteralText(s.constant));
    }
    const std::string name = absl::StrCat(":", constants_++);
    stored_->Set(name, s.constant);
    return absl::StrCat(typed, "stored ", QuotedText(name));
  }

  const std::string& NameOf(const std::shared_ptr<const Graph>& piece) {
    std::string& name = names_[piece.get()];
    if (!name.empty()) return name;
    // The name ends at a colon in what stored constants are called.
    const std::string wanted =
        piece->name().empty()
            ? "piece"
            : absl::StrReplaceAll(piece->name(), {{":", "."}});
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
        return absl::StrCat(asked, " <= ", LiteralText(p.threshold));
      case PredicateKind::kGate:
        return absl::StrCat(asked, " > ", LiteralText(p.threshold));
      default:
        return absl::StrCat(asked, " >= ", LiteralText(p.threshold));
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
                        NameText(NameOf(s.piece)), Arguments(s.reads));
        break;
      case StatementKind::kCopy:
        absl::StrAppend(&text_, Variables(s.writes), " = copy ",
                        Variables(s.reads));
        break;
      case StatementKind::kConstant:
        absl::StrAppend(&text_, Constant(s));
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
                        s.count);
        if (!s.writes.empty()) {
          absl::StrAppend(&text_, ", counting ", Variables(s.writes));
        }
        absl::StrAppend(&text_, " {  # site ", s.site, "\n");
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
  bool elements_ = true;
  ParameterStore* stored_ = nullptr;
  int64_t limit_ = 0;
  int64_t constants_ = 0;  // stored so far
};

}  // namespace

std::string ToText(const DynamicGraph& graph, ParameterStore* stored,
                   int64_t inline_limit) {
  Printer printer(graph);
  const std::string statements = printer.Print(true, stored, inline_limit);
  return absl::StrCat(statements, printer.PrintPieces());
}

std::string StatementsText(const DynamicGraph& graph) {
  return Printer(graph).Print(false, nullptr, 0);
}

}  // namespace assay
