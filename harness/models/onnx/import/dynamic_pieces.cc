#include "harness/models/onnx/import/dynamic_pieces.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"
#include "harness/graph/rewrites/prune_dead.h"
#include "harness/models/onnx/import/inputs.h"

namespace assay {
namespace {

constexpr int64_t kMaxStatements = 100'000;

OnnxValueInfo InfoOf(const std::string& name, const TensorType& type) {
  OnnxValueInfo info{name, ToOnnxType(type.dtype), std::nullopt};
  std::vector<OnnxDimension> dimensions;
  for (const int64_t extent : type.shape) dimensions.push_back({extent, ""});
  info.dimensions = std::move(dimensions);
  return info;
}

// A node that gives a known value.
OnnxNode ConstantNode(const std::string& name, const Tensor& value) {
  OnnxNode constant;
  constant.op = "Constant";
  constant.name = name;
  constant.outputs = {name};
  constant.attributes["value"] =
      OnnxTensor{name, ToOnnxType(value.dtype()), value};
  return constant;
}

}  // namespace

const Tensor* OnnxMeaning::Known() const {
  if (constant) return &*constant;
  return initializer == nullptr ? nullptr : &initializer->value;
}

OnnxMeaning* OnnxNames::Find(const std::string& name) {
  const auto it = own.find(name);
  if (it != own.end()) return &it->second;
  return outer == nullptr ? nullptr : outer->Find(name);
}

OnnxReads::OnnxReads(const OnnxGraph& graph) {
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    ForEachOnnxRead(graph.nodes[i],
                    [&](const std::string& name) { last_[name] = i; });
  }
  for (const OnnxValueInfo& output : graph.outputs) {
    last_[output.name] = graph.nodes.size();
  }
}

bool OnnxReads::Behind(const std::string& name, size_t at) const {
  const auto it = last_.find(name);
  return it != last_.end() && it->second >= at;
}

absl::Status DynamicPieces::Append(Statement statement, Block* block) {
  if (++statements_ > kMaxStatements) {
    return absl::UnimplementedError(
        absl::StrCat("more than ", kMaxStatements, " statements"));
  }
  block->push_back(std::move(statement));
  return absl::OkStatus();
}

absl::Status DynamicPieces::Copy(VariableId to, VariableId from, Block* block) {
  Statement statement;
  statement.kind = StatementKind::kCopy;
  statement.reads = {from};
  statement.writes = {to};
  return Append(std::move(statement), block);
}

absl::StatusOr<OnnxMeaning> DynamicPieces::AsVariable(
    const OnnxMeaning& meaning, Block* block) {
  if (meaning.variable != kNoVariable) return meaning;
  if (meaning.initializer != nullptr && !ToDType(meaning.initializer->type)) {
    return absl::UnimplementedError(absl::StrCat(
        "'", meaning.initializer->name, "' is ",
        Name(meaning.initializer->type), ", no type of this engine"));
  }
  Statement statement;
  statement.kind = StatementKind::kConstant;
  statement.constant = *meaning.Known();
  statement.writes = {graph().NewVariable("constant")};
  const OnnxMeaning made = OnnxMeaning::Variable(
      statement.writes[0],
      {statement.constant.dtype(), statement.constant.shape()});
  ASSAY_RETURN_IF_ERROR(Append(std::move(statement), block));
  return made;
}

absl::Status DynamicPieces::Import(const std::vector<OnnxNode>& nodes,
                                   const OnnxReads& reads, size_t at,
                                   bool with_values, OnnxNames* names,
                                   Block* block) {
  std::vector<std::string> outputs;
  for (const OnnxNode& node : nodes) {
    for (const std::string& output : node.outputs) {
      if (reads.Behind(output, at)) outputs.push_back(output);
    }
  }
  if (outputs.empty()) return absl::OkStatus();
  const OnnxModel part = ModelOf(nodes, outputs, names);
  OnnxImportOptions options;
  for (const OnnxValueInfo& input : part.graph.inputs) {
    const auto value = options_.values.find(input.name);
    const bool is_input = names->Find(input.name)->variable <
                          static_cast<VariableId>(graph().inputs.size());
    if (with_values && is_input && value != options_.values.end()) {
      options.values[input.name] = value->second;
    }
  }
  ASSAY_ASSIGN_OR_RETURN(OnnxNetwork piece,
                         ImportOnnx(part, options, *graph().ops));
  bound_.insert(piece.bound.begin(), piece.bound.end());
  return AppendPiece(std::move(piece), names, block);
}

