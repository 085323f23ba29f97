// The union-find behind channel_groups.h: every index of every axis of every
// value, and which of them are one channel.
#ifndef ASSAY_HARNESS_GRAPH_CHANNEL_CLASSES_H_
#define ASSAY_HARNESS_GRAPH_CHANNEL_CLASSES_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/graph/channel_groups.h"
#include "harness/graph/graph.h"

namespace assay {

class ChannelClasses final : public ChannelCoupler {
 public:
  // All axes of all values together: a class costs about 14 bytes per index. A
  // ResNet-50 has 10^6 indices, a language model of 7 * 10^9 weights 10^7.
  static constexpr int64_t kMaxElements = int64_t{1} << 26;

  // Asks every node's op for its couplings. INTERNAL names an op that couples
  // axes or indices that its values do not have. RESOURCE_EXHAUSTED names the
  // value with which the graph has more than kMaxElements indices.
  static absl::StatusOr<ChannelClasses> Of(const Graph& graph);

  const Graph& graph() const override { return *graph_; }
  const Node& node() const override { return *node_; }
  void Same(ValueId a, int axis_a, ValueId b, int axis_b) override;
  void Couple(ValueId a, int axis_a, int64_t i, ValueId b, int axis_b,
              int64_t j) override;
  void Freeze(ValueId v, int axis) override;
  void Produces(ValueId parameter, int axis) override;

  // The class of one element; equal for elements that go together.
  int64_t ClassOf(ValueId v, int axis, int64_t i) const {
    return parent_[static_cast<size_t>(Element(v, axis) + i)];
  }
  // Of a whole axis.
  absl::Span<const int32_t> ClassesOf(ValueId v, int axis) const {
    return absl::MakeConstSpan(parent_).subspan(
        static_cast<size_t>(Element(v, axis)),
        static_cast<size_t>(graph_->shape(v)[static_cast<size_t>(axis)]));
  }
  bool frozen(int64_t class_of) const {
    return frozen_[static_cast<size_t>(class_of)];
  }
  // Whether all indices of the axis are frozen.
  bool stays_whole(ValueId v, int axis) const {
    return whole_[static_cast<size_t>(v)][static_cast<size_t>(axis)];
  }
  bool produces(ValueId parameter, int axis) const {
    return producers_.count({parameter, axis}) > 0;
  }
  int64_t element_count() const { return static_cast<int64_t>(parent_.size()); }

 private:
  explicit ChannelClasses(const Graph& graph);
  void CoupleNode(const Node& node);
  void FreezeAll(ValueId v);
  // Every element learns its class, every axis whether it stays whole.
  void Settle();

  int64_t Element(ValueId v, int axis) const {
    return first_[static_cast<size_t>(v)][static_cast<size_t>(axis)];
  }
  int64_t Root(int64_t element);
  void Union(int64_t a, int64_t b);
  // Whether the axis (and index) exists; else notes the error.
  bool Check(ValueId v, int axis, int64_t i = 0);

  const Graph* graph_;
  const Node* node_ = nullptr;
  std::vector<std::vector<int64_t>> first_;  // by value and axis
  std::vector<int32_t> parent_;  // in the end each element's class itself
  std::vector<int8_t> rank_;
  std::vector<bool> frozen_;              // meaningful at roots
  std::vector<std::vector<bool>> whole_;  // by value and axis
  std::set<std::pair<ValueId, int>> producers_;
  absl::Status status_;
};

// RemoveChannels, with classes and groups at hand.
absl::StatusOr<Graph> RemoveClasses(
    const Graph& graph, const ChannelClasses& classes,
    const std::vector<ChannelGroup>& groups,
    absl::Span<const std::vector<int64_t>> removed,
    std::vector<KeptIndices>* kept);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_CHANNEL_CLASSES_H_
