#include "harness/graph/elastic/derive.h"

#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

absl::StatusOr<ValueId> FindParameter(const Graph& graph,
                                      absl::string_view name) {
  const ValueId id = graph.FindValue(name);
  if (id == kNoValue || graph.value(id).kind != ValueKind::kParameter) {
    return absl::NotFoundError(
        absl::StrCat("no parameter '", name, "' in the graph"));
  }
  return id;
}

// An input of the formula: the graph's of that name, or a new one.
absl::StatusOr<ValueId> InputOf(GraphBuilder& b, const Value& input) {
  const ValueId found = b.graph().FindValue(input.name);
  if (found == kNoValue) {
    return b.Input(input.name, input.type.dtype, input.type.shape);
  }
  const Value& other = b.graph().value(found);
  if (other.kind == ValueKind::kInput && other.type == input.type) return found;
  return absl::InvalidArgumentError(absl::StrCat(
      "formula: input '", input.name, "': expected ", ToString(input.type),
      ", the graph has ", ToString(other.type)));
}

// The formula's value, appended to the graph under construction.
absl::StatusOr<ValueId> Append(const Graph& formula, GraphBuilder& b) {
  std::vector<ValueId> copies(static_cast<size_t>(formula.value_count()),
                              kNoValue);
  for (ValueId id = 0; id < formula.value_count(); ++id) {
    const Value& value = formula.value(id);
    ValueId& copy = copies[static_cast<size_t>(id)];
    if (value.kind == ValueKind::kInput) {
      ASSAY_ASSIGN_OR_RETURN(copy, InputOf(b, value));
    } else if (value.kind == ValueKind::kParameter) {
      copy = b.Parameter(value.name, value.type.dtype, value.type.shape);
    } else if (value.kind == ValueKind::kConstant) {
      copy = b.Constant(value.constant, value.name);
    } else if (formula.node(value.producer).outputs[0] == id) {
      const Node& node = formula.node(value.producer);
      std::vector<ValueId> operands;
      for (const ValueId v : node.inputs) {
        operands.push_back(v == kNoValue ? v : copies[static_cast<size_t>(v)]);
      }
      const std::vector<ValueId> results =
          b.Ops(node.op, std::move(operands), node.attributes, value.name);
      for (size_t i = 0; i < results.size(); ++i) {
        copies[static_cast<size_t>(node.outputs[i])] = results[i];
      }
    }
    ASSAY_RETURN_IF_ERROR(b.status());
  }
  return copies[static_cast<size_t>(formula.outputs()[0].value)];
}

absl::Status CheckFormula(const std::string& name, const TensorType& type,
                          const Graph& formula) {
  if (formula.outputs().size() != 1 || !formula.updates().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "formula of '", name, "': expected one output and no updates, got ",
        formula.outputs().size(), " and ", formula.updates().size()));
  }
  const TensorType& made = formula.type(formula.outputs()[0].value);
  if (made == type) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("formula of '", name,
                                                 "': expected ", ToString(type),
                                                 ", got ", ToString(made)));
}

}  // namespace

absl::StatusOr<Graph> DeriveParameters(
    const Graph& graph, const std::map<std::string, const Graph*>& formulas) {
  absl::flat_hash_map<ValueId, const Graph*> derived;
  for (const auto& [name, formula] : formulas) {
    ASSAY_ASSIGN_OR_RETURN(const ValueId id, FindParameter(graph, name));
    ASSAY_RETURN_IF_ERROR(CheckFormula(name, graph.type(id), *formula));
    derived[id] = formula;
  }
  CopyHooks hooks;
  hooks.leaf = [&](GraphCopier& copier, ValueId id) -> absl::StatusOr<bool> {
    // A formula may have brought an input before its turn.
    const Value& value = graph.value(id);
    const ValueId present = copier.to().FindValue(value.name);
    if (value.kind == ValueKind::kInput && present != kNoValue &&
        copier.to().type(present) == value.type) {
      copier.Set(id, present);
      return true;
    }
    const auto formula = derived.find(id);
    if (formula == derived.end()) return false;
    ASSAY_ASSIGN_OR_RETURN(const ValueId made,
                           Append(*formula->second, copier.b()));
    copier.Set(id, made);
    return true;
  };
  return CopyGraph(graph, hooks);
}

