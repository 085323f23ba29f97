#include "harness/models/onnx/proto/onnx_model.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

constexpr std::pair<OnnxType, absl::string_view> kNames[] = {
    {OnnxType::kUndefined, "UNDEFINED"}, {OnnxType::kFloat, "FLOAT"},
    {OnnxType::kUint8, "UINT8"},         {OnnxType::kInt8, "INT8"},
    {OnnxType::kUint16, "UINT16"},       {OnnxType::kInt16, "INT16"},
    {OnnxType::kInt32, "INT32"},         {OnnxType::kInt64, "INT64"},
    {OnnxType::kString, "STRING"},       {OnnxType::kBool, "BOOL"},
    {OnnxType::kFloat16, "FLOAT16"},     {OnnxType::kDouble, "DOUBLE"},
    {OnnxType::kUint32, "UINT32"},       {OnnxType::kUint64, "UINT64"},
    {OnnxType::kBfloat16, "BFLOAT16"},
};

constexpr std::pair<OnnxType, DType> kDTypes[] = {
    {OnnxType::kFloat, DType::kF32}, {OnnxType::kDouble, DType::kF64},
    {OnnxType::kInt8, DType::kS8},   {OnnxType::kBfloat16, DType::kBF16},
    {OnnxType::kUint8, DType::kU8},  {OnnxType::kInt32, DType::kS32},
    {OnnxType::kInt64, DType::kS64}, {OnnxType::kBool, DType::kBool},
};

}  // namespace

std::string Name(OnnxType type) {
  for (const auto& [known, name] : kNames) {
    if (known == type) return std::string(name);
  }
  return absl::StrCat("type ", static_cast<int32_t>(type));
}

std::optional<DType> ToDType(OnnxType type) {
  for (const auto& [known, dtype] : kDTypes) {
    if (known == type) return dtype;
  }
  return std::nullopt;
}

OnnxType ToOnnxType(DType dtype) {
  for (const auto& [type, known] : kDTypes) {
    if (known == dtype) return type;
  }
  return OnnxType::kUndefined;
}

absl::string_view KindName(const OnnxAttribute& attribute) {
  constexpr absl::string_view kKinds[] = {"of a kind that is not read",
                                          "an integer",
                                          "a real",
                                          "a text",
                                          "a list of integers",
                                          "a list of reals",
                                          "a list of texts",
                                          "a tensor",
                                          "a graph"};
  return kKinds[attribute.index()];
}

}  // namespace assay
