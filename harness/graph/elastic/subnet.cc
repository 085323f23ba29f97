#include "harness/graph/elastic/subnet.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"

namespace assay {
namespace {

using Cuts = absl::flat_hash_map<std::string, std::vector<const KeptIndices*>>;

bool Contiguous(const std::vector<int64_t>& indices) {
  for (size_t i = 1; i < indices.size(); ++i) {
    if (indices[i] != indices[i - 1] + 1) return false;
  }
  return !indices.empty();
}

// All contiguous axes in one slice, then a gather for each other one.
absl::StatusOr<ValueId> ReadPart(GraphBuilder& b, ValueId full,
                                 const std::vector<const KeptIndices*>& cuts) {
  const Shape shape = b.shape(full);
  const std::string& name = b.graph().value(full).name;
  std::vector<int64_t> starts(shape.size(), 0), ends = shape;
  bool slices = false;
  for (const KeptIndices* cut : cuts) {
    const size_t axis = static_cast<size_t>(cut->axis);
    if (cut->axis < 0 || axis >= shape.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("part of '", name, "': no axis ", cut->axis, " in ",
                       ToString(b.graph().type(full))));
    }
    if (!Contiguous(cut->indices)) continue;
    starts[axis] = cut->indices.front();
    ends[axis] = cut->indices.back() + 1;
    slices = true;
  }
  ValueId part = full;
  if (slices) {
    part = b.Op("slice", {part},
                {{"starts", std::move(starts)}, {"ends", std::move(ends)}},
                absl::StrCat(name, ".part"));
  }
  for (const KeptIndices* cut : cuts) {
    if (Contiguous(cut->indices)) continue;
    const int64_t count = static_cast<int64_t>(cut->indices.size());
    Tensor indices(DType::kS32, {count});
    std::transform(cut->indices.begin(), cut->indices.end(),
                   indices.data<int32_t>(),
                   [](int64_t i) { return static_cast<int32_t>(i); });
    part =
        b.Op("gather", {part, b.Constant(std::move(indices), name + ".kept")},
             {{"axis", cut->axis}}, absl::StrCat(name, ".part"));
  }
  ASSAY_RETURN_IF_ERROR(b.status());
  return part;
}

// Reads a cut parameter; true when `id` is one.
absl::StatusOr<bool> ReadLeaf(GraphCopier& copier, ValueId id,
                              const Graph& full, const Cuts& cuts) {
  const Value& value = copier.from().value(id);
  const auto cut = cuts.find(value.name);
  if (value.kind != ValueKind::kParameter || cut == cuts.end()) return false;
  const ValueId whole = full.FindValue(value.name);
  if (whole == kNoValue || full.value(whole).kind != ValueKind::kParameter) {
    return absl::InvalidArgumentError(absl::StrCat(
        "part of '", value.name, "': the full graph has no such parameter"));
  }
  const TensorType& type = full.type(whole);
  ASSAY_ASSIGN_OR_RETURN(
      const ValueId part,
      ReadPart(copier.b(),
               copier.b().Parameter(value.name, type.dtype, type.shape),
               cut->second));
  if (!(copier.b().graph().type(part) == value.type)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "part of '", value.name, "': expected ", ToString(value.type), ", got ",
        ToString(copier.b().graph().type(part))));
  }
  copier.Set(id, part);
  return true;
}

// Without updates of parameters that are read in part.
absl::StatusOr<Graph> WithoutUpdatesOf(const Graph& graph, const Cuts& cuts) {
  Graph copy = graph;
  copy.ClearUpdates();
  for (const Graph::Update& update : graph.updates()) {
    if (cuts.contains(graph.value(update.parameter).name)) continue;
    ASSAY_RETURN_IF_ERROR(copy.AddUpdate(update.parameter, update.value));
  }
  return copy;
}

}  // namespace

absl::StatusOr<Graph> ReadFromFull(const Graph& dense, const Graph& full,
                                   absl::Span<const KeptIndices> kept) {
  Cuts cuts;
  for (const KeptIndices& cut : kept) {
    const ValueId id = dense.FindValue(cut.parameter);
    if (id == kNoValue || dense.value(id).kind != ValueKind::kParameter) {
      return absl::InvalidArgumentError(absl::StrCat(
          "part of '", cut.parameter, "': the graph has no such parameter"));
    }
    cuts[cut.parameter].push_back(&cut);
  }
  CopyHooks hooks;
  hooks.leaf = [&](GraphCopier& copier, ValueId id) {
    return ReadLeaf(copier, id, full, cuts);
  };
  if (dense.updates().empty()) return CopyGraph(dense, hooks);
  ASSAY_ASSIGN_OR_RETURN(const Graph kept_updates,
                         WithoutUpdatesOf(dense, cuts));
  return CopyGraph(kept_updates, hooks);
}

absl::StatusOr<Subnet> TakeSubnet(
    const Graph& supernet, const ChannelAnalysis& analysis,
    absl::Span<const std::vector<int64_t>> removed) {
  std::vector<KeptIndices> kept;
  ASSAY_ASSIGN_OR_RETURN(Graph dense, analysis.Remove(removed, &kept));
  ASSAY_ASSIGN_OR_RETURN(Graph sliced, ReadFromFull(dense, supernet, kept));
  return Subnet{std::move(sliced), std::move(dense), std::move(kept)};
}

absl::StatusOr<std::vector<std::vector<int64_t>>> KeepFirst(
    const std::vector<ChannelGroup>& groups, absl::Span<const int64_t> keep,
    absl::Span<const std::vector<int64_t>> order) {
  if (keep.size() != groups.size() ||
      (!order.empty() && order.size() != groups.size())) {
    return absl::InvalidArgumentError(
        absl::StrCat("KeepFirst: expected ", groups.size(), " groups, got ",
                     keep.size(), " counts and ", order.size(), " orders"));
  }
  std::vector<std::vector<int64_t>> removed(groups.size());
  for (size_t g = 0; g < groups.size(); ++g) {
    const int64_t count = static_cast<int64_t>(groups[g].channels.size());
    const bool listed =
        order.empty() || static_cast<int64_t>(order[g].size()) == count;
    if (keep[g] < 1 || keep[g] > count || !listed) {
      return absl::InvalidArgumentError(absl::StrCat(
          "KeepFirst: group '", groups[g].name, "': expected 1 to ", count,
          " channels and an order of all of them, got ", keep[g]));
    }
    for (int64_t i = keep[g]; i < count; ++i) {
      removed[g].push_back(order.empty() ? i
                                         : order[g][static_cast<size_t>(i)]);
    }
    std::sort(removed[g].begin(), removed[g].end());
  }
  return removed;
}

}  // namespace assay