namespace {

// The centre of the weights, transformed where there is a matrix for it.
ValueId CentreOf(GraphBuilder& b, ValueId weights, int64_t kernel,
                 const std::string& transform) {
  const Shape shape = b.shape(weights);
  const int64_t first = (shape[2] - kernel) / 2, end = first + kernel;
  const DType dtype = b.dtype(weights);
  const ValueId centre = b.Op("slice", {weights},
                              {{"starts", Ints{0, 0, first, first}},
                               {"ends", Ints{shape[0], shape[1], end, end}}});
  if (transform.empty()) return centre;
  const int64_t taps = kernel * kernel;
  const ValueId rows = b.Reshape(centre, {shape[0] * shape[1], taps});
  const ValueId moved =
      b.Op("linear", {rows, b.Parameter(transform, dtype, {taps, taps})});
  return b.Reshape(moved, {shape[0], shape[1], kernel, kernel});
}

// The attributes of a convolution whose kernel loses `lost` rows and columns.
absl::StatusOr<Attributes> ShrinkPads(const Attributes& attributes,
                                      int64_t lost) {
  Ints pads = attributes.Ints("pads", {0, 0, 0, 0});
  const Ints dilations = attributes.Ints("dilations", {1, 1});
  for (size_t i = 0; i < pads.size(); ++i) {
    pads[i] -= lost / 2 * dilations[i % 2];
    if (pads[i] >= 0) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "ShrinkKernel: expected pads of at least ", lost / 2 * dilations[i % 2],
        ", got ", attributes.ToString()));
  }
  Attributes shrunk = attributes;
  shrunk.Set("pads", std::move(pads));
  return shrunk;
}

}  // namespace

absl::StatusOr<Graph> ShrinkKernel(const Graph& graph,
                                   absl::string_view weights, int64_t kernel,
                                   const std::string& transform) {
  ASSAY_ASSIGN_OR_RETURN(const ValueId id, FindParameter(graph, weights));
  const Shape& shape = graph.shape(id);
  if (shape.size() != 4 || shape[2] != shape[3] || kernel < 1 ||
      kernel >= shape[2] || (shape[2] - kernel) % 2 != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "ShrinkKernel: '", weights, "' of ", ToString(graph.type(id)),
        ": expected square kernels that lose an even number of rows, got ",
        kernel));
  }
  const int64_t lost = shape[2] - kernel;
  CopyHooks hooks;
  hooks.leaf = [&](GraphCopier& copier, ValueId leaf) -> absl::StatusOr<bool> {
    if (leaf != id) return false;
    ASSAY_RETURN_IF_ERROR(copier.CopyLeaf(id));
    copier.Set(id, CentreOf(copier.b(), copier.Map(id), kernel, transform));
    return true;
  };
  hooks.node = [&](GraphCopier& copier, NodeId n) -> absl::StatusOr<bool> {
    const Node& node = graph.node(n);
    bool reads = false;
    for (const ValueId operand : node.inputs) reads = reads || operand == id;
    if (!reads) return false;
    if (node.op != "conv2d" || node.inputs[1] != id) {
      return absl::InvalidArgumentError(
          absl::StrCat("ShrinkKernel: '", weights,
                       "': expected only convolutions by it, got ", node.op));
    }
    ASSAY_ASSIGN_OR_RETURN(Attributes attributes,
                           ShrinkPads(node.attributes, lost));
    copier.Set(
        node.outputs[0],
        copier.b().Op("conv2d", copier.Map(node.inputs), std::move(attributes),
                      graph.value(node.outputs[0]).name));
    return true;
  };
  return CopyGraph(graph, hooks);
}

absl::StatusOr<Graph> WithInputShape(const Graph& graph,
                                     absl::string_view input, Shape shape) {
  const ValueId id = graph.FindValue(input);
  if (id == kNoValue || graph.value(id).kind != ValueKind::kInput) {
    return absl::NotFoundError(
        absl::StrCat("no input '", input, "' in the graph"));
  }
  Graph copy = graph;
  copy.mutable_value(id)->type.shape = std::move(shape);
  ASSAY_RETURN_IF_ERROR(copy.InferTypes());
  return copy;
}

}  // namespace assay
