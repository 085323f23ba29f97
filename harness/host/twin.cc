#include "harness/host/twin.h"

#include <cstring>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/random.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

// The layer whose rows are the classes, or null.
const Node* Classifier(const Graph& graph) {
  const ValueId logits = graph.FindOutput("logits");
  if (logits == kNoValue || graph.value(logits).kind != ValueKind::kResult) {
    return nullptr;
  }
  const Node& node = graph.node(graph.value(logits).producer);
  if (node.op != "linear" || graph.shape(logits).size() != 2) return nullptr;
  for (size_t i = 1; i < node.inputs.size(); ++i) {
    const ValueId operand = node.inputs[i];
    if (operand == kNoValue) continue;
    if (graph.value(operand).kind != ValueKind::kParameter ||
        graph.Consumers(operand).size() != 1) {
      return nullptr;
    }
  }
  return &node;
}

// Row c becomes row order[c].
Tensor MoveRows(const Tensor& from, absl::Span<const int32_t> order) {
  Tensor to(from.dtype(), from.shape());
  const auto width = static_cast<size_t>(from.bytes() / from.dim(0));
  for (size_t c = 0; c < order.size(); ++c) {
    std::memcpy(
        static_cast<char*>(to.raw()) + static_cast<size_t>(order[c]) * width,
        static_cast<const char*>(from.raw()) + c * width, width);
  }
  return to;
}

class TwinMaker {
 public:
  explicit TwinMaker(const Graph& graph)
      : from_(graph),
        twin_(graph.ops()),
        ids_(static_cast<size_t>(graph.value_count()), kNoValue) {}

  absl::StatusOr<Graph> Copy() {
    twin_.set_name("twin");
    for (const ValueId id : from_.inputs()) {
      ASSAY_ASSIGN_OR_RETURN(
          At(id), twin_.AddInput(from_.value(id).name, from_.type(id)));
    }
    for (const ValueId id : from_.parameters()) {
      ASSAY_ASSIGN_OR_RETURN(At(id),
                             twin_.AddParameter(NewName(id), from_.type(id)));
    }
    for (ValueId id = 0; id < from_.value_count(); ++id) {
      if (from_.value(id).kind == ValueKind::kConstant) {
        At(id) = twin_.AddConstant(from_.value(id).constant, "c");
      }
    }
    for (NodeId id = 0; id < from_.node_count(); ++id) {
      ASSAY_RETURN_IF_ERROR(CopyNode(from_.node(id)));
    }
    for (const Graph::Output& output : from_.outputs()) {
      ASSAY_RETURN_IF_ERROR(twin_.AddOutput(output.name, At(output.value)));
    }
    for (const Graph::Update& update : from_.updates()) {
      ASSAY_RETURN_IF_ERROR(
          twin_.AddUpdate(At(update.parameter), At(update.value)));
    }
    return std::move(twin_);
  }

  // Of each parameter, by its own.
  const std::map<std::string, std::string>& names() const { return names_; }

 private:
  ValueId& At(ValueId id) { return ids_[static_cast<size_t>(id)]; }

  std::string NewName(ValueId id) {
    std::string name = absl::StrCat("p", names_.size());
    names_[from_.value(id).name] = name;
    return name;
  }

  absl::Status CopyNode(const Node& node) {
    std::vector<ValueId> inputs;
    for (const ValueId id : node.inputs) {
      inputs.push_back(id == kNoValue ? kNoValue : At(id));
    }
    ASSAY_ASSIGN_OR_RETURN(
        const NodeId copy,
        twin_.AddNode(node.op, std::move(inputs), node.attributes, "v"));
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      At(node.outputs[i]) = twin_.node(copy).outputs[i];
    }
    return absl::OkStatus();
  }

  const Graph& from_;
  Graph twin_;
  std::vector<ValueId> ids_;  // in the twin, by their own
  std::map<std::string, std::string> names_;
};

}  // namespace

std::vector<int32_t> TwinClasses(const Graph& graph, uint64_t seed) {
  if (Classifier(graph) == nullptr) return {};
  const std::vector<int64_t> drawn =
      RandomStream(seed, "audit/twin")
          .Permutation(graph.shape(graph.FindOutput("logits"))[1]);
  return std::vector<int32_t>(drawn.begin(), drawn.end());
}

absl::StatusOr<TwinNetwork> MakeTwin(const Graph& graph,
                                     const ParameterStore& parameters,
                                     absl::Span<const Initialiser> initialisers,
                                     absl::Span<const int32_t> order) {
  TwinMaker maker(graph);
  ASSAY_ASSIGN_OR_RETURN(Graph copy, maker.Copy());
  TwinNetwork twin{std::move(copy), {}, {}};
  for (const auto& [name, renamed] : maker.names()) {
    ASSAY_ASSIGN_OR_RETURN(Tensor value, parameters.Get(name));
    twin.parameters.Set(renamed, std::move(value));
  }
  if (!order.empty()) {
    const Node& classifier = *Classifier(graph);
    for (size_t i = 1; i < classifier.inputs.size(); ++i) {
      if (classifier.inputs[i] == kNoValue) continue;
      const std::string& name =
          maker.names().at(graph.value(classifier.inputs[i]).name);
      twin.parameters.Set(name, MoveRows(*twin.parameters.Find(name), order));
    }
  }
  for (Initialiser initialiser : initialisers) {
    const auto renamed = maker.names().find(initialiser.parameter);
    if (renamed == maker.names().end()) continue;
    initialiser.parameter = renamed->second;
    twin.initialisers.push_back(std::move(initialiser));
  }
  return twin;
}

}  // namespace assay
