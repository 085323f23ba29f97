#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/channel_classes.h"
#include "harness/graph/channel_groups.h"
#include "harness/graph/copier.h"

namespace assay {
namespace {

// What stays of every axis of every value. Indices are listed for the axes that
// lose some.
class Survivors {
 public:
  Survivors(const ChannelClasses& classes,
            const std::vector<uint8_t>& removed_class)
      : graph_(classes.graph()) {
    lists_.resize(static_cast<size_t>(graph_.value_count()));
    for (ValueId id = 0; id < graph_.value_count(); ++id) {
      const Shape& shape = graph_.shape(id);
      for (size_t axis = 0; axis < shape.size(); ++axis) {
        if (classes.stays_whole(id, static_cast<int>(axis))) continue;
        const absl::Span<const int32_t> of =
            classes.ClassesOf(id, static_cast<int>(axis));
        std::vector<int64_t> kept(of.size());
        size_t count = 0;
        for (size_t i = 0; i < of.size(); ++i) {
          kept[count] = static_cast<int64_t>(i);
          count += removed_class[static_cast<size_t>(of[i])] ? 0 : 1;
        }
        if (count == of.size()) continue;
        kept.resize(count);
        lists_[static_cast<size_t>(id)].push_back({axis, std::move(kept)});
      }
    }
  }

  bool loses(ValueId id, size_t axis) const {
    return Find(id, axis) != nullptr;
  }
  // Of an axis that loses some.
  const std::vector<int64_t>& kept(ValueId id, size_t axis) const {
    return Find(id, axis)->indices;
  }
  int64_t extent(ValueId id, size_t axis) const {
    const Kept* list = Find(id, axis);
    return list == nullptr ? graph_.shape(id)[axis]
                           : static_cast<int64_t>(list->indices.size());
  }
  Shape shape(ValueId id) const {
    Shape shape = graph_.shape(id);
    for (const Kept& list : lists_[static_cast<size_t>(id)]) {
      shape[list.axis] = static_cast<int64_t>(list.indices.size());
    }
    return shape;
  }

 private:
  struct Kept {
    size_t axis;
    std::vector<int64_t> indices;
  };

  const Kept* Find(ValueId id, size_t axis) const {
    for (const Kept& list : lists_[static_cast<size_t>(id)]) {
      if (list.axis == axis) return &list;
    }
    return nullptr;
  }

  const Graph& graph_;
  std::vector<std::vector<Kept>> lists_;  // by value
};

// By class: whether it goes.
absl::StatusOr<std::vector<uint8_t>> RemovedClasses(
    const ChannelClasses& classes, const std::vector<ChannelGroup>& groups,
    absl::Span<const std::vector<int64_t>> removed) {
  if (removed.size() > groups.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("RemoveChannels: expected at most ", groups.size(),
                     " groups, got ", removed.size()));
  }
  std::vector<uint8_t> goes(static_cast<size_t>(classes.element_count()));
  for (size_t g = 0; g < removed.size(); ++g) {
    const ChannelGroup& group = groups[g];
    const int64_t count = static_cast<int64_t>(group.channels.size());
    for (const int64_t c : removed[g]) {
      if (c < 0 || c >= count) {
        return absl::InvalidArgumentError(
            absl::StrCat("group '", group.name, "': expected channels of [0, ",
                         count, "), got ", c));
      }
      const ChannelSlice& slice =
          group.channels[static_cast<size_t>(c)].slices[0];
      const size_t of = static_cast<size_t>(
          classes.ClassOf(slice.parameter, slice.axis, slice.indices[0]));
      if (goes[of]) {
        return absl::InvalidArgumentError(absl::StrCat(
            "group '", group.name, "': channel ", c, " is named twice"));
      }
      goes[of] = 1;
    }
    if (!removed[g].empty() &&
        static_cast<int64_t>(removed[g].size()) == count) {
      return absl::InvalidArgumentError(absl::StrCat(
          "group '", group.name, "' would lose all its ", count, " channels"));
    }
  }
  return goes;
}

// Attributes that spell out channel counts of the old graph.
class AttributeFollower {
 public:
  AttributeFollower(const Graph& graph, const Survivors& survivors)
      : graph_(graph), survivors_(survivors) {}

