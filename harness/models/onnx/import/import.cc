#include "harness/models/onnx/import/import.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/graph/attributes.h"
#include "harness/graph/op_schema.h"
#include "harness/graph/rewrites/prune_dead.h"
#include "harness/models/onnx/import/converter.h"
#include "harness/models/onnx/import/inputs.h"

namespace assay {
namespace {

// Later opsets give ops more types and attributes, both of which are refused
// by name; this is the last one that was read through for other meanings.
constexpr int64_t kLastOpset = 23;
constexpr int kMaxDepth = 16;

const std::map<absl::string_view, const OnnxConverter*>& Table() {
  static const auto* table = [] {
    auto* rows = new std::map<absl::string_view, const OnnxConverter*>;
    for (const auto& family :
         {ArithmeticConverters(), ActivationConverters(), LogicConverters(),
          ReduceConverters(), LayoutConverters(), IndexConverters(),
          GenerateConverters(), MatmulConverters(), ConvConverters(),
          PoolConverters(), NormConverters(), LossConverters(),
          QuantizeConverters(), RecurrentConverters(), ResizeConverters(),
          ControlConverters()}) {
      for (const OnnxConverter& row : family) (*rows)[row.op] = &row;
    }
    return rows;
  }();
  return *table;
}

// An op of Assay's own, as export writes those that ONNX takes several nodes
// for; functions with another body have a number behind the name.
constexpr char kOwnDomain[] = "assay";

std::string OwnOp(const OnnxNode& node, const OpSet& ops) {
  if (node.domain != kOwnDomain) return "";
  if (ops.Find(node.op) != nullptr) return node.op;
  const std::string stem = node.op.substr(0, node.op.rfind('_'));
  return ops.Find(stem) != nullptr ? stem : "";
}

const OnnxFunction* FindFunction(const OnnxNode& node,
                                 const ImportState& state) {
  for (const OnnxFunction& f : *state.functions) {
    if (f.name == node.op && f.domain == node.domain) return &f;
  }
  return nullptr;
}

const OnnxConverter* FindRow(const OnnxNode& node) {
  const auto it = Table().find(node.op);
  if (it == Table().end() || it->second->domain != node.domain) return nullptr;
  return it->second;
}

// "node 'conv1' (Conv)"; a node without a name is known by its result.
std::string Word(const OnnxNode& node) {
  const std::string& name = !node.name.empty()     ? node.name
                            : node.outputs.empty() ? node.name
                                                   : node.outputs[0];
  return absl::StrCat("node '", name, "' (", node.op, ")");
}

absl::Status Prefixed(absl::string_view where, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(where, ": ", status.message()));
}

// The nodes on which outputs depend, in the file's order.
std::vector<const OnnxNode*> LiveNodes(const OnnxGraph& graph) {
  absl::flat_hash_set<std::string> needed;
  for (const OnnxValueInfo& output : graph.outputs) needed.insert(output.name);
  std::vector<const OnnxNode*> live;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    const bool reached =
        std::any_of(node->outputs.begin(), node->outputs.end(),
                    [&](const std::string& o) { return needed.contains(o); });
    if (!reached) continue;
    ForEachOnnxRead(*node,
                    [&](const std::string& name) { needed.insert(name); });
    live.push_back(&*node);
  }
  std::reverse(live.begin(), live.end());
  return live;
}

// All ops that are not in the table, or mean something else in this opset.
absl::Status CheckOps(const std::vector<const OnnxNode*>& nodes,
                      const ImportState& state) {
  const auto it = state.opsets.find("");
  const int64_t opset = it == state.opsets.end() ? 0 : it->second;
  std::map<std::string, int64_t> refused;
  for (const OnnxNode* node : nodes) {
    const OnnxConverter* row = FindRow(*node);
    if (!OwnOp(*node, state.draft.graph.ops()).empty() ||
        FindFunction(*node, state) != nullptr) {
      continue;
    }
    if (row == nullptr) {
      ++refused[node->domain.empty()
                    ? node->op
                    : absl::StrCat(node->domain, ".", node->op)];
    } else if (node->domain.empty() && opset < row->since) {
      ++refused[absl::StrCat(node->op, " of opset ", opset, " (known from ",
                             row->since, " on)")];
    }
  }
  if (opset > kLastOpset) {
    ++refused[absl::StrCat("opset ", opset, " (known up to ", kLastOpset, ")")];
  }
  if (refused.empty()) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat(
      "ops that import does not have: ",
      absl::StrJoin(refused, ", ", [](std::string* out, const auto& entry) {
        absl::StrAppend(out, entry.first);
        if (entry.second > 1)
          absl::StrAppend(out, " (", entry.second, " nodes)");
      })));
}