// What nodes read of the names around them, as a model of its own.
OnnxModel DynamicPieces::ModelOf(const std::vector<OnnxNode>& nodes,
                                 const std::vector<std::string>& outputs,
                                 OnnxNames* names) {
  OnnxModel part;
  part.ir_version = model_.ir_version;
  part.opsets = model_.opsets;
  part.functions = model_.functions;
  part.graph.name = nodes.back().name;
  std::set<std::string> made, read;
  for (const OnnxNode& node : nodes) {
    ForEachOnnxRead(node, [&](const std::string& name) {
      if (made.count(name) == 0) read.insert(name);
    });
    made.insert(node.outputs.begin(), node.outputs.end());
  }
  for (const std::string& name : read) {
    const OnnxMeaning* meaning = names->Find(name);
    if (meaning == nullptr) continue;  // made within a graph of a node
    if (meaning->initializer != nullptr) {
      part.graph.initializers.push_back(*meaning->initializer);
    } else if (meaning->constant) {
      part.graph.nodes.push_back(ConstantNode(name, *meaning->constant));
    } else {
      part.graph.inputs.push_back(InfoOf(name, meaning->type));
    }
  }
  part.graph.nodes.insert(part.graph.nodes.end(), nodes.begin(), nodes.end());
  for (const std::string& output : outputs) {
    part.graph.outputs.push_back({output, OnnxType::kUndefined, {}});
  }
  return part;
}

absl::Status DynamicPieces::AppendPiece(OnnxNetwork piece, OnnxNames* names,
                                        Block* block) {
  Statement statement;
  statement.kind = StatementKind::kRun;
  for (const ValueId input : piece.graph.inputs()) {
    statement.reads.push_back(
        names->Find(piece.graph.value(input).name)->variable);
  }
  // Results that are known are constants for what follows.
  const std::vector<Graph::Output> outputs = piece.graph.outputs();
  piece.graph.ClearOutputs();
  for (const Graph::Output& output : outputs) {
    const Value& value = piece.graph.value(output.value);
    OnnxMeaning& meaning = names->own[output.name];
    if (value.kind == ValueKind::kConstant) {
      meaning = OnnxMeaning::Constant(value.constant);
      continue;
    }
    const VariableId id = graph().NewVariable(output.name);
    meaning = OnnxMeaning::Variable(id, value.type);
    ASSAY_RETURN_IF_ERROR(piece.graph.AddOutput(output.name, output.value));
    statement.writes.push_back(id);
  }
  if (statement.writes.empty()) return absl::OkStatus();
  ASSAY_ASSIGN_OR_RETURN(Graph pruned, PruneDead(piece.graph));
  ASSAY_ASSIGN_OR_RETURN(pruned, TakeParameters(pruned, piece.parameters));
  statement.piece = std::make_shared<const Graph>(std::move(pruned));
  return Append(std::move(statement), block);
}

// Adds a piece's parameters to those of the network; one whose name has another
// value there gets a name of its own.
absl::StatusOr<Graph> DynamicPieces::TakeParameters(
    const Graph& piece, const ParameterStore& parameters) {
  std::map<std::string, std::string> renamed;
  for (const ValueId id : piece.parameters()) {
    const std::string& name = piece.value(id).name;
    ASSAY_ASSIGN_OR_RETURN(const Tensor value, parameters.Get(name));
    std::string free = name;
    for (int suffix = 2;; ++suffix) {
      const Tensor* there = network_.parameters.Find(free);
      if (there == nullptr || BitEqual(*there, value)) break;
      free = absl::StrCat(name, "_", suffix);
    }
    network_.parameters.Set(free, value);
    if (free != name) renamed[name] = free;
  }
  CopyHooks hooks;
  hooks.leaf = [&](GraphCopier& copier, ValueId id) -> absl::StatusOr<bool> {
    const Value& value = piece.value(id);
    const auto it = renamed.find(value.name);
    if (value.kind != ValueKind::kParameter || it == renamed.end()) {
      return false;
    }
    copier.Set(id, copier.b().Parameter(it->second, value.type.dtype,
                                        value.type.shape));
    return true;
  };
  return CopyGraph(piece, hooks);
}

}  // namespace assay