  Attributes Follow(const Node& node) const {
    if (node.op == "conv2d" || node.op == "conv_transpose2d") {
      return Groups(node);
    }
    if (node.op == "slice") return Bounds(node);
    if (node.op == "reshape" || node.op == "broadcast_to") {
      return Extents(node);
    }
    return node.attributes;
  }

 private:
  // groups = input channels / input channels of one filter; of a transposed
  // convolution, output channels / those that one input channel makes.
  Attributes Groups(const Node& node) const {
    Attributes attributes = node.attributes;
    if (attributes.Int("groups", 1) != 1) {
      const ValueId whole =
          node.op == "conv2d" ? node.inputs[0] : node.outputs[0];
      attributes.Set("groups", survivors_.extent(whole, 1) /
                                   survivors_.extent(node.inputs[1], 1));
    }
    return attributes;
  }

  // Extents above 0 are those of the result; 0 and -1 speak for themselves.
  Attributes Extents(const Node& node) const {
    std::vector<int64_t> shape = node.attributes.Ints("shape", {});
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      if (shape[axis] > 0) {
        shape[axis] = survivors_.extent(node.outputs[0], axis);
      }
    }
    Attributes attributes = node.attributes;
    attributes.Set("shape", std::move(shape));
    return attributes;
  }

  Attributes Bounds(const Node& node) const {
    const ValueId src = node.inputs[0];
    const Shape& shape = graph_.shape(src);
    std::vector<int64_t> starts = node.attributes.Ints("starts", {});
    std::vector<int64_t> ends = node.attributes.Ints("ends", {});
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      if (!survivors_.loses(src, axis)) continue;
      const std::vector<int64_t>& kept = survivors_.kept(src, axis);
      const int64_t start =
          starts[axis] < 0 ? starts[axis] + shape[axis] : starts[axis];
      starts[axis] =
          std::lower_bound(kept.begin(), kept.end(), start) - kept.begin();
      ends[axis] = starts[axis] + survivors_.extent(node.outputs[0], axis);
    }
    Attributes attributes = node.attributes;
    attributes.Set("starts", std::move(starts));
    attributes.Set("ends", std::move(ends));
    return attributes;
  }

  const Graph& graph_;
  const Survivors& survivors_;
};

// Of one value, the axes that lost something.
std::vector<KeptIndices> KeptOf(const Graph& graph, const Survivors& survivors,
                                ValueId id) {
  std::vector<KeptIndices> kept;
  const Shape& shape = graph.shape(id);
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (!survivors.loses(id, axis)) continue;
    kept.push_back({graph.value(id).name, static_cast<int>(axis),
                    survivors.kept(id, axis)});
  }
  return kept;
}

absl::StatusOr<bool> CopyShrunkLeaf(GraphCopier& copier, ValueId id,
                                    const Survivors& survivors) {
  const Value& value = copier.from().value(id);
  if (value.kind == ValueKind::kParameter) {
    copier.Set(id, copier.b().Parameter(value.name, value.type.dtype,
                                        survivors.shape(id)));
    return true;
  }
  if (value.kind != ValueKind::kConstant) return false;
  ASSAY_ASSIGN_OR_RETURN(
      Tensor cut,
      CutTensor(value.constant, KeptOf(copier.from(), survivors, id)));
  copier.Set(id, copier.b().Constant(std::move(cut), value.name));
  return true;
}

