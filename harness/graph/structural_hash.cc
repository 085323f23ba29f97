#include "harness/graph/structural_hash.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/core/hash.h"

namespace assay {
namespace {

// Texts are preceded by their length, so that no two sequences of pieces make
// the same bytes.
void Feed(Sha256& hash, absl::string_view text) {
  hash.Update(absl::StrCat(text.size(), ":"));
  hash.Update(text);
}

void FeedIds(Sha256& hash, const std::vector<ValueId>& ids) {
  Feed(hash, absl::StrJoin(ids, ","));
}

}  // namespace

std::string StructuralHash(const Graph& graph) {
  Sha256 hash;
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    const Value& value = graph.value(id);
    Feed(hash,
         absl::StrCat(static_cast<int>(value.kind), ToString(value.type)));
    if (value.kind == ValueKind::kConstant) {
      hash.Update(value.constant.raw(),
                  static_cast<size_t>(value.constant.bytes()));
    } else if (value.kind != ValueKind::kResult) {
      Feed(hash, value.name);
    }
  }
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node& node = graph.node(id);
    Feed(hash, node.op);
    FeedIds(hash, node.inputs);
    FeedIds(hash, node.outputs);
    Feed(hash, node.attributes.ToString());
  }
  for (const Graph::Output& output : graph.outputs()) {
    Feed(hash, output.name);
    FeedIds(hash, {output.value});
  }
  for (const Graph::Update& update : graph.updates()) {
    FeedIds(hash, {update.parameter, update.value});
  }
  return hash.Hex();
}

}  // namespace assay
