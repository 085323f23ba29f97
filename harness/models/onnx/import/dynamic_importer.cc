#include "harness/models/onnx/import/dynamic_importer.h"

#include <memory>
#include <set>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/dynamic_verify.h"
#include "harness/models/onnx/import/inputs.h"

namespace assay {
namespace {

constexpr int kMaxDepth = 16;
// Each stands for two copies of what follows an If, so that a row of n such Ifs
// takes 2^n - 1 of them.
constexpr int kMaxPartings = 255;

std::string Word(const OnnxNode& node) {
  const std::string& name =
      !node.name.empty() || node.outputs.empty() ? node.name : node.outputs[0];
  return absl::StrCat("node '", name, "' (", node.op, ")");
}

// The known bool of a meaning, if it is one.
std::optional<bool> KnownBool(const OnnxMeaning& meaning) {
  const Tensor* value = meaning.Known();
  if (value == nullptr || value->dtype() != DType::kBool ||
      value->size() != 1) {
    return std::nullopt;
  }
  return value->data<bool>()[0];
}

}  // namespace

bool IsOnnxControl(const OnnxNode& node) {
  return node.domain.empty() && (node.op == "If" || node.op == "Loop");
}

absl::Status InvalidNode(const OnnxNode& node, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(Word(node), ": ", what));
}

absl::Status RefuseNode(const OnnxNode& node, const std::string& what) {
  return absl::UnimplementedError(absl::StrCat(Word(node), ": ", what));
}

absl::Status CheckCondition(const OnnxNode& node, const TensorType& type) {
  if (type.dtype == DType::kBool && ElementCount(type.shape) == 1) {
    return absl::OkStatus();
  }
  return InvalidNode(
      node,
      absl::StrCat("the condition: expected one bool, got ", ToString(type)));
}

absl::StatusOr<const OnnxGraph*> InnerGraph(const OnnxNode& node,
                                            const std::string& attribute) {
  const auto it = node.attributes.find(attribute);
  const auto* graph =
      it == node.attributes.end()
          ? nullptr
          : std::get_if<std::shared_ptr<const OnnxGraph>>(&it->second);
  if (graph == nullptr) {
    return InvalidNode(
        node, absl::StrCat("attribute '", attribute, "': expected a graph"));
  }
  return graph->get();
}

DynamicImporter::DynamicImporter(const OnnxModel& model,
                                 const OnnxImportOptions& options,
                                 const OpSet& ops)
    : model_(model), options_(options), pieces_(model, options, &network_) {
  network_.graph.ops = &ops;
  network_.graph.name = model.graph.name;
}

absl::StatusOr<OnnxDynamicNetwork> DynamicImporter::Run() {
  OnnxNames names;
  ASSAY_RETURN_IF_ERROR(TakeInputs(&names));
  for (const OnnxValueInfo& output : model_.graph.outputs) {
    graph().outputs.push_back(output.name);
  }
  Block body;
  ASSAY_ASSIGN_OR_RETURN(const Outcome outcome,
                         ImportBlock(model_.graph, &names, &body));
  if (!outcome.returned) {
    ASSAY_RETURN_IF_ERROR(Return(outcome.outputs, &body));
  }
  graph().body = std::move(body);
  NumberSites(&graph().body);
  ASSAY_RETURN_IF_ERROR(VerifyDynamic(graph()));
  network_.bound.assign(pieces_.bound().begin(), pieces_.bound().end());
  return std::move(network_);
}

absl::Status DynamicImporter::TakeInputs(OnnxNames* names) {
  std::set<std::string> initialized;
  for (const OnnxTensor& tensor : model_.graph.initializers) {
    initialized.insert(tensor.name);
  }
  for (const OnnxValueInfo& input : model_.graph.inputs) {
    if (initialized.count(input.name) > 0) continue;
    auto type = OnnxInputType(input, options_);
    if (!type.ok()) {
      return absl::Status(
          type.status().code(),
          absl::StrCat("input '", input.name, "': ", type.status().message()));
    }
    const VariableId id = graph().NewVariable(input.name);
    graph().inputs.push_back({input.name, *type, id});
    names->own[input.name] = OnnxMeaning::Variable(id, *type);
  }
  return absl::OkStatus();
}

absl::StatusOr<OnnxMeaning> DynamicImporter::Read(const OnnxNode& node,
                                                  size_t operand,
                                                  OnnxNames* names) {
  OnnxMeaning* meaning = names->Find(node.inputs[operand]);
  if (meaning == nullptr) {
    return InvalidNode(
        node, absl::StrCat("operand ", operand, " '", node.inputs[operand],
                           "' is not made by a node before it"));
  }
  return *meaning;
}