absl::StatusOr<bool> CopyShrunkNode(GraphCopier& copier, NodeId id,
                                    const Survivors& survivors) {
  const Graph& from = copier.from();
  const Node& node = from.node(id);
  const std::vector<ValueId> results =
      copier.b().Ops(node.op, copier.Map(node.inputs),
                     AttributeFollower(from, survivors).Follow(node),
                     from.value(node.outputs[0]).name);
  ASSAY_RETURN_IF_ERROR(copier.b().status());
  for (size_t i = 0; i < results.size(); ++i) {
    const Shape want = survivors.shape(node.outputs[i]);
    if (copier.b().shape(results[i]) != want) {
      return absl::InternalError(absl::StrCat(
          "'", from.value(node.outputs[i]).name, "' (", node.op,
          ") after removal: expected ", ToString(want),
          " by its couplings, got ", ToString(copier.b().shape(results[i]))));
    }
    copier.Set(node.outputs[i], results[i]);
  }
  return true;
}

// `tensor` with one axis cut.
absl::StatusOr<Tensor> CutAxis(const Tensor& tensor, const KeptIndices& kept) {
  if (kept.axis < 0 || kept.axis >= tensor.rank()) {
    return absl::InvalidArgumentError(
        absl::StrCat("cut of '", kept.parameter, "': expected an axis of ",
                     tensor.TypeString(), ", got ", kept.axis));
  }
  const size_t axis = static_cast<size_t>(kept.axis);
  Shape shape = tensor.shape();
  const int64_t extent = shape[axis];
  int64_t inner = SizeOf(tensor.dtype());
  for (size_t k = axis + 1; k < shape.size(); ++k) inner *= shape[k];
  const int64_t outer =
      tensor.size() == 0 ? 0 : tensor.bytes() / inner / extent;
  shape[axis] = static_cast<int64_t>(kept.indices.size());
  Tensor cut(tensor.dtype(), shape);
  const char* src = static_cast<const char*>(tensor.raw());
  char* dst = static_cast<char*>(cut.raw());
  for (const int64_t i : kept.indices) {
    if (i >= 0 && i < extent) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("cut of '", kept.parameter, "', axis ", kept.axis,
                     ": expected indices of [0, ", extent, "), got ", i));
  }
  for (int64_t o = 0; o < outer; ++o) {
    for (const int64_t i : kept.indices) {
      std::memcpy(dst, src + (o * extent + i) * inner,
                  static_cast<size_t>(inner));
      dst += inner;
    }
  }
  return cut;
}

}  // namespace

absl::StatusOr<Graph> RemoveClasses(
    const Graph& graph, const ChannelClasses& classes,
    const std::vector<ChannelGroup>& groups,
    absl::Span<const std::vector<int64_t>> removed,
    std::vector<KeptIndices>* kept) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<uint8_t> goes,
                         RemovedClasses(classes, groups, removed));
  const Survivors survivors(classes, goes);
  CopyHooks hooks;
  hooks.leaf = [&](GraphCopier& copier, ValueId id) {
    return CopyShrunkLeaf(copier, id, survivors);
  };
  hooks.node = [&](GraphCopier& copier, NodeId id) {
    return CopyShrunkNode(copier, id, survivors);
  };
  ASSAY_ASSIGN_OR_RETURN(Graph small, CopyGraph(graph, hooks));
  if (kept != nullptr) {
    kept->clear();
    for (const ValueId id : graph.parameters()) {
      for (KeptIndices& axis : KeptOf(graph, survivors, id)) {
        kept->push_back(std::move(axis));
      }
    }
  }
  return small;
}

absl::StatusOr<Tensor> CutTensor(const Tensor& tensor,
                                 absl::Span<const KeptIndices> kept) {
  Tensor cut = tensor;
  for (const KeptIndices& axis : kept) {
    ASSAY_ASSIGN_OR_RETURN(cut, CutAxis(cut, axis));
  }
  return cut;
}

absl::StatusOr<ParameterStore> CutParameters(
    const ParameterStore& parameters, absl::Span<const KeptIndices> kept) {
  ParameterStore cut = parameters;
  for (const KeptIndices& axis : kept) {
    ASSAY_ASSIGN_OR_RETURN(Tensor tensor, cut.Get(axis.parameter));
    ASSAY_ASSIGN_OR_RETURN(tensor, CutAxis(tensor, axis));
    cut.Set(axis.parameter, std::move(tensor));
  }
  return cut;
}

}  // namespace assay
