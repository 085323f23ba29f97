#include "harness/models/onnx/import/inputs.h"

#include <memory>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/core/shape.h"

namespace assay {

void ForEachOnnxRead(const OnnxNode& node,
                     const std::function<void(const std::string&)>& visit) {
  for (const std::string& input : node.inputs) {
    if (!input.empty()) visit(input);
  }
  for (const auto& [name, value] : node.attributes) {
    const auto* graph = std::get_if<std::shared_ptr<const OnnxGraph>>(&value);
    if (graph == nullptr) continue;
    for (const OnnxNode& inner : (*graph)->nodes) ForEachOnnxRead(inner, visit);
    for (const OnnxValueInfo& output : (*graph)->outputs) visit(output.name);
  }
}

absl::StatusOr<TensorType> OnnxInputType(const OnnxValueInfo& info,
                                         const OnnxImportOptions& options) {
  const std::optional<DType> dtype = ToDType(info.type);
  if (!dtype) {
    return absl::UnimplementedError(
        absl::StrCat(info.type == OnnxType::kUndefined ? "what is no tensor"
                                                       : Name(info.type),
                     " is no type of this engine"));
  }
  TensorType type{*dtype, {}};
  const auto given = options.shapes.find(info.name);
  if (given != options.shapes.end()) type.shape = given->second;
  if (!info.dimensions) {
    if (given == options.shapes.end()) {
      return absl::InvalidArgumentError(
          "the file states no shape, and none was given");
    }
    return type;
  }
  if (given == options.shapes.end()) {
    for (size_t i = 0; i < info.dimensions->size(); ++i) {
      const OnnxDimension& dimension = (*info.dimensions)[i];
      const auto bound = options.dimensions.find(dimension.symbol);
      if (dimension.extent >= 0) {
        type.shape.push_back(dimension.extent);
      } else if (bound != options.dimensions.end()) {
        type.shape.push_back(bound->second);
      } else if (i == 0) {
        type.shape.push_back(options.batch);
      } else {
        return absl::InvalidArgumentError(
            absl::StrCat("dimension ", i, " '", dimension.symbol,
                         "' is open, and no extent was given for it"));
      }
    }
  }
  bool fits = type.shape.size() == info.dimensions->size();
  for (size_t i = 0; fits && i < type.shape.size(); ++i) {
    const int64_t stated = (*info.dimensions)[i].extent;
    fits = stated < 0 || stated == type.shape[i];
  }
  if (!fits) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a shape was given, ", ToString(type.shape),
        ", that does not fit the file's ",
        absl::StrJoin(*info.dimensions, "x",
                      [](std::string* out, const OnnxDimension& d) {
                        absl::StrAppend(out, d.extent < 0
                                                 ? d.symbol + "?"
                                                 : absl::StrCat(d.extent));
                      })));
  }
  return type;
}

absl::Status CheckOnnxOptions(const OnnxModel& model,
                              const OnnxImportOptions& options) {
  std::set<std::string> inputs, symbols;
  for (const OnnxValueInfo& input : model.graph.inputs) {
    inputs.insert(input.name);
    if (!input.dimensions) continue;
    for (const OnnxDimension& d : *input.dimensions) symbols.insert(d.symbol);
  }
  for (const auto& [name, shape] : options.shapes) {
    if (inputs.count(name) == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "a shape was given for '", name,
          "', which is no input; inputs: ", absl::StrJoin(inputs, ", ")));
    }
  }
  for (const auto& [name, extent] : options.dimensions) {
    if (symbols.count(name) == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("an extent was given for '", name,
                       "', which is no open dimension; open: ",
                       absl::StrJoin(symbols, ", ")));
    }
  }
  return absl::OkStatus();
}

}  // namespace assay