absl::Status DynamicImporter::Return(const Meanings& outputs, Block* block) {
  Statement end;
  end.kind = StatementKind::kReturn;
  for (const OnnxMeaning& meaning : outputs) {
    ASSAY_ASSIGN_OR_RETURN(const OnnxMeaning output,
                           pieces_.AsVariable(meaning, block));
    end.reads.push_back(output.variable);
  }
  return pieces_.Append(std::move(end), block);
}

absl::StatusOr<DynamicImporter::Outcome> DynamicImporter::ImportBlock(
    const OnnxGraph& graph, OnnxNames* names, Block* block) {
  for (const OnnxTensor& tensor : graph.initializers) {
    names->own[tensor.name] = OnnxMeaning::Initializer(&tensor);
  }
  return ImportNodes(graph, OnnxReads(graph), 0, names, block);
}

absl::StatusOr<DynamicImporter::Outcome> DynamicImporter::ImportNodes(
    const OnnxGraph& graph, const OnnxReads& reads, size_t at, OnnxNames* names,
    Block* block) {
  if (++depth_ > kMaxDepth) {
    return absl::UnimplementedError(absl::StrCat(
        "graphs are nested deeper than ", kMaxDepth, " in each other"));
  }
  std::vector<OnnxNode> straight;
  for (size_t i = at; i < graph.nodes.size(); ++i) {
    const OnnxNode& node = graph.nodes[i];
    if (!IsOnnxControl(node)) {
      straight.push_back(node);
      continue;
    }
    bool needed = false;
    for (const std::string& output : node.outputs) {
      needed |= reads.Behind(output, i + 1);
    }
    if (!needed) continue;
    ASSAY_RETURN_IF_ERROR(
        pieces_.Import(straight, reads, i, true, names, block));
    straight.clear();
    if (node.op == "Loop") {
      ASSAY_RETURN_IF_ERROR(ImportLoop(node, reads, i, names, block));
      continue;
    }
    ASSAY_ASSIGN_OR_RETURN(std::optional<Outcome> parted,
                           ImportIf(graph, reads, i, names, block));
    if (!parted) continue;
    --depth_;
    return *std::move(parted);
  }
  ASSAY_RETURN_IF_ERROR(
      pieces_.Import(straight, reads, graph.nodes.size(), true, names, block));
  Outcome outcome;
  for (const OnnxValueInfo& output : graph.outputs) {
    const OnnxMeaning* meaning = names->Find(output.name);
    if (meaning == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("output '", output.name, "' is not made"));
    }
    outcome.outputs.push_back(*meaning);
  }
  --depth_;
  return outcome;
}

absl::StatusOr<std::optional<DynamicImporter::Outcome>>
DynamicImporter::ImportIf(const OnnxGraph& graph, const OnnxReads& reads,
                          size_t at, OnnxNames* names, Block* block) {
  const OnnxNode& node = graph.nodes[at];
  if (node.inputs.size() != 1) return InvalidNode(node, "expected one operand");
  ASSAY_ASSIGN_OR_RETURN(const OnnxMeaning condition, Read(node, 0, names));
  if (const std::optional<bool> known = KnownBool(condition)) {
    ASSAY_RETURN_IF_ERROR(ImportKnownIf(node, *known, names, block));
    return std::nullopt;
  }
  ASSAY_ASSIGN_OR_RETURN(const OnnxMeaning flag,
                         pieces_.AsVariable(condition, block));
  ASSAY_RETURN_IF_ERROR(CheckCondition(node, flag.type));
  Sides sides;
  sides.statement.kind = StatementKind::kIf;
  sides.statement.predicate = {PredicateKind::kIsTrue, flag.variable};
  for (const size_t side : {0, 1}) {
    ASSAY_ASSIGN_OR_RETURN(
        sides.results[side],
        ImportBranch(node, side == 0, names, &sides.block(side)));
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (reads.Behind(node.outputs[i], at + 1) &&
        !(sides.results[0][i].type == sides.results[1][i].type)) {
      return PartWays(graph, reads, at, std::move(sides), names, block);
    }
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const std::string& output = node.outputs[i];
    if (!reads.Behind(output, at + 1)) continue;
    ASSAY_ASSIGN_OR_RETURN(
        names->own[output],
        Join(output, {sides.results[0][i], sides.results[1][i]}, &sides));
  }
  ASSAY_RETURN_IF_ERROR(pieces_.Append(std::move(sides.statement), block));
  return std::nullopt;
}

