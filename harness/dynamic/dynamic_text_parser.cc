#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/dynamic_text.h"
#include "harness/dynamic/dynamic_verify.h"
#include "harness/graph/text_parts.h"
#include "harness/graph/text_scanner.h"

namespace assay {
namespace {

class Parser {
 public:
  Parser(absl::string_view text, const OpSet& ops, const ParameterStore* stored)
      : scanner_(text), stored_(stored) {
    graph_.ops = &ops;
  }

  absl::StatusOr<DynamicGraph> Run() {
    ASSAY_RETURN_IF_ERROR(Header());
    ASSAY_RETURN_IF_ERROR(ParseBlock(&graph_.body, 0));
    while (!scanner_.AtEnd()) ASSAY_RETURN_IF_ERROR(Piece());
    ASSAY_RETURN_IF_ERROR(LinkPieces(&graph_.body));
    NumberSites(&graph_.body);
    ASSAY_RETURN_IF_ERROR(VerifyDynamic(graph_));
    return std::move(graph_);
  }

 private:
  absl::Status Header() {
    ASSAY_RETURN_IF_ERROR(ExpectWord(&scanner_, "dynamic"));
    const size_t at = scanner_.position();
    ASSAY_ASSIGN_OR_RETURN(const int version,
                           scanner_.Number<int>("a version number"));
    if (version != 1) return scanner_.ErrorAt(at, "version 1");
    ASSAY_ASSIGN_OR_RETURN(graph_.name, scanner_.Quoted());
    ASSAY_RETURN_IF_ERROR(scanner_.Expect('{'));
    while (true) {
      const size_t word_at = scanner_.position();
      const absl::string_view word = scanner_.Word();
      if (word == "outputs") return Outputs();
      if (word != "input") {
        return scanner_.ErrorAt(word_at, "'input' or 'outputs'");
      }
      ASSAY_RETURN_IF_ERROR(Input());
    }
  }

  absl::Status Input() {
    const size_t at = scanner_.position();
    ASSAY_ASSIGN_OR_RETURN(std::string name, ParseName(&scanner_, '%'));
    if (variables_.contains(name)) {
      return scanner_.ErrorAt(at, "a name that is not taken");
    }
    const VariableId id = Variable(name);
    ASSAY_ASSIGN_OR_RETURN(TensorType type, ParseType(&scanner_));
    if (scanner_.Peek('"')) {
      ASSAY_ASSIGN_OR_RETURN(name, scanner_.Quoted());
    }
    graph_.inputs.push_back({std::move(name), std::move(type), id});
    return absl::OkStatus();
  }

  absl::Status Outputs() {
    do {
      ASSAY_ASSIGN_OR_RETURN(std::string name, scanner_.Quoted());
      graph_.outputs.push_back(std::move(name));
    } while (scanner_.Try(','));
    return absl::OkStatus();
  }

  // To its '}'.
  absl::Status ParseBlock(Block* block, int depth) {
    if (depth > kMostNestedBlocks) {
      return scanner_.Error(
          absl::StrCat("blocks of depth ", kMostNestedBlocks, " at most"));
    }
    while (!scanner_.Try('}')) {
      Statement statement;
      ASSAY_RETURN_IF_ERROR(ParseStatement(&statement, depth));
      block->push_back(std::move(statement));
    }
    return absl::OkStatus();
  }

  absl::Status ParseStatement(Statement* s, int depth) {
    if (scanner_.Peek('%')) return Assignment(s);
    const size_t at = scanner_.position();
    const absl::string_view word = scanner_.Word();
    if (word == "_") return Assignment(s, /*nothing=*/true);
    if (word == "return") {
      s->kind = StatementKind::kReturn;
      ASSAY_ASSIGN_OR_RETURN(s->reads, References());
      return absl::OkStatus();
    }
    if (word == "if") return If(s, depth);
    if (word == "for") return For(s, depth);
    if (word == "while") return While(s, depth);
    return scanner_.ErrorAt(at,
                            "'%', '_', 'return', 'if', 'for', 'while' or '}'");
  }

  // %a, %b = run @piece(%x); %a = copy %b; %a f32[2] = constant [1,2];
  // %a f32[99] = stored ":0"
  absl::Status Assignment(Statement* s, bool nothing = false) {
    if (!nothing) {
      ASSAY_ASSIGN_OR_RETURN(s->writes, Definitions());
    }
    if (!scanner_.Peek('=')) return Constant(s);
    ASSAY_RETURN_IF_ERROR(scanner_.Expect('='));
    const size_t at = scanner_.position();
    const absl::string_view word = scanner_.Word();
    if (word == "run") return RunPiece(s);
    if (word != "copy") return scanner_.ErrorAt(at, "'run' or 'copy'");
    s->kind = StatementKind::kCopy;
    ASSAY_ASSIGN_OR_RETURN(s->reads, References());
    return absl::OkStatus();
  }

