#include "harness/graph/text.h"

#include <charconv>
#include <cmath>
#include <type_traits>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/graph/text_parts.h"

namespace assay {
namespace {

bool IsBare(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' ||
         c == '.' || c == '/' || c == '-';
}

std::string ValueName(const Graph& graph, ValueId id) {
  return id == kNoValue ? "_" : "%" + NameText(graph.value(id).name);
}

std::string Typed(const Graph& graph, ValueId id) {
  return absl::StrCat(ValueName(graph, id), " ", ToString(graph.type(id)));
}

std::string NodeText(const Graph& graph, const Node& node) {
  const auto name = [&](std::string* out, ValueId id) {
    *out += ValueName(graph, id);
  };
  const auto typed = [&](std::string* out, ValueId id) {
    *out += Typed(graph, id);
  };
  std::string text =
      absl::StrCat(absl::StrJoin(node.outputs, ", ", typed), " = ", node.op,
                   "(", absl::StrJoin(node.inputs, ", ", name), ")");
  if (!node.attributes.values().empty()) {
    absl::StrAppend(&text, " ", node.attributes.ToString());
  }
  return text;
}

template <typename T>
std::string Number(T value) {
  if constexpr (std::is_same_v<T, BFloat16>) {
    return Number(static_cast<float>(value));
  } else if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(value)) return "nan";
    char buffer[32];
    return std::string(
        buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr);
  } else {
    return absl::StrCat(static_cast<int64_t>(value));
  }
}

template <typename T>
std::string Numbers(const Tensor& tensor) {
  const auto print = [](std::string* out, T value) { *out += Number(value); };
  const std::string text = absl::StrJoin(tensor.span<T>(), ",", print);
  return tensor.rank() == 0 ? text : absl::StrCat("[", text, "]");
}

}  // namespace

std::string QuotedText(absl::string_view text) {
  return absl::StrCat("\"", absl::CHexEscape(text), "\"");
}

std::string NameText(absl::string_view name) {
  for (const char c : name) {
    if (!IsBare(c)) return QuotedText(name);
  }
  return name.empty() ? "\"\"" : std::string(name);
}

std::string LiteralText(double number) { return Number(number); }

std::string LiteralText(const Tensor& tensor) {
  switch (tensor.dtype()) {
    case DType::kF32:
      return Numbers<float>(tensor);
    case DType::kF64:
      return Numbers<double>(tensor);
    case DType::kBF16:
      return Numbers<BFloat16>(tensor);
    case DType::kS8:
      return Numbers<int8_t>(tensor);
    case DType::kU8:
      return Numbers<uint8_t>(tensor);
    case DType::kS32:
      return Numbers<int32_t>(tensor);
    case DType::kS64:
      return Numbers<int64_t>(tensor);
    case DType::kBool:
      return Numbers<bool>(tensor);
  }
  return "";
}

namespace {

std::string ConstantText(const Graph& graph, ValueId id, ParameterStore* stored,
                         int64_t inline_limit) {
  const Value& value = graph.value(id);
  std::string text = absl::StrCat("constant ", Typed(graph, id));
  if (stored != nullptr && value.constant.size() > inline_limit) {
    stored->Set(value.name, value.constant);
    return text + " stored";
  }
  return absl::StrCat(text, " = ", LiteralText(value.constant));
}

}  // namespace

std::string ToText(const Graph& graph, ParameterStore* stored,
                   int64_t inline_limit) {
  std::string text = absl::StrCat("graph 1 ", QuotedText(graph.name()), " {\n");
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    const Value& value = graph.value(id);
    if (value.kind == ValueKind::kResult) {
      const Node& node = graph.node(value.producer);
      if (node.outputs[0] != id) continue;  // stands with the first result
      absl::StrAppend(&text, "  ", NodeText(graph, node), "\n");
    } else if (value.kind == ValueKind::kConstant) {
      absl::StrAppend(&text, "  ",
                      ConstantText(graph, id, stored, inline_limit), "\n");
    } else {
      absl::StrAppend(
          &text, value.kind == ValueKind::kInput ? "  input " : "  parameter ",
          Typed(graph, id), "\n");
    }
  }
  for (const Graph::Output& output : graph.outputs()) {
    absl::StrAppend(&text, "  output ", QuotedText(output.name), " = ",
                    ValueName(graph, output.value), "\n");
  }
  for (const Graph::Update& update : graph.updates()) {
    absl::StrAppend(&text, "  update ", ValueName(graph, update.parameter),
                    " = ", ValueName(graph, update.value), "\n");
  }
  return text + "}\n";
}

}  // namespace assay