absl::StatusOr<OnnxMeaning> DynamicImporter::Join(const std::string& name,
                                                  const Meanings& of,
                                                  Sides* sides) {
  const VariableId result = graph().NewVariable(name);
  for (const size_t side : {0, 1}) {
    ASSAY_RETURN_IF_ERROR(
        pieces_.Copy(result, of[side].variable, &sides->block(side)));
  }
  return OnnxMeaning::Variable(result, of[0].type);
}

absl::Status DynamicImporter::ImportKnownIf(const OnnxNode& node, bool holds,
                                            OnnxNames* names, Block* block) {
  ASSAY_ASSIGN_OR_RETURN(
      const OnnxGraph* branch,
      InnerGraph(node, holds ? "then_branch" : "else_branch"));
  OnnxNames within;
  within.outer = names;
  ASSAY_ASSIGN_OR_RETURN(const Outcome outcome,
                         ImportBlock(*branch, &within, block));
  if (outcome.outputs.size() != node.outputs.size()) {
    return InvalidNode(node, "a branch with another number of results");
  }
  for (size_t i = 0; i < outcome.outputs.size(); ++i) {
    names->own[node.outputs[i]] = outcome.outputs[i];
  }
  return absl::OkStatus();
}

absl::StatusOr<DynamicImporter::Meanings> DynamicImporter::ImportBranch(
    const OnnxNode& node, bool holds, OnnxNames* names, Block* block) {
  ASSAY_ASSIGN_OR_RETURN(
      const OnnxGraph* branch,
      InnerGraph(node, holds ? "then_branch" : "else_branch"));
  OnnxNames within;
  within.outer = names;
  ASSAY_ASSIGN_OR_RETURN(Outcome outcome, ImportBlock(*branch, &within, block));
  if (outcome.outputs.size() != node.outputs.size()) {
    return InvalidNode(
        node, absl::StrCat("a branch gives ", outcome.outputs.size(),
                           " results, expected ", node.outputs.size()));
  }
  for (OnnxMeaning& result : outcome.outputs) {
    ASSAY_ASSIGN_OR_RETURN(result, pieces_.AsVariable(result, block));
  }
  return std::move(outcome.outputs);
}

// What stands behind the If runs within both branches, each with its types.
absl::StatusOr<DynamicImporter::Outcome> DynamicImporter::PartWays(
    const OnnxGraph& graph, const OnnxReads& reads, size_t at, Sides sides,
    OnnxNames* names, Block* block) {
  const OnnxNode& node = graph.nodes[at];
  if (++partings_ > kMaxPartings) {
    return RefuseNode(
        node, absl::StrCat("its branches give other types, so that what stands "
                           "behind it is imported twice, and with the Ifs "
                           "before it more than ",
                           kMaxPartings, " times"));
  }
  Outcome outcomes[2];
  for (const size_t side : {0, 1}) {
    OnnxNames within;
    within.outer = names;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      within.own[node.outputs[i]] = sides.results[side][i];
    }
    Block* const rest = &sides.block(side);
    ASSAY_ASSIGN_OR_RETURN(outcomes[side],
                           ImportNodes(graph, reads, at + 1, &within, rest));
    for (OnnxMeaning& output : outcomes[side].outputs) {
      ASSAY_ASSIGN_OR_RETURN(output, pieces_.AsVariable(output, rest));
    }
  }
  Outcome joint;
  joint.returned = outcomes[0].returned || outcomes[1].returned;
  for (size_t i = 0; !joint.returned && i < graph.outputs.size(); ++i) {
    const TensorType& type = outcomes[0].outputs[i].type;
    if (type == outcomes[1].outputs[i].type) continue;
    if (&graph != &model_.graph) {
      return RefuseNode(
          node,
          absl::StrCat("its branches give other types, and what comes of "
                       "them behind it, '",
                       graph.outputs[i].name, "', is ", ToString(type),
                       " after one and ", ToString(outcomes[1].outputs[i].type),
                       " after the other"));
    }
    joint.returned = true;
  }
  for (size_t i = 0; !joint.returned && i < graph.outputs.size(); ++i) {
    ASSAY_ASSIGN_OR_RETURN(
        joint.outputs.emplace_back(),
        Join(graph.outputs[i].name,
             {outcomes[0].outputs[i], outcomes[1].outputs[i]}, &sides));
  }
  for (const size_t side : {0, 1}) {
    if (!joint.returned || outcomes[side].returned) continue;
    ASSAY_RETURN_IF_ERROR(Return(outcomes[side].outputs, &sides.block(side)));
  }
  ASSAY_RETURN_IF_ERROR(pieces_.Append(std::move(sides.statement), block));
  return joint;
}

}  // namespace assay
