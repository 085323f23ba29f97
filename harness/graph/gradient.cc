#include "harness/graph/gradient.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/op_schema.h"

namespace assay {
namespace {

// One backward sweep over the nodes that the graph had at the start.
class Differentiator {
 public:
  Differentiator(Graph* graph, absl::Span<const ValueId> sources)
      : graph_(*graph),
        builder_(graph),
        first_new_node_(graph->node_count()),
        gradients_(static_cast<size_t>(graph->value_count()), kNoValue) {
    MarkNeeded(sources);
  }

  absl::Status Run(ValueId target, ValueId seed) {
    if (!needed(target)) return absl::OkStatus();
    gradient(target) = seed;
    const NodeId last = graph_.value(target).producer;
    for (NodeId id = std::min(last, first_new_node_ - 1); id >= 0; --id) {
      ASSAY_RETURN_IF_ERROR(Visit(id));
    }
    return absl::OkStatus();
  }

  ValueId& gradient(ValueId id) { return gradients_[static_cast<size_t>(id)]; }

 private:
  bool needed(ValueId id) const {
    return id != kNoValue && needed_[static_cast<size_t>(id)];
  }

  // Floating-point values that depend on a source.
  void MarkNeeded(absl::Span<const ValueId> sources) {
    needed_.assign(gradients_.size(), false);
    const auto mark = [this](ValueId id) {
      needed_[static_cast<size_t>(id)] = IsFloat(graph_.type(id).dtype);
    };
    for (const ValueId source : sources) mark(source);
    for (NodeId id = 0; id < first_new_node_; ++id) {
      const Node& node = graph_.node(id);
      const bool depends =
          std::any_of(node.inputs.begin(), node.inputs.end(),
                      [this](ValueId input) { return needed(input); });
      if (!depends) continue;
      for (const ValueId output : node.outputs) mark(output);
    }
  }

  absl::Status Visit(NodeId id) {
    const Node& node = graph_.node(id);
    std::vector<ValueId> arrived;
    bool any = false;
    for (const ValueId output : node.outputs) {
      arrived.push_back(gradient(output));
      any = any || arrived.back() != kNoValue;
    }
    if (!any) return absl::OkStatus();
    std::vector<bool> wanted;
    bool wants = false;
    for (const ValueId input : node.inputs) {
      wanted.push_back(needed(input));
      wants = wants || wanted.back();
    }
    const OpSchema* schema = graph_.ops().Find(node.op);
    if (!wants || schema->gradient == nullptr) return absl::OkStatus();

    GradientBuilder context(&builder_, &node, std::move(arrived),
                            std::move(wanted));
    absl::Status status = schema->gradient(context);
    if (status.ok()) status = builder_.status();
    if (!status.ok()) return Annotate(node, status);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      ASSAY_RETURN_IF_ERROR(Accumulate(node, i, context.input_gradients()[i]));
    }
    return absl::OkStatus();
  }

  absl::Status Accumulate(const Node& node, size_t i, ValueId term) {
    const ValueId input = node.inputs[i];
    if (term == kNoValue || !needed(input)) return absl::OkStatus();
    if (!(graph_.type(term) == graph_.type(input))) {
      return Annotate(node, absl::InternalError(absl::StrCat(
                                "gradient of operand ", i, ": expected ",
                                ToString(graph_.type(input)), ", got ",
                                ToString(graph_.type(term)))));
    }
    ValueId& sum = gradient(input);
    sum = sum == kNoValue ? term : builder_.Add(sum, term);
    return builder_.ok() ? absl::OkStatus() : Annotate(node, builder_.status());
  }

  absl::Status Annotate(const Node& node, const absl::Status& status) const {
    return absl::Status(
        status.code(),
        absl::StrCat("gradient of node '", graph_.value(node.outputs[0]).name,
                     "' (", node.op, "): ", status.message()));
  }

  Graph& graph_;
  GraphBuilder builder_;
  const NodeId first_new_node_;
  std::vector<ValueId> gradients_;  // by value
  std::vector<bool> needed_;        // by value
};

absl::StatusOr<ValueId> OnesLike(Graph* graph, ValueId target) {
  GraphBuilder b(graph);
  const TensorType& type = graph->type(target);
  ValueId ones = b.Scalar(type.dtype, 1);
  if (!type.shape.empty()) {
    ones = b.Op("broadcast_to", {ones}, {{"shape", type.shape}});
  }
  ASSAY_RETURN_IF_ERROR(b.status());
  return ones;
}

}  // namespace

absl::StatusOr<std::vector<ValueId>> AddGradients(
    Graph* graph, ValueId target, ValueId seed,
    absl::Span<const ValueId> sources) {
  const auto exists = [&](ValueId id) {
    return id >= 0 && id < graph->value_count();
  };
  if (!exists(target) || (seed != kNoValue && !exists(seed)) ||
      !std::all_of(sources.begin(), sources.end(), exists)) {
    return absl::InvalidArgumentError(
        "AddGradients: target, seed or a source is not in the graph");
  }
  const TensorType& type = graph->type(target);
  if (!IsFloat(type.dtype)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "AddGradients: target '", graph->value(target).name,
        "': expected a floating-point type, got ", ToString(type)));
  }
  if (seed != kNoValue && !(graph->type(seed) == type)) {
    return absl::InvalidArgumentError(
        absl::StrCat("AddGradients: seed: expected ", ToString(type), ", got ",
                     ToString(graph->type(seed))));
  }
  Differentiator differentiator(graph, sources);
  if (seed == kNoValue) {
    ASSAY_ASSIGN_OR_RETURN(seed, OnesLike(graph, target));
  }
  ASSAY_RETURN_IF_ERROR(differentiator.Run(target, seed));
  std::vector<ValueId> gradients;
  gradients.reserve(sources.size());
  for (const ValueId source : sources) {
    gradients.push_back(differentiator.gradient(source));
  }
  return gradients;
}

GradientBuilder::GradientBuilder(GraphBuilder* builder, const Node* node,
                                 std::vector<ValueId> result_gradients,
                                 std::vector<bool> needed)
    : builder_(builder),
      node_(node),
      result_gradients_(std::move(result_gradients)),
      input_gradients_(node->inputs.size(), kNoValue),
      needed_(std::move(needed)) {}

ValueId GradientBuilder::input(size_t i) const {
  return i < node_->inputs.size() ? node_->inputs[i] : kNoValue;
}

bool GradientBuilder::needs(size_t i) const {
  return i < needed_.size() && needed_[i];
}

void GradientBuilder::Set(size_t i, ValueId gradient) {
  assert(i < input_gradients_.size());
  input_gradients_[i] = gradient;
}

void GradientBuilder::SetUnbroadcast(size_t i, ValueId gradient) {
  if (!builder_->ok()) return;
  const Shape& want = builder_->shape(input(i));
  const Shape have = builder_->shape(gradient);
  const size_t added = have.size() - want.size();
  std::vector<int64_t> leading, stretched;
  for (size_t axis = 0; axis < have.size(); ++axis) {
    if (axis < added) {
      leading.push_back(static_cast<int64_t>(axis));
    } else if (want[axis - added] == 1 && have[axis] != 1) {
      stretched.push_back(static_cast<int64_t>(axis - added));
    }
  }
  if (!leading.empty())
    gradient = builder_->ReduceSum(gradient, leading, false);
  if (!stretched.empty()) {
    gradient = builder_->ReduceSum(gradient, stretched, true);
  }
  Set(i, gradient);
}

}  // namespace assay
