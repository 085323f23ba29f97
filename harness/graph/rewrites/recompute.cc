#include "harness/graph/rewrites/recompute.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/dtype.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"
#include "harness/graph/rewrites/recompute_copy.h"

namespace assay {
namespace {

int64_t BytesOf(const Graph& graph, ValueId id) {
  const TensorType& type = graph.type(id);
  return ElementCount(type.shape) * SizeOf(type.dtype);
}

// Which segment of the forward pass each node is in.
class Segments {
 public:
  Segments(const Graph& graph, NodeId forward_nodes, int count)
      : graph_(graph), forward_(forward_nodes) {
    FindLastReaders();
    Cut(count);
  }

  NodeId forward_nodes() const { return forward_; }
  int of(NodeId node) const { return segment_[static_cast<size_t>(node)]; }
  int last() const { return segment_.empty() ? 0 : segment_.back(); }

  // Read by a later segment of the forward pass: stays.
  bool kept(ValueId id) const {
    const NodeId reader = last_forward_reader_[static_cast<size_t>(id)];
    return reader != kNoNode && of(reader) > of(graph_.value(id).producer);
  }

 private:
  void FindLastReaders() {
    last_forward_reader_.assign(static_cast<size_t>(graph_.value_count()),
                                kNoNode);
    for (NodeId id = 0; id < forward_; ++id) {
      for (const ValueId operand : graph_.node(id).inputs) {
        if (operand == kNoValue) continue;
        last_forward_reader_[static_cast<size_t>(operand)] = id;
      }
    }
  }

  // Bytes that the forward pass carries across the place behind each node.
  std::vector<int64_t> Crossings() const {
    std::vector<int64_t> change(static_cast<size_t>(forward_) + 1, 0);
    for (NodeId id = 0; id < forward_; ++id) {
      for (const ValueId result : graph_.node(id).outputs) {
        const NodeId reader = last_forward_reader_[static_cast<size_t>(result)];
        if (reader == kNoNode) continue;
        change[static_cast<size_t>(id)] += BytesOf(graph_, result);
        change[static_cast<size_t>(reader)] -= BytesOf(graph_, result);
      }
    }
    int64_t sum = 0;
    for (int64_t& bytes : change) bytes = sum += bytes;
    return change;
  }

  // A cut in each of the windows around k / count of all bytes, where the
  // fewest bytes cross.
  void Cut(int count) {
    const std::vector<int64_t> crossing = Crossings();
    std::vector<double> done;  // bytes made up to and with each node
    double total = 0;
    for (NodeId id = 0; id < forward_; ++id) {
      for (const ValueId result : graph_.node(id).outputs) {
        total += static_cast<double>(BytesOf(graph_, result));
      }
      done.push_back(total);
    }
    std::vector<bool> cut(static_cast<size_t>(forward_), false);
    for (int k = 1; k < count; ++k) {
      int64_t least = std::numeric_limits<int64_t>::max();
      size_t best = done.size();
      for (size_t i = 0; i + 1 < done.size(); ++i) {
        const double at = done[i] / total * count - k;
        if (at < -0.5 || at >= 0.5 || crossing[i] >= least) continue;
        least = crossing[i];
        best = i;
      }
      if (best < done.size()) cut[best] = true;
    }
    int segment = 0;
    for (NodeId id = 0; id < forward_; ++id) {
      segment_.push_back(segment);
      if (cut[static_cast<size_t>(id)]) ++segment;
    }
  }

  const Graph& graph_;
  const NodeId forward_;
  std::vector<NodeId> last_forward_reader_;
  std::vector<int> segment_;
};

// Copies the graph; before the first backward node that reads a value which is
// not kept comes that value's segment again.
class Replay {
 public:
  Replay(const Graph& graph, const Segments& segments)
      : graph_(graph),
        segments_(segments),
        again_(static_cast<size_t>(graph.value_count()), kNoValue),
        needed_(static_cast<size_t>(graph.node_count()), false),
        done_(static_cast<size_t>(segments.last()) + 1, false) {
    MarkNeeded();
  }

  // What a backward node reads for an operand.
  absl::StatusOr<ValueId> Operand(GraphCopier& copier, ValueId operand) {
    if (operand == kNoValue || !Dropped(operand)) return copier.Map(operand);
    const int segment = segments_.of(graph_.value(operand).producer);
    if (!done_[static_cast<size_t>(segment)]) {
      ASSAY_RETURN_IF_ERROR(Compute(copier, segment));
      done_[static_cast<size_t>(segment)] = true;
    }
    return again_[static_cast<size_t>(operand)];
  }

 private:
  // Made by the forward pass and gone when the backward pass comes.
  bool Dropped(ValueId id) const {
    const NodeId producer = graph_.value(id).producer;
    return producer != kNoNode && producer < segments_.forward_nodes() &&
           segments_.of(producer) < segments_.last() && !segments_.kept(id);
  }

  void MarkNeeded() {
    const auto mark = [&](ValueId id) {
      if (id != kNoValue && Dropped(id)) {
        needed_[static_cast<size_t>(graph_.value(id).producer)] = true;
      }
    };
    for (NodeId id = graph_.node_count() - 1; id >= 0; --id) {
      const bool backward = id >= segments_.forward_nodes();
      if (!backward && !needed_[static_cast<size_t>(id)]) continue;
      for (const ValueId operand : graph_.node(id).inputs) mark(operand);
    }
  }

  absl::Status Compute(GraphCopier& copier, int segment) {
    for (NodeId id = 0; id < segments_.forward_nodes(); ++id) {
      if (segments_.of(id) != segment || !needed_[static_cast<size_t>(id)]) {
        continue;
      }
      const Node& node = graph_.node(id);
      std::vector<ValueId> operands;
      for (const ValueId operand : node.inputs) {
        operands.push_back(operand != kNoValue && Dropped(operand)
                               ? again_[static_cast<size_t>(operand)]
                               : copier.Map(operand));
      }
      const std::vector<ValueId> results = copier.b().Ops(
          node.op, std::move(operands), node.attributes,
          absl::StrCat(graph_.value(node.outputs[0]).name, ".again"));
      ASSAY_RETURN_IF_ERROR(copier.b().status());
      for (size_t i = 0; i < results.size(); ++i) {
        again_[static_cast<size_t>(node.outputs[i])] = results[i];
      }
    }
    return absl::OkStatus();
  }

  const Graph& graph_;
  const Segments& segments_;
  std::vector<ValueId> again_;  // by value: its second computation
  std::vector<bool> needed_;    // by node: computed twice
  std::vector<bool> done_;      // by segment
};

}  // namespace

absl::StatusOr<Recomputed> Recompute(const Graph& graph, ValueId loss,
                                     int segments) {
  if (loss < 0 || loss >= graph.value_count() ||
      graph.value(loss).kind != ValueKind::kResult || segments < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("Recompute: expected a loss that is a node's result and 1 "
                     "segment or more, got value ",
                     loss, " and ", segments));
  }
  const Segments cut(graph, graph.value(loss).producer + 1, segments);
  Replay replay(graph, cut);
  return CopyBackward(graph, cut.forward_nodes(),
                      [&](GraphCopier& copier, ValueId operand) {
                        return replay.Operand(copier, operand);
                      });
}

}  // namespace assay
