#include "harness/backend/cpu/support.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/backend/cpu/cpu_features.h"
#include "harness/core/status_macros.h"

namespace assay::cpu {
namespace {

bool Uses(const Graph& graph, const Node& node, DType dtype) {
  auto is = [&](ValueId v) {
    return v != kNoValue && graph.type(v).dtype == dtype;
  };
  return std::any_of(node.inputs.begin(), node.inputs.end(), is) ||
         std::any_of(node.outputs.begin(), node.outputs.end(), is);
}

absl::Status Missing(const Graph& graph, const Node& node,
                     absl::string_view what) {
  return absl::UnimplementedError(
      absl::StrCat("cpu: ", Signature(graph, node), ": ", what));
}

absl::Status NeedsBf16(const Graph& graph, const Node& node) {
  if (!Uses(graph, node, DType::kBF16) || HasNativeBf16()) {
    return absl::OkStatus();
  }
  return Missing(graph, node,
                 "this processor has neither avx512_bf16 nor amx_bf16");
}

}  // namespace

std::string Signature(const Graph& graph, const Node& node) {
  return absl::StrCat(
      node.op, "(",
      absl::StrJoin(node.inputs, ", ",
                    [&](std::string* out, ValueId v) {
                      absl::StrAppend(
                          out, v == kNoValue ? "-" : ToString(graph.type(v)));
                    }),
      ")");
}

absl::Status SupportsOnly(const Graph& graph, const Node& node,
                          std::initializer_list<DType> dtypes) {
  auto check = [&](ValueId v) {
    if (v == kNoValue || std::find(dtypes.begin(), dtypes.end(),
                                   graph.type(v).dtype) != dtypes.end()) {
      return absl::OkStatus();
    }
    return Missing(graph, node,
                   absl::StrCat("no kernel for ", Name(graph.type(v).dtype)));
  };
  for (const ValueId v : node.inputs) ASSAY_RETURN_IF_ERROR(check(v));
  for (const ValueId v : node.outputs) ASSAY_RETURN_IF_ERROR(check(v));
  return absl::OkStatus();
}

absl::Status SupportsFloat(const Graph& graph, const Node& node) {
  return SupportsOnly(graph, node, {DType::kF32, DType::kBF16, DType::kS32});
}

absl::Status SupportsNumber(const Graph& graph, const Node& node) {
  return SupportsOnly(
      graph, node,
      {DType::kF32, DType::kBF16, DType::kF64, DType::kS32, DType::kS64});
}

absl::Status SupportsF32(const Graph& graph, const Node& node) {
  return SupportsOnly(graph, node, {DType::kF32, DType::kS32, DType::kS64});
}

absl::Status SupportsAll(const Graph&, const Node&) { return absl::OkStatus(); }

absl::Status SupportsNativeFloat(const Graph& graph, const Node& node) {
  ASSAY_RETURN_IF_ERROR(SupportsOnly(graph, node, {DType::kF32, DType::kBF16}));
  return NeedsBf16(graph, node);
}

absl::Status SupportsNativeInteger(const Graph& graph, const Node& node) {
  ASSAY_RETURN_IF_ERROR(SupportsOnly(
      graph, node,
      {DType::kF32, DType::kBF16, DType::kU8, DType::kS8, DType::kS32}));
  if ((Uses(graph, node, DType::kU8) || Uses(graph, node, DType::kS8)) &&
      !HasNativeInt8()) {
    return Missing(graph, node,
                   "this processor has none of avx512_vnni, avx_vnni, "
                   "amx_int8");
  }
  return NeedsBf16(graph, node);
}

}  // namespace assay::cpu
