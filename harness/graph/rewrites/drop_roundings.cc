#include "harness/graph/rewrites/drop_roundings.h"

#include <algorithm>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"
#include "harness/graph/rewrites/pattern.h"
#include "harness/graph/rewrites/prune_dead.h"

namespace assay {
namespace {

bool IsFloatFunction(absl::string_view op) {
  static const auto* functions = new absl::flat_hash_set<absl::string_view>{
      "attention_fused", "erf",     "exp",  "gelu",  "layer_norm",
      "log_softmax",     "matmul",  "rope", "rsqrt", "rms_norm",
      "sigmoid",         "softmax", "sqrt", "square"};
  return functions->contains(op);
}

class Dropper {
 public:
  explicit Dropper(const Graph& graph)
      : graph_(graph), find_(graph), readers_(ConsumerIndex(graph)) {
    for (const Graph::Output& o : graph.outputs()) ends_.insert(o.value);
    for (const Graph::Update& u : graph.updates()) ends_.insert(u.value);
  }

  absl::StatusOr<Graph> Run() {
    CopyHooks hooks;
    hooks.node = [this](GraphCopier& copier, NodeId id) {
      return CopyNode(copier, graph_.node(id));
    };
    ASSAY_ASSIGN_OR_RETURN(const Graph copy, CopyGraph(graph_, hooks));
    return PruneDead(copy);
  }

 private:
  // Made by the dequantization of something that is not constant.
  bool IsQuantized(ValueId v) const {
    const Node* node = find_.Producer(v, "dequantize_linear");
    return node != nullptr && find_.Constant(node->inputs[0]) == nullptr;
  }

  bool ComputesInFloat(const Node& reader, ValueId v) const {
    if (IsFloatFunction(reader.op)) return true;
    if (reader.op != "add" && reader.op != "sub" && reader.op != "mul" &&
        reader.op != "div") {
      return false;
    }
    return std::none_of(
        reader.inputs.begin(), reader.inputs.end(),
        [&](ValueId other) { return other != v && IsQuantized(other); });
  }

  // Whether all readers of the dequantized value compute in floats.
  bool IsIdle(ValueId v) const {
    const std::vector<NodeId>& readers = readers_[static_cast<size_t>(v)];
    return !ends_.contains(v) &&
           std::all_of(readers.begin(), readers.end(), [&](NodeId id) {
             return ComputesInFloat(graph_.node(id), v);
           });
  }

  absl::StatusOr<bool> CopyNode(GraphCopier& copier, const Node& node) {
    if (node.op != "dequantize_linear" || !IsIdle(node.outputs[0])) {
      return false;
    }
    const Node* quantize = find_.Producer(node.inputs[0], "quantize_linear");
    if (quantize == nullptr ||
        graph_.type(quantize->inputs[0]) != graph_.type(node.outputs[0])) {
      return false;
    }
    copier.Set(node.outputs[0], copier.Map(quantize->inputs[0]));
    return true;
  }

  const Graph& graph_;
  Pattern find_;
  const std::vector<std::vector<NodeId>> readers_;
  absl::flat_hash_set<ValueId> ends_;
};

}  // namespace

absl::StatusOr<Graph> DropRoundings(const Graph& graph) {
  return Dropper(graph).Run();
}

}  // namespace assay