  absl::Status RunPiece(Statement* s) {
    s->kind = StatementKind::kRun;
    const size_t at = scanner_.position();
    ASSAY_ASSIGN_OR_RETURN(const std::string name, ParseName(&scanner_, '@'));
    calls_.push_back({name, at});
    ASSAY_RETURN_IF_ERROR(scanner_.Expect('('));
    if (scanner_.Try(')')) return absl::OkStatus();
    ASSAY_ASSIGN_OR_RETURN(s->reads, References());
    return scanner_.Expect(')');
  }

  absl::Status Constant(Statement* s) {
    s->kind = StatementKind::kConstant;
    ASSAY_ASSIGN_OR_RETURN(const TensorType type, ParseType(&scanner_));
    ASSAY_RETURN_IF_ERROR(scanner_.Expect('='));
    const size_t at = scanner_.position();
    const absl::string_view word = scanner_.Word();
    if (word == "constant") {
      ASSAY_ASSIGN_OR_RETURN(s->constant, ParseLiteral(&scanner_, type));
      return absl::OkStatus();
    }
    if (word != "stored") {
      return scanner_.ErrorAt(at, "'constant' or 'stored'");
    }
    ASSAY_ASSIGN_OR_RETURN(const std::string name, scanner_.Quoted());
    const Tensor* tensor = stored_ == nullptr ? nullptr : stored_->Find(name);
    if (tensor == nullptr) {
      return AtPosition(
          scanner_, at,
          absl::NotFoundError(absl::StrCat("no stored constant '", name, "'")));
    }
    if (tensor->dtype() != type.dtype || tensor->shape() != type.shape) {
      return scanner_.ErrorAt(
          at, absl::StrCat("a stored constant of ", ToString(type), ", not ",
                           tensor->TypeString()));
    }
    s->constant = *tensor;
    return absl::OkStatus();
  }

  absl::Status If(Statement* s, int depth) {
    s->kind = StatementKind::kIf;
    ASSAY_ASSIGN_OR_RETURN(s->predicate, Condition());
    ASSAY_RETURN_IF_ERROR(scanner_.Expect('{'));
    ASSAY_RETURN_IF_ERROR(ParseBlock(&s->body, depth + 1));
    if (!scanner_.Peek('e')) return absl::OkStatus();
    ASSAY_RETURN_IF_ERROR(ExpectWord(&scanner_, "else"));
    ASSAY_RETURN_IF_ERROR(scanner_.Expect('{'));
    return ParseBlock(&s->otherwise, depth + 1);
  }

  absl::Status For(Statement* s, int depth) {
    s->kind = StatementKind::kFor;
    if (scanner_.Peek('%')) {
      ASSAY_ASSIGN_OR_RETURN(s->writes, Definitions());
    } else {
      ASSAY_RETURN_IF_ERROR(ExpectWord(&scanner_, "_"));
    }
    ASSAY_RETURN_IF_ERROR(scanner_.Expect('<'));
    ASSAY_ASSIGN_OR_RETURN(s->count, scanner_.Number<int64_t>("a bound"));
    ASSAY_RETURN_IF_ERROR(scanner_.Expect('{'));
    return ParseBlock(&s->body, depth + 1);
  }

  absl::Status While(Statement* s, int depth) {
    s->kind = StatementKind::kWhile;
    ASSAY_ASSIGN_OR_RETURN(s->predicate, Condition());
    ASSAY_RETURN_IF_ERROR(scanner_.Expect(','));
    ASSAY_RETURN_IF_ERROR(ExpectWord(&scanner_, "at"));
    ASSAY_RETURN_IF_ERROR(ExpectWord(&scanner_, "most"));
    ASSAY_ASSIGN_OR_RETURN(s->count, scanner_.Number<int64_t>("a bound"));
    if (scanner_.Try(',')) {
      ASSAY_RETURN_IF_ERROR(ExpectWord(&scanner_, "counting"));
      ASSAY_ASSIGN_OR_RETURN(s->writes, Definitions());
    }
    ASSAY_RETURN_IF_ERROR(scanner_.Expect('{'));
    return ParseBlock(&s->body, depth + 1);
  }

