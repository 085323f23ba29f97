#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/op_schema.h"
#include "harness/graph/text.h"
#include "harness/graph/text_parts.h"
#include "harness/graph/text_scanner.h"

namespace assay {
namespace {

// Beyond these a text is taken for damaged.
constexpr size_t kMaxRank = 16;
constexpr int64_t kMaxElements = int64_t{1} << 40;

// [1,2,3]
template <typename T>
absl::StatusOr<std::vector<T>> ParseList(TextScanner* scanner,
                                         absl::string_view what) {
  std::vector<T> list;
  ASSAY_RETURN_IF_ERROR(scanner->Expect('['));
  if (scanner->Try(']')) return list;
  do {
    ASSAY_ASSIGN_OR_RETURN(const T element, scanner->Number<T>(what));
    list.push_back(element);
  } while (scanner->Try(','));
  ASSAY_RETURN_IF_ERROR(scanner->Expect(']'));
  return list;
}

// Reads numbers of type R, stores them as T. Nothing is allocated by the
// written shape before as many numbers were read.
template <typename T, typename R = T>
absl::StatusOr<Tensor> LiteralOf(TextScanner* scanner, const TensorType& type) {
  const size_t at = scanner->position();
  std::vector<R> numbers;
  if (type.shape.empty()) {
    ASSAY_ASSIGN_OR_RETURN(const R number, scanner->Number<R>("a number"));
    numbers.push_back(number);
  } else {
    ASSAY_ASSIGN_OR_RETURN(numbers, ParseList<R>(scanner, "a number"));
  }
  const int64_t count = ElementCount(type.shape);
  bool fits = static_cast<int64_t>(numbers.size()) == count;
  if constexpr (std::is_integral_v<T>) {
    for (const R number : numbers) {
      fits = fits && static_cast<R>(static_cast<T>(number)) == number;
    }
  }
  if (!fits) {
    return scanner->ErrorAt(
        at, absl::StrCat(count, " numbers for ", ToString(type)));
  }
  Tensor tensor(type.dtype, type.shape);
  for (int64_t i = 0; i < count; ++i) {
    tensor.data<T>()[i] = static_cast<T>(numbers[static_cast<size_t>(i)]);
  }
  return tensor;
}

class Parser {
 public:
  Parser(TextScanner* scanner, const OpSet& ops, const ParameterStore* stored,
         absl::string_view prefix)
      : scanner_(*scanner), graph_(ops), stored_(stored), prefix_(prefix) {}

  absl::StatusOr<Graph> Run() {
    ASSAY_RETURN_IF_ERROR(Header());
    while (!scanner_.Try('}')) ASSAY_RETURN_IF_ERROR(Statement());
    return std::move(graph_);
  }

 private:
  absl::Status Header() {
    ASSAY_RETURN_IF_ERROR(ExpectWord(&scanner_, "graph"));
    const size_t at = scanner_.position();
    ASSAY_ASSIGN_OR_RETURN(const int version,
                           scanner_.Number<int>("a version number"));
    if (version != 1) return scanner_.ErrorAt(at, "version 1");
    ASSAY_ASSIGN_OR_RETURN(std::string name, scanner_.Quoted());
    graph_.set_name(std::move(name));
    return scanner_.Expect('{');
  }

  absl::Status Statement() {
    if (scanner_.Peek('%')) return NodeStatement();
    const size_t at = scanner_.position();
    const absl::string_view word = scanner_.Word();
    if (word == "input") return InputStatement();
    if (word == "parameter") return ParameterStatement();
    if (word == "constant") return ConstantStatement();
    if (word == "output") return OutputStatement();
    if (word == "update") return UpdateStatement();
    return scanner_.ErrorAt(
        at, "'%', 'input', 'parameter', 'constant', 'output', 'update' or '}'");
  }

  absl::Status InputStatement() {
    const size_t at = scanner_.position();
    ASSAY_ASSIGN_OR_RETURN(Named named, Definition());
    return At(at, graph_.AddInput(named.name, named.type).status());
  }

  absl::Status ParameterStatement() {
    const size_t at = scanner_.position();
    ASSAY_ASSIGN_OR_RETURN(Named named, Definition());
    return At(at, graph_.AddParameter(named.name, named.type).status());
  }

  absl::Status ConstantStatement() {
    const size_t at = scanner_.position();
    ASSAY_ASSIGN_OR_RETURN(Named named, Definition());
    Tensor value;
    if (scanner_.Try('=')) {
      ASSAY_ASSIGN_OR_RETURN(value, ParseLiteral(&scanner_, named.type));
    } else {
      ASSAY_RETURN_IF_ERROR(ExpectWord(&scanner_, "stored"));
      ASSAY_ASSIGN_OR_RETURN(value, Stored(named, at));
    }
    graph_.AddConstant(std::move(value), std::move(named.name));
    return absl::OkStatus();
  }

