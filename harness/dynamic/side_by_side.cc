#include "harness/dynamic/side_by_side.h"

#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"

namespace assay {
namespace {

absl::Status AddPiece(const Graph& piece, const std::string& prefix,
                      Graph* all) {
  GraphCopier copier(piece, all);
  for (ValueId id = 0; id < piece.value_count(); ++id) {
    const Value& value = piece.value(id);
    if (copier.Map(id) != kNoValue) continue;
    if (value.kind == ValueKind::kInput) {
      ASSAY_ASSIGN_OR_RETURN(
          const ValueId input,
          all->AddInput(absl::StrCat(prefix, value.name), value.type));
      copier.Set(id, input);
      continue;
    }
    if (value.kind == ValueKind::kParameter) {
      ASSAY_ASSIGN_OR_RETURN(const ValueId parameter,
                             all->AddParameter(value.name, value.type));
      copier.Set(id, parameter);
      continue;
    }
    ASSAY_RETURN_IF_ERROR(value.kind == ValueKind::kResult
                              ? copier.CopyNode(value.producer)
                              : copier.CopyLeaf(id));
  }
  for (const Graph::Output& output : piece.outputs()) {
    ASSAY_RETURN_IF_ERROR(all->AddOutput(absl::StrCat(prefix, output.name),
                                         copier.Map(output.value)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Graph> SideBySide(const DynamicGraph& graph) {
  std::vector<const Graph*> pieces;
  absl::flat_hash_set<const Graph*> seen;
  ForEachStatement(graph.body, [&](const Statement& statement) {
    const Graph* piece = statement.piece.get();
    if (piece != nullptr && seen.insert(piece).second) pieces.push_back(piece);
  });
  Graph all(*graph.ops);
  all.set_name(graph.name);
  // Parameters keep their names, so they come before what may take them.
  for (const Graph* piece : pieces) {
    for (const ValueId id : piece->parameters()) {
      const Value& value = piece->value(id);
      ASSAY_RETURN_IF_ERROR(all.AddParameter(value.name, value.type).status());
    }
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    ASSAY_RETURN_IF_ERROR(AddPiece(*pieces[i], absl::StrCat(i, "/"), &all));
  }
  return all;
}

}  // namespace assay
