#include "harness/graph/rewrites/split_batch.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/core/tensor.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

// Walks the copy in node order. A value with samples has an axis 0 of
// batch * k: k rows of each sample, one sample after the other.
class Splitter {
 public:
  Splitter(const Graph& graph, int64_t samples)
      : whole_(graph),
        split_{graph,
               std::vector<bool>(static_cast<size_t>(graph.value_count()))},
        samples_(samples) {}

  absl::StatusOr<SplitGraph> Run() {
    ASSAY_RETURN_IF_ERROR(SplitInputs());
    if (!whole_.updates().empty()) {
      return absl::UnimplementedError("the graph updates parameters");
    }
    for (NodeId id = 0; id < whole_.node_count(); ++id) {
      ASSAY_RETURN_IF_ERROR(SplitNode(id));
    }
    for (const Graph::Output& output : whole_.outputs()) {
      if (!HasSamples(output.value)) {
        return absl::UnimplementedError(absl::StrCat(
            "output '", output.name, "' does not depend on the batch"));
      }
    }
    ASSAY_RETURN_IF_ERROR(CheckTypes());
    return std::move(split_);
  }

 private:
  using Rule = bool (Splitter::*)(const Node&);

  bool HasSamples(ValueId v) const {
    return v != kNoValue && split_.has_samples[static_cast<size_t>(v)];
  }
  const Shape& shape(ValueId v) const { return whole_.shape(v); }
  // Extents of axis 0: of the whole batch, and of the part.
  int64_t Part(int64_t extent) const { return extent / batch_ * samples_; }
  Attributes& attributes(const Node& node) {
    const ValueId first = node.outputs[0];
    return split_.graph.mutable_node(whole_.value(first).producer)->attributes;
  }