  absl::Status OutputStatement() {
    const size_t at = scanner_.position();
    ASSAY_ASSIGN_OR_RETURN(std::string name, scanner_.Quoted());
    ASSAY_RETURN_IF_ERROR(scanner_.Expect('='));
    ASSAY_ASSIGN_OR_RETURN(const ValueId value, Reference());
    return At(at, graph_.AddOutput(std::move(name), value));
  }

  absl::Status UpdateStatement() {
    const size_t at = scanner_.position();
    ASSAY_ASSIGN_OR_RETURN(const ValueId parameter, Reference());
    ASSAY_RETURN_IF_ERROR(scanner_.Expect('='));
    ASSAY_ASSIGN_OR_RETURN(const ValueId value, Reference());
    return At(at, graph_.AddUpdate(parameter, value));
  }

  absl::Status NodeStatement() {
    const size_t at = scanner_.position();
    std::vector<Named> results;
    do {
      ASSAY_ASSIGN_OR_RETURN(Named result, Definition());
      results.push_back(std::move(result));
    } while (scanner_.Try(','));
    ASSAY_RETURN_IF_ERROR(scanner_.Expect('='));
    const size_t op_at = scanner_.position();
    std::string op(scanner_.Word());
    const OpSchema* schema = graph_.ops().Find(op);
    if (schema == nullptr) return scanner_.ErrorAt(op_at, "the name of an op");
    ASSAY_ASSIGN_OR_RETURN(std::vector<ValueId> operands, Operands());
    ASSAY_ASSIGN_OR_RETURN(Attributes attributes, ParseAttributes(*schema));
    absl::StatusOr<NodeId> node =
        graph_.AddNode(std::move(op), std::move(operands),
                       std::move(attributes), results[0].name);
    if (!node.ok()) return At(at, node.status());
    return CheckResults(at, graph_.node(*node), results);
  }

  struct Named {
    std::string name;
    TensorType type;
  };

  // The results that inference gave against those written.
  absl::Status CheckResults(size_t at, const Node& node,
                            const std::vector<Named>& written) {
    const auto describe = [](const std::string& name, const TensorType& type) {
      return absl::StrCat("'", name, "' of ", ToString(type));
    };
    if (node.outputs.size() != written.size()) {
      return At(at, absl::InvalidArgumentError(absl::StrCat(
                        "expected ", node.outputs.size(), " results of '",
                        node.op, "', got ", written.size())));
    }
    for (size_t i = 0; i < written.size(); ++i) {
      const Value& value = graph_.value(node.outputs[i]);
      if (value.name == written[i].name && value.type == written[i].type) {
        continue;
      }
      return At(at, absl::InvalidArgumentError(absl::StrCat(
                        "result ", i, " of '", node.op, "': expected ",
                        describe(value.name, value.type), ", got ",
                        describe(written[i].name, written[i].type))));
    }
    return absl::OkStatus();
  }

  // %name type, where the name is free.
  absl::StatusOr<Named> Definition() {
    const size_t at = scanner_.position();
    Named named;
    ASSAY_ASSIGN_OR_RETURN(named.name, ParseName(&scanner_, '%'));
    if (graph_.FindValue(named.name) != kNoValue) {
      return scanner_.ErrorAt(at, "a name that is not taken");
    }
    ASSAY_ASSIGN_OR_RETURN(named.type, ParseType(&scanner_));
    return named;
  }

  absl::StatusOr<ValueId> Reference() {
    const size_t at = scanner_.position();
    ASSAY_ASSIGN_OR_RETURN(const std::string name, ParseName(&scanner_, '%'));
    const ValueId id = graph_.FindValue(name);
    if (id == kNoValue) {
      return scanner_.ErrorAt(at, "a value that is defined above");
    }
    return id;
  }

  absl::StatusOr<std::vector<ValueId>> Operands() {
    std::vector<ValueId> operands;
    ASSAY_RETURN_IF_ERROR(scanner_.Expect('('));
    if (scanner_.Try(')')) return operands;
    do {
      const size_t at = scanner_.position();
      if (scanner_.Peek('%')) {
        ASSAY_ASSIGN_OR_RETURN(const ValueId id, Reference());
        operands.push_back(id);
      } else if (scanner_.Word() == "_") {
        operands.push_back(kNoValue);
      } else {
        return scanner_.ErrorAt(at, "'%' or '_'");
      }
    } while (scanner_.Try(','));
    ASSAY_RETURN_IF_ERROR(scanner_.Expect(')'));
    return operands;
  }

  absl::StatusOr<Attributes> ParseAttributes(const OpSchema& schema) {
    Attributes attributes;
    if (!scanner_.Try('{') || scanner_.Try('}')) return attributes;
    do {
      const size_t at = scanner_.position();
      std::string name(scanner_.Word());
      const auto it = schema.attributes.find(name);
      if (it == schema.attributes.end() || attributes.Has(name)) {
        return scanner_.ErrorAt(
            at, absl::StrCat("a new attribute of '", schema.name, "'"));
      }
      ASSAY_RETURN_IF_ERROR(scanner_.Expect('='));
      ASSAY_ASSIGN_OR_RETURN(AttributeValue value, AttributeOf(it->second));
      attributes.Set(std::move(name), std::move(value));
    } while (scanner_.Try(','));
    ASSAY_RETURN_IF_ERROR(scanner_.Expect('}'));
    return attributes;
  }

