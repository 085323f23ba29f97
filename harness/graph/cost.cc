#include "harness/graph/cost.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/graph/op_schema.h"
#include "harness/graph/packed.h"
#include "harness/graph/reference.h"
#include "harness/graph/roles.h"

namespace assay {
namespace {

template <typename T>
int64_t CountAs(const Tensor& tensor) {
  const absl::Span<const T> values = tensor.span<T>();
  return std::count_if(values.begin(), values.end(),
                       [](T value) { return value != T{}; });
}

// Values that are stored, or made of stored values alone; null elsewhere.
class StoredValues {
 public:
  // Knows nothing before the loads.
  explicit StoredValues(const Graph& graph)
      : graph_(graph), values_(static_cast<size_t>(graph.value_count())) {}

  void LoadConstants() {
    for (ValueId id = 0; id < graph_.value_count(); ++id) {
      const Value& value = graph_.value(id);
      if (value.kind == ValueKind::kConstant) at(id) = value.constant;
    }
  }

  absl::Status LoadParameters(const ParameterStore& parameters) {
    for (const ValueId id : graph_.parameters()) {
      const Value& value = graph_.value(id);
      ASSAY_ASSIGN_OR_RETURN(at(id), parameters.Get(value.name));
      if (at(id).dtype() != value.type.dtype ||
          at(id).shape() != value.type.shape) {
        return absl::InvalidArgumentError(
            absl::StrCat("parameter '", value.name, "': expected ",
                         ToString(value.type), ", got ", at(id).TypeString()));
      }
    }
    return absl::OkStatus();
  }

  // Computes the node when all its operands are known.
  absl::Status Derive(NodeId id) {
    const Node& node = graph_.node(id);
    std::vector<const Tensor*> operands;
    for (const ValueId input : node.inputs) {
      if (input != kNoValue && Find(input) == nullptr) return absl::OkStatus();
      operands.push_back(Find(input));
    }
    if (operands.empty() || graph_.ops().Find(node.op)->reference == nullptr) {
      return absl::OkStatus();
    }
    ASSAY_ASSIGN_OR_RETURN(std::vector<Tensor> results,
                           EvaluateNode(graph_, id, operands));
    for (size_t i = 0; i < results.size(); ++i) {
      at(node.outputs[i]) = std::move(results[i]);
    }
    return absl::OkStatus();
  }

  const Tensor* Find(ValueId id) const {
    if (id == kNoValue) return nullptr;
    const Tensor& tensor = values_[static_cast<size_t>(id)];
    return tensor.raw() == nullptr ? nullptr : &tensor;
  }

 private:
  Tensor& at(ValueId id) { return values_[static_cast<size_t>(id)]; }

  const Graph& graph_;
  std::vector<Tensor> values_;
};

// macs with zeros of the weights removed: the first operand of rank 2 or more
// that is known without running the network.
int64_t AliveMacs(int64_t macs, const Node& node, const StoredValues& stored) {
  if (node.op == "linear_u4") return macs;
  for (const ValueId input : node.inputs) {
    const Tensor* weights = stored.Find(input);
    if (weights == nullptr || weights->rank() < 2 || weights->size() == 0) {
      continue;
    }
    const int64_t per_weight = macs / weights->size();
    return per_weight * CountNonzeros(*weights);
  }
  return macs;
}

void CountStored(const Graph& graph, const StoredValues& stored, Cost* cost) {
  std::vector<bool> statistic(static_cast<size_t>(graph.value_count()));
  const std::vector<Role> roles = ParameterRoles(graph);
  for (size_t i = 0; i < roles.size(); ++i) {
    statistic[static_cast<size_t>(graph.parameters()[i])] =
        roles[i] == Role::kStatistic;
  }
  const std::vector<bool> packed = PackedValues(graph);
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    const Value& value = graph.value(id);
    const bool parameter = value.kind == ValueKind::kParameter;
    if (!parameter && value.kind != ValueKind::kConstant) continue;
    const bool halves = packed[static_cast<size_t>(id)];
    const int64_t elements = StoredElements(value.type, halves);
    cost->bytes += ElementCount(value.type.shape) * SizeOf(value.type.dtype);
    if (statistic[static_cast<size_t>(id)] || (!parameter && elements == 1)) {
      continue;
    }
    // Which half-byte is zero, the zero points say.
    const Tensor* tensor = halves ? nullptr : stored.Find(id);
    cost->parameters += elements;
    cost->nonzeros += tensor == nullptr ? elements : CountNonzeros(*tensor);
  }
}

Cost Count(const Graph& graph, const StoredValues& stored) {
  Cost cost;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const int64_t macs = MacsOf(graph, id);
    if (macs == 0) continue;
    cost.nodes.push_back({id, macs, AliveMacs(macs, graph.node(id), stored)});
    cost.macs += macs;
    cost.alive_macs += cost.nodes.back().alive_macs;
  }
  CountStored(graph, stored, &cost);
  return cost;
}

}  // namespace

int64_t CountNonzeros(const Tensor& tensor) {
  switch (tensor.dtype()) {
    case DType::kF32:
      return CountAs<float>(tensor);
    case DType::kF64:
      return CountAs<double>(tensor);
    case DType::kBF16: {
      const auto values = tensor.span<BFloat16>();
      return std::count_if(values.begin(), values.end(), [](BFloat16 value) {
        return (value.bits & 0x7fffu) != 0;
      });
    }
    case DType::kS8:
      return CountAs<int8_t>(tensor);
    case DType::kU8:
      return CountAs<uint8_t>(tensor);
    case DType::kS32:
      return CountAs<int32_t>(tensor);
    case DType::kS64:
      return CountAs<int64_t>(tensor);
    case DType::kBool:
      return CountAs<bool>(tensor);
  }
  return 0;
}

int64_t MacsOf(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const OpSchema* schema = graph.ops().Find(node.op);
  return schema->macs == nullptr ? 0 : schema->macs(graph, node);
}

Cost CostOf(const Graph& graph) {
  StoredValues stored(graph);
  stored.LoadConstants();
  return Count(graph, stored);
}

absl::StatusOr<Cost> CostOf(const Graph& graph,
                            const ParameterStore& parameters) {
  StoredValues stored(graph);
  stored.LoadConstants();
  ASSAY_RETURN_IF_ERROR(stored.LoadParameters(parameters));
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    ASSAY_RETURN_IF_ERROR(stored.Derive(id));
  }
  return Count(graph, stored);
}

}  // namespace assay