absl::Status CheckSignature(const OnnxNode& node, const OnnxConverter& row) {
  const int inputs = static_cast<int>(node.inputs.size());
  if (inputs < row.min_inputs ||
      (row.max_inputs >= 0 && inputs > row.max_inputs)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected ", row.min_inputs, " to ",
        row.max_inputs < 0 ? "any number of" : absl::StrCat(row.max_inputs),
        " operands, got ", inputs));
  }
  const std::vector<absl::string_view> known =
      absl::StrSplit(row.attributes, ' ', absl::SkipEmpty());
  for (const auto& [name, value] : node.attributes) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return absl::UnimplementedError(
          absl::StrCat("attribute '", name, "' is not known"));
    }
  }
  return absl::OkStatus();
}

// An attribute of one of Assay's ops.
struct ToAttribute {
  std::optional<AttributeValue> operator()(int64_t v) const { return v; }
  std::optional<AttributeValue> operator()(float v) const {
    return AsWritten(v);
  }
  std::optional<AttributeValue> operator()(const std::string& v) const {
    return v;
  }
  std::optional<AttributeValue> operator()(
      const std::vector<int64_t>& v) const {
    return v;
  }
  std::optional<AttributeValue> operator()(const std::vector<float>& v) const {
    std::vector<double> reals;
    for (const float value : v) reals.push_back(AsWritten(value));
    return reals;
  }
  template <typename T>
  std::optional<AttributeValue> operator()(const T&) const {
    return std::nullopt;
  }
};

void ConvertOwn(NodeContext& c, const std::string& op) {
  Attributes attributes;
  for (const auto& [name, value] : c.node().attributes) {
    const auto attribute = std::visit(ToAttribute(), value);
    if (!attribute) {
      return c.Invalid(
          absl::StrCat("attribute '", name, "' is ", KindName(value)));
    }
    attributes.Set(name, *attribute);
  }
  std::vector<ValueId> operands;
  for (size_t i = 0; i < c.operand_count(); ++i) {
    operands.push_back(c.Has(i) ? c.In(i) : kNoValue);
  }
  const std::vector<ValueId> results = c.Ops(op, operands, attributes);
  for (size_t i = 0; i < results.size(); ++i) c.Out(i, results[i]);
}

// The body of a function of the model in place of its call.
absl::Status ConvertCall(NodeContext& c, const OnnxFunction& function) {
  if (!function.attributes.empty() || !c.node().attributes.empty()) {
    return absl::UnimplementedError("a function of the model with attributes");
  }
  ImportState& state = *c.state();
  OnnxGraph body;
  body.nodes = function.nodes;
  Scope scope;
  for (size_t i = 0; i < function.inputs.size() && c.Has(i); ++i) {
    scope.names[function.inputs[i]].value = c.In(i);
  }
  for (const std::string& output : function.outputs) {
    body.outputs.push_back({output, OnnxType::kUndefined, {}});
  }
  ASSAY_RETURN_IF_ERROR(c.status());
  const std::map<std::string, int64_t> opsets = state.opsets;
  for (const auto& [domain, version] : function.opsets) {
    state.opsets[domain] = version;
  }
  ASSAY_ASSIGN_OR_RETURN(const std::vector<ValueId> results,
                         ImportNodes(body, &scope, &state));
  state.opsets = opsets;
  for (size_t i = 0; i < results.size(); ++i) c.Out(i, results[i]);
  return absl::OkStatus();
}

absl::Status ImportNode(const OnnxNode& node, Scope* scope,
                        ImportState* state) {
  NodeContext context(&node, scope, state);
  if (const std::string own = OwnOp(node, context.graph().ops());
      !own.empty()) {
    ConvertOwn(context, own);
  } else if (const OnnxFunction* function = FindFunction(node, *state)) {
    ASSAY_RETURN_IF_ERROR(ConvertCall(context, *function));
  } else {
    const OnnxConverter& row = *FindRow(node);
    ASSAY_RETURN_IF_ERROR(CheckSignature(node, row));
    row.convert(context);
  }
  ASSAY_RETURN_IF_ERROR(context.status());
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (!node.outputs[i].empty() && !scope->names.contains(node.outputs[i])) {
      return absl::UnimplementedError(
          absl::StrCat("result ", i, " '", node.outputs[i], "' is not made"));
    }
  }
  return absl::OkStatus();
}

// AddInput with the checks that every other value gets from inference.
absl::Status AddInput(const OnnxValueInfo& info, Scope* scope,
                      ImportState* state) {
  Binding binding;
  Graph& graph = state->draft.graph;
  const auto given = state->options->values.find(info.name);
  const bool empty =
      given != state->options->values.end() && given->second.size() == 0;
  if (empty) state->bound.insert(info.name);
  if (state->bound.count(info.name) > 0) {
    if (ToDType(info.type) != given->second.dtype()) {
      return absl::InvalidArgumentError(
          absl::StrCat("expected a value of ", Name(info.type), ", got ",
                       given->second.TypeString()));
    }
    binding.value = graph.AddConstant(given->second, info.name);
  } else {
    ASSAY_ASSIGN_OR_RETURN(TensorType type,
                           OnnxInputType(info, *state->options));
    int64_t bytes = SizeOf(type.dtype);
    for (const int64_t extent : type.shape) {
      if (extent < 1 || __builtin_mul_overflow(bytes, extent, &bytes) ||
          bytes > state->draft.limits.value_bytes) {
        return absl::InvalidArgumentError(absl::StrCat(
            "expected extents of at least 1 and at most ",
            state->draft.limits.value_bytes, " bytes, got ", ToString(type)));
      }
    }
    ASSAY_ASSIGN_OR_RETURN(binding.value,
                           graph.AddInput(info.name, std::move(type)));
  }
  if (!scope->names.emplace(info.name, binding).second) {
    return absl::InvalidArgumentError("stands twice");
  }
  return absl::OkStatus();
}