  absl::Status SplitInputs() {
    for (const ValueId v : whole_.inputs()) {
      if (shape(v).empty()) continue;
      if (batch_ == 0) batch_ = shape(v)[0];
      if (shape(v)[0] != batch_) {
        return absl::InvalidArgumentError(
            absl::StrCat("input '", whole_.value(v).name, "': expected a batch",
                         " of ", batch_, ", got ", shape(v)[0]));
      }
      split_.has_samples[static_cast<size_t>(v)] = true;
      split_.graph.mutable_value(v)->type.shape[0] = samples_;
    }
    if (samples_ >= 1 && batch_ >= 1 && batch_ % samples_ == 0) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "expected a divisor of the batch of ", batch_, ", got ", samples_));
  }

  absl::Status SplitNode(NodeId id) {
    const Node& node = whole_.node(id);
    if (std::none_of(node.inputs.begin(), node.inputs.end(),
                     [this](ValueId v) { return HasSamples(v); })) {
      return absl::OkStatus();
    }
    const auto rule = Rules().find(node.op);
    bool splits = rule != Rules().end() && (this->*rule->second)(node);
    for (const ValueId v : node.outputs) {
      splits = splits && !shape(v).empty() && shape(v)[0] % batch_ == 0;
      split_.has_samples[static_cast<size_t>(v)] = true;
    }
    if (splits) return absl::OkStatus();
    return absl::UnimplementedError(
        absl::StrCat(node.op, " '", whole_.value(node.outputs[0]).name,
                     "' may mix samples"));
  }

  // A rule that was too generous would show here.
  absl::Status CheckTypes() {
    ASSAY_RETURN_IF_ERROR(split_.graph.InferTypes());
    for (ValueId v = 0; v < whole_.value_count(); ++v) {
      TensorType want = whole_.type(v);
      if (HasSamples(v)) want.shape[0] = Part(want.shape[0]);
      if (split_.graph.type(v) == want || IsCutConstant(v)) continue;
      return absl::InternalError(absl::StrCat(
          "'", whole_.value(v).name, "': expected ", ToString(want), ", got ",
          ToString(split_.graph.type(v))));
    }
    return absl::OkStatus();
  }

  bool IsCutConstant(ValueId v) const {
    return whole_.value(v).kind == ValueKind::kConstant;
  }

  // --- Operands

  bool AllHaveSamples(const Node& node) const {
    return std::all_of(node.inputs.begin(), node.inputs.end(),
                       [this](ValueId v) { return HasSamples(v); });
  }

  // Operands at `with` have samples (or are absent), no others do.
  bool OnlyThese(const Node& node, std::initializer_list<size_t> with) const {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const bool wanted = std::count(with.begin(), with.end(), i) > 0;
      const bool absent = node.inputs[i] == kNoValue;
      if (!absent && HasSamples(node.inputs[i]) != wanted) return false;
    }
    return true;
  }

  // An operand that stands beside ones with samples, aligned with them from the
  // back: has samples itself, is the same for every sample, or can be cut.
  bool Broadcasts(ValueId v, size_t rank) {
    if (v == kNoValue) return true;
    if (HasSamples(v)) return shape(v).size() == rank;
    return shape(v).size() < rank || shape(v)[0] == 1 || CutConstant(v);
  }

  // A constant that spells the batch out with equal parts for all samples gets
  // the extent of the part.
  bool CutConstant(ValueId v) {
    const Value& value = whole_.value(v);
    if (value.kind != ValueKind::kConstant || value.type.shape.empty() ||
        value.type.shape[0] % batch_ != 0 || whole_.Consumers(v).size() != 1) {
      return false;
    }
    const char* bytes = static_cast<const char*>(value.constant.raw());
    const size_t sample = static_cast<size_t>(value.constant.bytes() / batch_);
    for (int64_t i = 1; i < batch_; ++i) {
      if (std::memcmp(bytes, bytes + static_cast<size_t>(i) * sample, sample) !=
          0) {
        return false;
      }
    }
    Shape part = value.type.shape;
    part[0] = Part(part[0]);
    Tensor cut(value.type.dtype, part);
    std::memcpy(cut.raw(), bytes, static_cast<size_t>(cut.bytes()));
    Value* mine = split_.graph.mutable_value(v);
    mine->type.shape = std::move(part);
    mine->constant = std::move(cut);
    return true;
  }

  // The attribute `axis`, from the front; -1 is the last.
  int64_t Axis(const Node& node, int64_t preset) const {
    const int64_t axis = node.attributes.Int("axis", preset);
    const int64_t rank = static_cast<int64_t>(shape(node.inputs[0]).size());
    return axis < 0 ? axis + rank : axis;
  }

  // --- Rules: true if the node treats each sample alone

  bool Elementwise(const Node& node) {
    const size_t rank = shape(node.outputs[0]).size();
    return std::all_of(node.inputs.begin(), node.inputs.end(),
                       [&](ValueId v) { return Broadcasts(v, rank); });
  }

  // Operand 0 has samples, parameters follow.
  bool Rows(const Node& node) {
    return shape(node.inputs[0]).size() > 1 && OnlyThese(node, {0});
  }

  bool RowsAndResidual(const Node& node) {
    if (shape(node.inputs[0]).size() < 2) return false;
    return node.inputs.size() > 3 && node.inputs[3] != kNoValue
               ? OnlyThese(node, {0, 3})
               : OnlyThese(node, {0});
  }

  // Scales per channel must not be per sample.
  bool Grid(const Node& node) {
    return OnlyThese(node, {0}) &&
           (ElementCount(shape(node.inputs[1])) == 1 || Axis(node, 0) != 0);
  }

  bool AlongLast(const Node& node) {
    return OnlyThese(node, {0}) && Axis(node, -1) != 0;
  }

  bool Reduce(const Node& node) {
    const int64_t rank = static_cast<int64_t>(shape(node.inputs[0]).size());
    const Ints axes = node.attributes.Ints("axes", {0});
    return std::none_of(axes.begin(), axes.end(), [&](int64_t axis) {
      return axis == 0 || axis == -rank;
    });
  }

  // Axis 0 of the result keeps whole samples wherever it is a multiple of the
  // batch: elements stay in order.
  bool Reshape(const Node& node) {
    const int64_t extent = shape(node.outputs[0])[0];
    Ints to = node.attributes.Ints("shape", {});
    if (to.empty() || extent % batch_ != 0) return false;
    if (to[0] > 0) to[0] = Part(to[0]);
    attributes(node).Set("shape", std::move(to));
    return true;
  }

  bool Transpose(const Node& node) {
    const Ints permutation = node.attributes.Ints("permutation", {});
    return !permutation.empty() && permutation[0] == 0;
  }

  bool Slice(const Node& node) {
    Ints starts = node.attributes.Ints("starts", {});
    Ints ends = node.attributes.Ints("ends", {});
    if (ends.empty() || shape(node.outputs[0])[0] != shape(node.inputs[0])[0]) {
      return false;
    }
    starts[0] = 0;
    ends[0] = Part(shape(node.inputs[0])[0]);
    attributes(node).Set("starts", std::move(starts));
    attributes(node).Set("ends", std::move(ends));
    return true;
  }

  bool Pad(const Node& node) {
    return shape(node.outputs[0])[0] == shape(node.inputs[0])[0] &&
           node.attributes.Ints("before", {1})[0] == 0;
  }

  bool Concat(const Node& node) {
    if (Axis(node, 0) == 0) return false;
    return std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId v) {
      return HasSamples(v) || CutConstant(v);
    });
  }

  // Rows of one table for all, or the same places in each sample.
  bool Gather(const Node& node) {
    if (HasSamples(node.inputs[0])) {
      return !HasSamples(node.inputs[1]) && Axis(node, 0) != 0;
    }
    return Axis(node, 0) == 0;
  }

  bool Matmul(const Node& node) {
    const size_t rank = shape(node.outputs[0]).size();
    if (rank < 3) {
      return OnlyThese(node, {0}) && node.attributes.Int("transpose_a", 0) == 0;
    }
    return Broadcasts(node.inputs[0], rank) && Broadcasts(node.inputs[1], rank);
  }

  // Each sample's heads must lie within the sample's elements.
  bool Attention(const Node& node) {
    Ints extents = node.attributes.Ints("extents", {});
    if (extents.size() != 5 || extents[0] != batch_) return false;
    constexpr const char* kViews[] = {"query_view", "key_view", "value_view"};
    for (size_t i = 0; i < 3; ++i) {
      const ValueId v = node.inputs[i];
      const Ints view = node.attributes.Ints(kViews[i], {0, 0, 0, 0});
      const int64_t heads =
          i == 0 ? extents[1] : extents[1] / node.attributes.Int("repeats", 1);
      const int64_t rows = i == 0 ? extents[2] : extents[3];
      const int64_t sample = ElementCount(shape(v)) / batch_;
      const int64_t end =
          view[0] + (heads - 1) * view[2] + (rows - 1) * view[3] + extents[4];
      if (!HasSamples(v) || view[1] != sample || end > sample) return false;
    }
    if (node.inputs.size() > 3 && !Broadcasts(node.inputs[3], 4)) return false;
    extents[0] = samples_;
    attributes(node).Set("extents", std::move(extents));
    return true;
  }

  static const std::map<absl::string_view, Rule>& Rules() {
    static const auto* rules = [] {
      auto* made = new std::map<absl::string_view, Rule>;
      const auto add = [made](Rule rule,
                              std::initializer_list<const char*> ops) {
        for (const char* op : ops) (*made)[op] = rule;
      };
      add(&Splitter::Elementwise,
          {"abs",       "add",          "cast",    "ceil",       "clip",
           "cos",       "div",          "dropout", "equal",      "erf",
           "exp",       "floor",        "gelu",    "gelu_slope", "greater",
           "hardswish", "identity",     "log",     "maximum",    "minimum",
           "mul",       "neg",          "relu",    "pow_scalar", "relu6",
           "round",     "rsqrt",        "sigmoid", "sign",       "silu",
           "sin",       "sqrt",         "square",  "sub",        "tanh",
           "where",     "stop_gradient"});
      add(&Splitter::Rows,
          {"avg_pool", "batch_norm", "conv2d", "conv_transpose2d", "layer_norm",
           "linear", "linear_u4", "max_pool", "repeat_heads", "rms_norm",
           "rope"});
      add(&Splitter::RowsAndResidual, {"conv2d_fused", "linear_fused"});
      add(&Splitter::Grid,
          {"dequantize_linear", "fake_quantize", "quantize_linear"});
      add(&Splitter::AlongLast, {"log_softmax", "softmax"});
      add(&Splitter::Reduce, {"reduce_max", "reduce_mean", "reduce_sum"});
      add(&Splitter::Reshape, {"reshape"});
      add(&Splitter::Transpose, {"transpose"});
      add(&Splitter::Slice, {"slice"});
      add(&Splitter::Pad, {"pad"});
      add(&Splitter::Concat, {"concat"});
      add(&Splitter::Gather, {"gather"});
      add(&Splitter::Matmul, {"matmul"});
      add(&Splitter::Attention, {"attention_fused"});
      return made;
    }();
    return *rules;
  }

  const Graph& whole_;
  SplitGraph split_;
  int64_t samples_, batch_ = 0;
};

}  // namespace

absl::StatusOr<SplitGraph> SplitBatch(const Graph& graph, int64_t samples) {
  return Splitter(graph, samples).Run();
}

}  // namespace assay
