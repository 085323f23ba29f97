#include "harness/graph/rewrites/pattern.h"

#include "harness/graph/copier.h"

namespace assay {

Pattern::Pattern(const Graph& graph)
    : graph_(graph),
      readers_(ConsumerIndex(graph)),
      ends_(static_cast<size_t>(graph.value_count()), false) {
  for (const Graph::Output& o : graph.outputs()) {
    ends_[static_cast<size_t>(o.value)] = true;
  }
  for (const Graph::Update& u : graph.updates()) {
    ends_[static_cast<size_t>(u.value)] = true;
  }
}

const Node* Pattern::Producer(ValueId v, absl::string_view op) const {
  if (v == kNoValue) return nullptr;
  const NodeId producer = graph_.value(v).producer;
  if (producer == kNoNode || graph_.node(producer).op != op) return nullptr;
  return &graph_.node(producer);
}

bool Pattern::ReadOnce(ValueId v) const {
  const size_t i = static_cast<size_t>(v);
  return !ends_[i] && readers_[i].size() == 1;
}

const Node* Pattern::OwnProducer(ValueId v, absl::string_view op) const {
  const Node* node = Producer(v, op);
  return node != nullptr && ReadOnce(v) ? node : nullptr;
}

const Tensor* Pattern::Constant(ValueId v) const {
  if (v == kNoValue) return nullptr;
  const Value& value = graph_.value(v);
  return value.kind == ValueKind::kConstant ? &value.constant : nullptr;
}

std::optional<double> Pattern::Scalar(ValueId v) const {
  const Tensor* constant = Constant(v);
  if (constant == nullptr || constant->size() != 1 ||
      !IsFloat(constant->dtype())) {
    return std::nullopt;
  }
  return *constant->Cast(DType::kF64).data<double>();
}

}  // namespace assay