void CountReads(const OnnxGraph& graph, ImportState* state) {
  const auto count = [&](const std::string& name) { ++state->reads[name]; };
  for (const OnnxNode& node : graph.nodes) ForEachOnnxRead(node, count);
  for (const OnnxValueInfo& output : graph.outputs) count(output.name);
}

absl::StatusOr<OnnxNetwork> Attempt(const OnnxModel& model,
                                    ImportState* state) {
  state->opsets = model.opsets;
  state->functions = &model.functions;
  CountReads(model.graph, state);
  ASSAY_RETURN_IF_ERROR(CheckOps(LiveNodes(model.graph), *state));
  Scope scope;
  std::set<std::string> initialized;
  for (const OnnxTensor& tensor : model.graph.initializers) {
    initialized.insert(tensor.name);
  }
  for (const OnnxValueInfo& input : model.graph.inputs) {
    // Old files list initializers among the inputs.
    if (initialized.count(input.name) > 0) continue;
    const absl::Status status = AddInput(input, &scope, state);
    if (!status.ok()) {
      return Prefixed(absl::StrCat("input '", input.name, "'"), status);
    }
  }
  ASSAY_ASSIGN_OR_RETURN(const std::vector<ValueId> outputs,
                         ImportNodes(model.graph, &scope, state));
  Graph& graph = state->draft.graph;
  graph.set_name(model.graph.name);
  for (size_t i = 0; i < outputs.size(); ++i) {
    ASSAY_RETURN_IF_ERROR(
        graph.AddOutput(model.graph.outputs[i].name, outputs[i]));
  }
  ASSAY_ASSIGN_OR_RETURN(Graph pruned, PruneDead(graph));
  OnnxNetwork network{std::move(pruned), {}, {}};
  for (const ValueId v : network.graph.parameters()) {
    const std::string& name = network.graph.value(v).name;
    network.parameters.Set(name, *state->draft.parameters.Find(name));
  }
  network.bound.assign(state->bound.begin(), state->bound.end());
  return network;
}

}  // namespace

absl::StatusOr<std::vector<ValueId>> ImportNodes(const OnnxGraph& graph,
                                                 Scope* scope,
                                                 ImportState* state) {
  state->draft.limits.steps -= 1 + static_cast<int64_t>(graph.nodes.size());
  if (state->draft.limits.steps < 0) {
    return absl::UnimplementedError(
        "the network is written out in too many steps");
  }
  if (++state->depth > kMaxDepth) {
    return absl::UnimplementedError(absl::StrCat(
        "graphs are nested deeper than ", kMaxDepth, " in each other"));
  }
  for (const OnnxTensor& tensor : graph.initializers) {
    Binding binding;
    binding.initializer = &tensor;
    if (tensor.name.empty() ||
        !scope->names.emplace(tensor.name, binding).second) {
      return absl::InvalidArgumentError(absl::StrCat(
          "initializer '", tensor.name, "' has a name that is empty or taken"));
    }
  }
  const std::vector<const OnnxNode*> nodes = LiveNodes(graph);
  ASSAY_RETURN_IF_ERROR(CheckOps(nodes, *state));
  for (const OnnxNode* node : nodes) {
    const absl::Status status = ImportNode(*node, scope, state);
    if (!status.ok()) return Prefixed(Word(*node), status);
  }
  // Outputs are read as a node would read them.
  OnnxNode reader;
  reader.op = "output";
  for (const OnnxValueInfo& output : graph.outputs) {
    reader.inputs.push_back(output.name);
  }
  NodeContext context(&reader, scope, state);
  std::vector<ValueId> values = context.AllIn();
  if (!context.ok()) return Prefixed("outputs", context.status());
  --state->depth;
  return values;
}

absl::StatusOr<OnnxNetwork> ImportOnnx(const OnnxModel& model,
                                       const OnnxImportOptions& options,
                                       const OpSet& ops) {
  ASSAY_RETURN_IF_ERROR(CheckOnnxOptions(model, options));
  std::set<std::string> bound;
  while (true) {
    ImportState state(&options, ops);
    state.bound = bound;
    absl::StatusOr<OnnxNetwork> network = Attempt(model, &state);
    const size_t before = bound.size();
    if (!network.ok()) bound.insert(state.wanted.begin(), state.wanted.end());
    if (network.ok() || bound.size() == before) return network;
  }
}

std::vector<std::string> ImportedOnnxOps() {
  std::vector<std::string> names;
  for (const auto& [name, row] : Table()) names.emplace_back(name);
  return names;
}

}  // namespace assay
