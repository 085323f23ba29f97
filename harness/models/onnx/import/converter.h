// What turns one ONNX node into nodes of the graph, and what it sees of it.
#ifndef ASSAY_HARNESS_MODELS_ONNX_IMPORT_CONVERTER_H_
#define ASSAY_HARNESS_MODELS_ONNX_IMPORT_CONVERTER_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "harness/models/onnx/import/emitter.h"
#include "harness/models/onnx/import/import.h"
#include "harness/models/onnx/proto/onnx_model.h"

namespace assay {

class NodeContext;

// A row of the table of ops.
struct OnnxConverter {
  const char* op;
  int64_t since;  // the first opset in which the op means what is done here
  void (*convert)(NodeContext& c);
  int min_inputs, max_inputs;  // max_inputs below 0: any number
  const char* attributes;      // those that are understood, between spaces
  // "" is ONNX's own, whose opset `since` is of; another's is not looked at.
  const char* domain = "";
};

// One list per family, sorted by op.
absl::Span<const OnnxConverter> ArithmeticConverters();
absl::Span<const OnnxConverter> ActivationConverters();
absl::Span<const OnnxConverter> LogicConverters();
absl::Span<const OnnxConverter> ReduceConverters();
absl::Span<const OnnxConverter> LayoutConverters();
absl::Span<const OnnxConverter> IndexConverters();
absl::Span<const OnnxConverter> GenerateConverters();
absl::Span<const OnnxConverter> MatmulConverters();
absl::Span<const OnnxConverter> ConvConverters();
absl::Span<const OnnxConverter> PoolConverters();
absl::Span<const OnnxConverter> NormConverters();
absl::Span<const OnnxConverter> LossConverters();
absl::Span<const OnnxConverter> QuantizeConverters();
absl::Span<const OnnxConverter> RecurrentConverters();
absl::Span<const OnnxConverter> ResizeConverters();
absl::Span<const OnnxConverter> ControlConverters();

// An initializer as a matrix of integers on a grid, not yet in the graph.
struct PendingGrid {
  Tensor scale, zero_point;
  int64_t axis = 0;
};

// What an ONNX name stands for: a value of the graph, or an initializer that
// enters the graph when it is first read.
struct Binding {
  ValueId value = kNoValue;
  const OnnxTensor* initializer = nullptr;
  std::optional<PendingGrid> grid;
};

// Names of one graph; those of the graph around it are seen too.
struct Scope {
  Scope* outer = nullptr;
  absl::flat_hash_map<std::string, Binding> names;
  Binding* Find(const std::string& name);
};

// One attempt at a model.
struct ImportState {
  ImportState(const OnnxImportOptions* from, const OpSet& ops)
      : options(from), draft(ops) {}
  const OnnxImportOptions* options;
  Draft draft;
  std::map<std::string, int64_t> opsets;
  const std::vector<OnnxFunction>* functions = nullptr;  // of the model
  absl::flat_hash_map<std::string, int64_t> reads;       // of each name
  std::set<std::string> bound;   // inputs that are constants
  std::set<std::string> wanted;  // inputs that must become constants
  int depth = 0;                 // of graphs in graphs
};

// Imports the nodes of a graph whose inputs `scope` holds already; gives the
// values of its outputs.
absl::StatusOr<std::vector<ValueId>> ImportNodes(const OnnxGraph& graph,
                                                 Scope* scope,
                                                 ImportState* state);

// The number that somebody wrote, or a double before it was stored: 1e-5 for
// the float next to it.
double AsWritten(float value);

// One node under conversion. As with Emitter, the first error sticks.
class NodeContext : public Emitter {
 public:
  NodeContext(const OnnxNode* node, Scope* scope, ImportState* state);

  // --- Attributes. Fails when one has another kind.
  bool HasAttribute(absl::string_view name) const;
  int64_t Int(absl::string_view name, int64_t preset);
  double Real(absl::string_view name, double preset);
  std::string Text(absl::string_view name, absl::string_view preset);
  std::vector<int64_t> IntList(absl::string_view name,
                               std::vector<int64_t> preset);
  std::vector<float> RealList(absl::string_view name);
  std::vector<std::string> TextList(absl::string_view name);
  const OnnxTensor* TensorAttribute(absl::string_view name);
  const OnnxGraph* GraphAttribute(absl::string_view name);

  // --- Operands.
  size_t operand_count() const { return node_->inputs.size(); }
  bool Has(size_t i) const;
  // Fails when absent, or without elements.
  ValueId In(size_t i);
  // The same, where no elements (of a constant) are fine.
  ValueId InOrEmpty(size_t i);
  std::vector<ValueId> AllIn();
  // The elements, which must be known at import; null after an error. An
  // initializer counts as known.
  const Tensor* KnownIn(size_t i, absl::string_view what);
  std::vector<int64_t> IntsIn(size_t i, absl::string_view what);
  double RealIn(size_t i, absl::string_view what);
  // Whether operand i is an initializer, perhaps on a grid; and its extents
  // then.
  bool IsWeights(size_t i);
  Shape WeightsShape(size_t i);
  // Fails unless `v` is known; the inputs on which it depends are bound in the
  // next attempt where options give them.
  const Tensor* RequireKnown(ValueId v, absl::string_view what);
  // Whether operand i is known at import, without asking for it.
  bool IsKnown(size_t i);
  // Operand i, a matrix, transposed; or under another shape. An initializer
  // that nothing else reads is stored that way.
  ValueId TransposedWeights(size_t i);
  ValueId ReshapedWeights(size_t i, const Shape& shape);
  // Operand i as a parameter whose name ends in `suffix`.
  ValueId Statistic(size_t i, absl::string_view suffix);

  // --- Results.
  size_t result_count() const { return node_->outputs.size(); }
  bool Wants(size_t i) const;
  void Out(size_t i, ValueId value);
  // Keeps operand 0, an initializer, on a grid until somebody reads it.
  bool OutPending(const PendingGrid& grid);

  const OnnxNode& node() const { return *node_; }
  int64_t opset() const;
  Scope* scope() { return scope_; }
  ImportState* state() { return state_; }
  // How often a name is read in the whole model.
  int64_t Reads(const std::string& name) const;

 private:
  template <typename T>
  const T* Attribute(absl::string_view name, absl::string_view kind);
  Binding* BindingOf(size_t i);
  // Puts an initializer into the graph. `edit` may give it another shape.
  using Edit = Tensor (*)(const Tensor& value, const Shape& shape);
  ValueId Enter(Binding* binding, std::string name, Edit edit,
                const Shape& shape);
  ValueId EnterParameter(std::string name, Tensor value);
  ValueId Edited(size_t i, Edit edit, const Shape& shape);

  const OnnxNode* node_;
  Scope* scope_;
  ImportState* state_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_IMPORT_CONVERTER_H_