  // not margin(%x) >= 0.5
  absl::StatusOr<Predicate> Condition() {
    Predicate p;
    size_t at = scanner_.position();
    absl::string_view word = scanner_.Word();
    if (word == "not") {
      p.negated = true;
      at = scanner_.position();
      word = scanner_.Word();
    }
    const auto kind = FindPredicateKind(word);
    if (!kind.ok()) return scanner_.ErrorAt(at, "the name of a predicate");
    p.kind = *kind;
    ASSAY_RETURN_IF_ERROR(scanner_.Expect('('));
    ASSAY_ASSIGN_OR_RETURN(p.source, Reference());
    ASSAY_RETURN_IF_ERROR(scanner_.Expect(')'));
    if (p.kind == PredicateKind::kIsTrue) return p;
    for (const char c : Relation(p.kind)) {
      ASSAY_RETURN_IF_ERROR(scanner_.Expect(c));
    }
    if (p.kind == PredicateKind::kTokenEquals) {
      ASSAY_ASSIGN_OR_RETURN(p.token, scanner_.Number<int64_t>("a token"));
    } else {
      ASSAY_ASSIGN_OR_RETURN(p.threshold,
                             scanner_.Number<double>("a threshold"));
    }
    return p;
  }

  static absl::string_view Relation(PredicateKind kind) {
    switch (kind) {
      case PredicateKind::kTokenEquals:
        return "==";
      case PredicateKind::kEntropy:
        return "<=";
      case PredicateKind::kGate:
        return ">";
      default:
        return ">=";
    }
  }

  VariableId Variable(const std::string& name) {
    const auto [it, added] = variables_.emplace(
        name, static_cast<VariableId>(graph_.variables.size()));
    if (added) graph_.variables.push_back(name);
    return it->second;
  }

  absl::StatusOr<std::vector<VariableId>> Definitions() {
    std::vector<VariableId> ids;
    do {
      ASSAY_ASSIGN_OR_RETURN(const std::string name, ParseName(&scanner_, '%'));
      ids.push_back(Variable(name));
    } while (scanner_.Try(','));
    return ids;
  }

  absl::StatusOr<VariableId> Reference() {
    const size_t at = scanner_.position();
    ASSAY_ASSIGN_OR_RETURN(const std::string name, ParseName(&scanner_, '%'));
    const auto it = variables_.find(name);
    if (it != variables_.end()) return it->second;
    return scanner_.ErrorAt(at, "a variable that is assigned above");
  }

  absl::StatusOr<std::vector<VariableId>> References() {
    std::vector<VariableId> ids;
    do {
      ASSAY_ASSIGN_OR_RETURN(const VariableId id, Reference());
      ids.push_back(id);
    } while (scanner_.Try(','));
    return ids;
  }

  absl::Status Piece() {
    const size_t at = scanner_.position();
    // The name stands behind "graph 1" and is the prefix of its constants.
    TextScanner ahead = scanner_;
    ahead.Word();
    ahead.Word();
    const absl::StatusOr<std::string> name = ahead.Quoted();
    ASSAY_ASSIGN_OR_RETURN(
        Graph piece,
        ParseGraph(&scanner_, *graph_.ops, stored_,
                   name.ok() ? absl::StrCat(*name, ":") : std::string()));
    const std::string known = piece.name();
    if (!pieces_.emplace(known, std::make_shared<const Graph>(std::move(piece)))
             .second) {
      return scanner_.ErrorAt(at, "a piece of another name");
    }
    return absl::OkStatus();
  }

  // Calls were noted in the order of the source.
  absl::Status LinkPieces(Block* block) {
    for (Statement& s : *block) {
      if (s.kind == StatementKind::kRun) {
        const auto& [name, at] = calls_[linked_++];
        const auto it = pieces_.find(name);
        if (it == pieces_.end()) {
          return scanner_.ErrorAt(at, "the name of a piece that follows");
        }
        s.piece = it->second;
      }
      ASSAY_RETURN_IF_ERROR(LinkPieces(&s.body));
      ASSAY_RETURN_IF_ERROR(LinkPieces(&s.otherwise));
    }
    return absl::OkStatus();
  }

  struct Call {
    std::string piece;
    size_t position;
  };

  TextScanner scanner_;
  DynamicGraph graph_;
  const ParameterStore* stored_;
  absl::flat_hash_map<std::string, VariableId> variables_;
  std::map<std::string, std::shared_ptr<const Graph>> pieces_;
  std::vector<Call> calls_;
  size_t linked_ = 0;
};

}  // namespace

absl::StatusOr<DynamicGraph> ParseDynamicGraph(absl::string_view text,
                                               const OpSet& ops,
                                               const ParameterStore* stored) {
  return Parser(text, ops, stored).Run();
}

}  // namespace assay
