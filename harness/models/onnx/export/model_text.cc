#include "harness/models/onnx/export/model_text.h"

#include <cassert>
#include <memory>
#include <variant>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "harness/core/hash.h"

namespace assay {
namespace {

struct AttributeText {
  std::string operator()(std::monostate) const { return "nothing"; }
  std::string operator()(int64_t value) const { return absl::StrCat(value); }
  std::string operator()(float value) const {
    return absl::StrFormat("%a", value);
  }
  std::string operator()(const std::string& value) const {
    return absl::StrCat("'", absl::CEscape(value), "'");
  }
  template <typename T>
  std::string operator()(const std::vector<T>& values) const {
    return absl::StrCat("[",
                        absl::StrJoin(values, ",",
                                      [&](std::string* out, const T& value) {
                                        absl::StrAppend(out, (*this)(value));
                                      }),
                        "]");
  }
  std::string operator()(const OnnxTensor& tensor) const {
    const absl::string_view bytes(static_cast<const char*>(tensor.value.raw()),
                                  static_cast<size_t>(tensor.value.bytes()));
    return absl::StrCat(Name(tensor.type), ToString(tensor.value.shape()), "=",
                        Sha256Hex(bytes));
  }
  std::string operator()(const std::shared_ptr<const OnnxGraph>&) const {
    assert(false);
    return "";
  }
};

}  // namespace

std::string OnnxNodesText(const std::vector<OnnxNode>& nodes) {
  std::string text;
  for (const OnnxNode& node : nodes) {
    absl::StrAppend(&text, absl::StrJoin(node.outputs, ","), " = ", node.domain,
                    ":", node.op, "(", absl::StrJoin(node.inputs, ","), ")");
    for (const auto& [name, value] : node.attributes) {
      absl::StrAppend(&text, " ", name, "=",
                      std::visit(AttributeText(), value));
    }
    text.push_back('\n');
  }
  return text;
}

}  // namespace assay