  absl::StatusOr<AttributeValue> AttributeOf(absl::string_view type) {
    if (type == "int") return scanner_.Number<int64_t>("an integer");
    if (type == "real") return scanner_.Number<double>("a real number");
    if (type == "ints") return ParseList<int64_t>(&scanner_, "an integer");
    if (type == "reals") return ParseList<double>(&scanner_, "a real number");
    return scanner_.Quoted();
  }

  absl::StatusOr<Tensor> Stored(const Named& named, size_t at) {
    const Tensor* tensor =
        stored_ == nullptr ? nullptr
                           : stored_->Find(absl::StrCat(prefix_, named.name));
    if (tensor == nullptr) {
      return At(at, absl::NotFoundError(
                        absl::StrCat("no stored constant '", named.name, "'")));
    }
    if (tensor->dtype() != named.type.dtype ||
        tensor->shape() != named.type.shape) {
      return At(at, absl::InvalidArgumentError(absl::StrCat(
                        "stored constant '", named.name, "': expected ",
                        ToString(named.type), ", got ", tensor->TypeString())));
    }
    return *tensor;
  }

  absl::Status At(size_t position, const absl::Status& status) const {
    return AtPosition(scanner_, position, status);
  }

  TextScanner& scanner_;
  Graph graph_;
  const ParameterStore* stored_;
  const std::string prefix_;
};

}  // namespace

absl::Status ExpectWord(TextScanner* scanner, absl::string_view word) {
  const size_t at = scanner->position();
  if (scanner->Word() == word) return absl::OkStatus();
  return scanner->ErrorAt(at, absl::StrCat("'", word, "'"));
}

absl::StatusOr<std::string> ParseName(TextScanner* scanner, char sigil) {
  ASSAY_RETURN_IF_ERROR(scanner->Expect(sigil));
  if (scanner->Peek('"')) return scanner->Quoted();
  const size_t at = scanner->position();
  const absl::string_view word = scanner->Word();
  if (!word.empty()) return std::string(word);
  return scanner->ErrorAt(
      at, absl::StrCat("a name after '", std::string(1, sigil), "'"));
}

absl::StatusOr<TensorType> ParseType(TextScanner* scanner) {
  const size_t at = scanner->position();
  const absl::StatusOr<DType> dtype = ParseDType(scanner->Word());
  if (!dtype.ok()) return scanner->ErrorAt(at, "an element type");
  TensorType type{*dtype, {}};
  ASSAY_ASSIGN_OR_RETURN(type.shape, ParseList<int64_t>(scanner, "an extent"));
  int64_t elements = 1;
  for (const int64_t extent : type.shape) {
    const int64_t limit = kMaxElements / std::max<int64_t>(elements, 1);
    if (extent < 0 || extent > limit) elements = kMaxElements + 1;
    if (elements <= kMaxElements) elements *= extent;
  }
  if (elements > kMaxElements || type.shape.size() > kMaxRank) {
    return scanner->ErrorAt(at, "a type of at most 2^40 elements, rank 16");
  }
  return type;
}

absl::StatusOr<Tensor> ParseLiteral(TextScanner* scanner,
                                    const TensorType& type) {
  switch (type.dtype) {
    case DType::kF32:
      return LiteralOf<float>(scanner, type);
    case DType::kF64:
      return LiteralOf<double>(scanner, type);
    case DType::kBF16:
      return LiteralOf<BFloat16, float>(scanner, type);
    case DType::kS8:
      return LiteralOf<int8_t, int32_t>(scanner, type);
    case DType::kU8:
      return LiteralOf<uint8_t, int32_t>(scanner, type);
    case DType::kS32:
      return LiteralOf<int32_t>(scanner, type);
    case DType::kS64:
      return LiteralOf<int64_t>(scanner, type);
    case DType::kBool:
      return LiteralOf<bool, int32_t>(scanner, type);
  }
  return scanner->Error("a constant");
}

absl::StatusOr<Graph> ParseGraph(TextScanner* scanner, const OpSet& ops,
                                 const ParameterStore* stored,
                                 absl::string_view prefix) {
  return Parser(scanner, ops, stored, prefix).Run();
}

absl::Status AtPosition(const TextScanner& scanner, size_t position,
                        const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(scanner.Where(position), ": ",
                                                  status.message()));
}

absl::StatusOr<Graph> ParseGraph(absl::string_view text, const OpSet& ops,
                                 const ParameterStore* stored) {
  TextScanner scanner(text);
  ASSAY_ASSIGN_OR_RETURN(Graph graph, ParseGraph(&scanner, ops, stored, ""));
  if (!scanner.AtEnd()) return scanner.Error("the end after '}'");
  return graph;
}

}  // namespace assay
