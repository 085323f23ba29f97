#include "harness/dynamic/cut.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"

namespace assay {
namespace {

// By value: reached from the outputs without passing an input.
absl::StatusOr<std::vector<bool>> Needed(const Graph& network,
                                         const std::vector<CutEnd>& inputs,
                                         const std::vector<CutEnd>& outputs) {
  const size_t count = static_cast<size_t>(network.value_count());
  std::vector<bool> needed(count), cut(count);
  for (const CutEnd& end : inputs) cut[static_cast<size_t>(end.value)] = true;
  for (const CutEnd& end : outputs) {
    needed[static_cast<size_t>(end.value)] = true;
  }
  for (size_t i = count; i-- > 0;) {
    const Value& value = network.value(static_cast<ValueId>(i));
    if (!needed[i] || cut[i]) continue;
    if (value.kind == ValueKind::kInput) {
      return absl::InvalidArgumentError(
          absl::StrCat("the piece depends on '", value.name,
                       "', which is none of its inputs"));
    }
    if (value.kind != ValueKind::kResult) continue;
    for (const ValueId input : network.node(value.producer).inputs) {
      if (input != kNoValue) needed[static_cast<size_t>(input)] = true;
    }
  }
  return needed;
}

}  // namespace

absl::StatusOr<Graph> CutPiece(const Graph& network, std::string name,
                               const std::vector<CutEnd>& inputs,
                               const std::vector<CutEnd>& outputs) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<bool> needed,
                         Needed(network, inputs, outputs));
  Graph piece(network.ops());
  piece.set_name(std::move(name));
  GraphCopier copier(network, &piece);
  for (const CutEnd& end : inputs) {
    ASSAY_ASSIGN_OR_RETURN(const ValueId input,
                           piece.AddInput(end.name, network.type(end.value)));
    copier.Set(end.value, input);
  }
  for (ValueId id = 0; id < network.value_count(); ++id) {
    const Value& value = network.value(id);
    if (!needed[static_cast<size_t>(id)] || copier.Map(id) != kNoValue) {
      continue;
    }
    ASSAY_RETURN_IF_ERROR(value.kind == ValueKind::kResult
                              ? copier.CopyNode(value.producer)
                              : copier.CopyLeaf(id));
  }
  for (const CutEnd& end : outputs) {
    ASSAY_RETURN_IF_ERROR(piece.AddOutput(end.name, copier.Map(end.value)));
  }
  return piece;
}

}  // namespace assay
