#include "harness/graph/channel_classes.h"

#include <numeric>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/op_schema.h"

namespace assay {

namespace {

// Before anything is allocated by extents that a file may state at will.
absl::Status CheckExtents(const Graph& graph) {
  int64_t left = ChannelClasses::kMaxElements;
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    for (const int64_t extent : graph.shape(id)) {
      if (extent > left) {
        return absl::ResourceExhaustedError(absl::StrCat(
            "channels: expected at most ", ChannelClasses::kMaxElements,
            " indices over the axes of all values, got more at '",
            graph.value(id).name, "' of ", ToString(graph.type(id))));
      }
      left -= extent;
    }
  }
  return absl::OkStatus();
}

}  // namespace

ChannelClasses::ChannelClasses(const Graph& graph) : graph_(&graph) {
  int64_t elements = 0;
  first_.resize(static_cast<size_t>(graph.value_count()));
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    for (const int64_t extent : graph.shape(id)) {
      first_[static_cast<size_t>(id)].push_back(elements);
      elements += extent;
    }
  }
  parent_.resize(static_cast<size_t>(elements));
  std::iota(parent_.begin(), parent_.end(), 0);
  rank_.resize(parent_.size());
  frozen_.resize(parent_.size());
}

absl::StatusOr<ChannelClasses> ChannelClasses::Of(const Graph& graph) {
  ASSAY_RETURN_IF_ERROR(CheckExtents(graph));
  ChannelClasses classes(graph);
  for (const ValueId input : graph.inputs()) classes.FreezeAll(input);
  for (const Graph::Output& output : graph.outputs()) {
    classes.FreezeAll(output.value);
  }
  for (const Graph::Update& update : graph.updates()) {
    classes.FreezeAll(update.parameter);
    classes.FreezeAll(update.value);
  }
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    classes.CoupleNode(graph.node(id));
  }
  if (!classes.status_.ok()) return classes.status_;
  classes.Settle();
  return classes;
}

void ChannelClasses::Settle() {
  for (int64_t i = 0; i < element_count(); ++i) {
    parent_[static_cast<size_t>(i)] = static_cast<int32_t>(Root(i));
  }
  whole_.resize(first_.size());
  for (ValueId id = 0; id < graph_->value_count(); ++id) {
    const Shape& shape = graph_->shape(id);
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      bool whole = true;
      for (int64_t i = 0; whole && i < shape[axis]; ++i) {
        whole = frozen(ClassOf(id, static_cast<int>(axis), i));
      }
      whole_[static_cast<size_t>(id)].push_back(whole);
    }
  }
}

void ChannelClasses::CoupleNode(const Node& node) {
  node_ = &node;
  const OpSchema* schema = graph_->ops().Find(node.op);
  if (schema->couple != nullptr) {
    schema->couple(*this);
    return;
  }
  for (const ValueId input : node.inputs) {
    if (input != kNoValue) FreezeAll(input);
  }
  for (const ValueId output : node.outputs) FreezeAll(output);
}

void ChannelClasses::Same(ValueId a, int axis_a, ValueId b, int axis_b) {
  if (!Check(a, axis_a) || !Check(b, axis_b)) return;
  const int64_t extent = graph_->shape(a)[static_cast<size_t>(axis_a)];
  if (!Check(b, axis_b, extent - 1)) return;
  for (int64_t i = 0; i < extent; ++i) {
    Union(Element(a, axis_a) + i, Element(b, axis_b) + i);
  }
}

void ChannelClasses::Couple(ValueId a, int axis_a, int64_t i, ValueId b,
                            int axis_b, int64_t j) {
  if (!Check(a, axis_a, i) || !Check(b, axis_b, j)) return;
  Union(Element(a, axis_a) + i, Element(b, axis_b) + j);
}

void ChannelClasses::Freeze(ValueId v, int axis) {
  if (!Check(v, axis)) return;
  const int64_t extent = graph_->shape(v)[static_cast<size_t>(axis)];
  for (int64_t i = 0; i < extent; ++i) {
    frozen_[static_cast<size_t>(Root(Element(v, axis) + i))] = true;
  }
}

void ChannelClasses::Produces(ValueId parameter, int axis) {
  if (Check(parameter, axis)) producers_.insert({parameter, axis});
}

void ChannelClasses::FreezeAll(ValueId v) {
  const int axes = static_cast<int>(graph_->shape(v).size());
  for (int axis = 0; axis < axes; ++axis) Freeze(v, axis);
}

int64_t ChannelClasses::Root(int64_t element) {
  while (true) {
    int32_t& parent = parent_[static_cast<size_t>(element)];
    if (parent == element) return element;
    parent = parent_[static_cast<size_t>(parent)];
    element = parent;
  }
}

void ChannelClasses::Union(int64_t a, int64_t b) {
  a = Root(a);
  b = Root(b);
  if (a == b) return;
  const size_t i = static_cast<size_t>(a), j = static_cast<size_t>(b);
  if (rank_[i] < rank_[j]) return Union(b, a);
  if (rank_[i] == rank_[j]) ++rank_[i];
  parent_[j] = static_cast<int32_t>(a);
  if (frozen_[j]) frozen_[i] = true;
}

bool ChannelClasses::Check(ValueId v, int axis, int64_t i) {
  if (v >= 0 && v < graph_->value_count() && axis >= 0) {
    const Shape& shape = graph_->shape(v);
    const size_t at = static_cast<size_t>(axis);
    if (at < shape.size() && (i == 0 || (i >= 0 && i < shape[at]))) return true;
  }
  if (status_.ok()) {
    status_ = absl::InternalError(
        absl::StrCat("couplings of '", node_->op, "': value ", v,
                     " has no axis ", axis, " or no index ", i, " there"));
  }
  return false;
}

}  // namespace assay
