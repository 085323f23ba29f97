#include "harness/models/onnx/import/import_dynamic.h"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/dynamic_verify.h"
#include "harness/graph/builder.h"
#include "harness/graph/copier.h"
#include "harness/graph/rewrites/prune_dead.h"
#include "harness/models/onnx/import/inputs.h"

namespace assay {
namespace {

constexpr int kMaxDepth = 16;
constexpr int64_t kMaxStatements = 100'000;

// What an ONNX name stands for: one of the three.
struct Meaning {
  VariableId variable = kNoVariable;
  TensorType type;  // of the variable
  std::optional<Tensor> constant;
  const OnnxTensor* initializer = nullptr;
};

struct Names {
  Names* outer = nullptr;
  std::map<std::string, Meaning> own;

  Meaning* Find(const std::string& name) {
    const auto it = own.find(name);
    if (it != own.end()) return &it->second;
    return outer == nullptr ? nullptr : outer->Find(name);
  }
};

bool IsControl(const OnnxNode& node) {
  return node.domain.empty() && (node.op == "If" || node.op == "Loop");
}

std::string Word(const OnnxNode& node) {
  const std::string& name =
      !node.name.empty() || node.outputs.empty() ? node.name : node.outputs[0];
  return absl::StrCat("node '", name, "' (", node.op, ")");
}

absl::Status Invalid(const OnnxNode& node, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(Word(node), ": ", what));
}

absl::Status Refuse(const OnnxNode& node, const std::string& what) {
  return absl::UnimplementedError(absl::StrCat(Word(node), ": ", what));
}

absl::StatusOr<const OnnxGraph*> Inner(const OnnxNode& node,
                                       const std::string& attribute) {
  const auto it = node.attributes.find(attribute);
  const auto* graph =
      it == node.attributes.end()
          ? nullptr
          : std::get_if<std::shared_ptr<const OnnxGraph>>(&it->second);
  if (graph == nullptr) {
    return Invalid(
        node, absl::StrCat("attribute '", attribute, "': expected a graph"));
  }
  return graph->get();
}

// Names that a graph's nodes read behind node `at`, or that it gives.
std::set<std::string> ReadBehind(const OnnxGraph& graph, size_t at) {
  std::set<std::string> names;
  for (size_t i = at; i < graph.nodes.size(); ++i) {
    ForEachOnnxRead(graph.nodes[i],
                    [&](const std::string& name) { names.insert(name); });
  }
  for (const OnnxValueInfo& output : graph.outputs) names.insert(output.name);
  return names;
}

// The known bool of a meaning, if it is one.
std::optional<bool> KnownBool(const Meaning& meaning) {
  const Tensor* value = meaning.constant      ? &*meaning.constant
                        : meaning.initializer ? &meaning.initializer->value
                                              : nullptr;
  if (value == nullptr || value->dtype() != DType::kBool ||
      value->size() != 1) {
    return std::nullopt;
  }
  return value->data<bool>()[0];
}

class DynamicImporter {
 public:
  DynamicImporter(const OnnxModel& model, const OnnxImportOptions& options,
                  const OpSet& ops)
      : model_(model), options_(options) {
    network_.graph.ops = &ops;
    network_.graph.name = model.graph.name;
  }

  absl::StatusOr<OnnxDynamicNetwork> Run() {
    Names names;
    std::set<std::string> initialized;
    for (const OnnxTensor& tensor : model_.graph.initializers) {
      initialized.insert(tensor.name);
    }
    for (const OnnxValueInfo& input : model_.graph.inputs) {
      if (initialized.count(input.name) > 0) continue;
      auto type = OnnxInputType(input, options_);
      if (!type.ok()) {
        return absl::Status(type.status().code(),
                            absl::StrCat("input '", input.name,
                                         "': ", type.status().message()));
      }
      const VariableId id = graph().NewVariable(input.name);
      graph().inputs.push_back({input.name, *type, id});
      names.own[input.name] = Meaning{id, *type, std::nullopt, nullptr};
    }
    Block body;
    ASSAY_ASSIGN_OR_RETURN(const std::vector<Meaning> outputs,
                           ImportBlock(model_.graph, &names, &body));
    Statement end;
    end.kind = StatementKind::kReturn;
    for (size_t i = 0; i < outputs.size(); ++i) {
      graph().outputs.push_back(model_.graph.outputs[i].name);
      ASSAY_ASSIGN_OR_RETURN(const Meaning output,
                             AsVariable(outputs[i], &body));
      end.reads.push_back(output.variable);
    }
    body.push_back(std::move(end));
    graph().body = std::move(body);
    NumberSites(&graph().body);
    ASSAY_RETURN_IF_ERROR(VerifyDynamic(graph()));
    network_.bound.assign(bound_.begin(), bound_.end());
    return std::move(network_);
  }

 private:
  DynamicGraph& graph() { return network_.graph; }

  absl::Status Append(Statement statement, Block* block) {
    if (++statements_ > kMaxStatements) {
      return absl::UnimplementedError(
          absl::StrCat("more than ", kMaxStatements, " statements"));
    }
    block->push_back(std::move(statement));
    return absl::OkStatus();
  }

  absl::Status Copy(VariableId to, VariableId from, Block* block) {
    Statement statement;
    statement.kind = StatementKind::kCopy;
    statement.reads = {from};
    statement.writes = {to};
    return Append(std::move(statement), block);
  }

  // The meaning as a variable of its own or that it is.
  absl::StatusOr<Meaning> AsVariable(const Meaning& meaning, Block* block) {
    if (meaning.variable != kNoVariable) return meaning;
    if (meaning.initializer != nullptr && !ToDType(meaning.initializer->type)) {
      return absl::UnimplementedError(absl::StrCat(
          "'", meaning.initializer->name, "' is ",
          Name(meaning.initializer->type), ", no type of this engine"));
    }
    const Tensor& value =
        meaning.constant ? *meaning.constant : meaning.initializer->value;
    Statement statement;
    statement.kind = StatementKind::kConstant;
    statement.constant = value;
    statement.writes = {graph().NewVariable("constant")};
    Meaning made{statement.writes[0],
                 {value.dtype(), value.shape()},
                 std::nullopt,
                 nullptr};
    ASSAY_RETURN_IF_ERROR(Append(std::move(statement), block));
    return made;
  }

  absl::StatusOr<Meaning> Read(const OnnxNode& node, size_t operand,
                               Names* names) {
    Meaning* meaning = names->Find(node.inputs[operand]);
    if (meaning == nullptr) {
      return Invalid(
          node, absl::StrCat("operand ", operand, " '", node.inputs[operand],
                             "' is not made by a node before it"));
    }
    return *meaning;
  }

  // --- Straight nodes.

  // What nodes read of the names around them, as a model of its own.
  absl::StatusOr<OnnxModel> ModelOf(const std::vector<OnnxNode>& nodes,
                                    const std::vector<std::string>& outputs,
                                    Names* names) {
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
      const Meaning* meaning = names->Find(name);
      if (meaning == nullptr) continue;  // made within a graph of a node
      if (meaning->initializer != nullptr) {
        part.graph.initializers.push_back(*meaning->initializer);
      } else if (meaning->constant) {
        OnnxNode constant;
        constant.op = "Constant";
        constant.name = name;
        constant.outputs = {name};
        constant.attributes["value"] = OnnxTensor{
            name, ToOnnxType(meaning->constant->dtype()), *meaning->constant};
        part.graph.nodes.push_back(std::move(constant));
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

  static OnnxValueInfo InfoOf(const std::string& name, const TensorType& type) {
    OnnxValueInfo info{name, ToOnnxType(type.dtype), std::nullopt};
    std::vector<OnnxDimension> dimensions;
    for (const int64_t extent : type.shape) dimensions.push_back({extent, ""});
    info.dimensions = std::move(dimensions);
    return info;
  }

  // Imports nodes as one piece; names outside it mean its results then.
  absl::Status ImportPiece(const std::vector<OnnxNode>& nodes,
                           const std::set<std::string>& read_behind,
                           bool with_values, Names* names, Block* block) {
    std::vector<std::string> outputs;
    for (const OnnxNode& node : nodes) {
      for (const std::string& output : node.outputs) {
        if (read_behind.count(output) > 0) outputs.push_back(output);
      }
    }
    if (outputs.empty()) return absl::OkStatus();
    ASSAY_ASSIGN_OR_RETURN(const OnnxModel part,
                           ModelOf(nodes, outputs, names));
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

  absl::Status AppendPiece(OnnxNetwork piece, Names* names, Block* block) {
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
      Meaning& meaning = names->own[output.name];
      if (value.kind == ValueKind::kConstant) {
        meaning = Meaning{kNoVariable, {}, value.constant, nullptr};
        continue;
      }
      const VariableId id = graph().NewVariable(output.name);
      meaning = Meaning{id, value.type, std::nullopt, nullptr};
      ASSAY_RETURN_IF_ERROR(piece.graph.AddOutput(output.name, output.value));
      statement.writes.push_back(id);
    }
    if (statement.writes.empty()) return absl::OkStatus();
    ASSAY_ASSIGN_OR_RETURN(Graph pruned, PruneDead(piece.graph));
    ASSAY_ASSIGN_OR_RETURN(pruned, TakeParameters(pruned, piece.parameters));
    statement.piece = std::make_shared<const Graph>(std::move(pruned));
    return Append(std::move(statement), block);
  }

  // Adds a piece's parameters to those of the network; one whose name has
  // another value there gets a name of its own.
  absl::StatusOr<Graph> TakeParameters(const Graph& piece,
                                       const ParameterStore& parameters) {
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

  // --- Blocks.

  // Appends a graph's nodes; gives the meanings of its outputs.
  absl::StatusOr<std::vector<Meaning>> ImportBlock(const OnnxGraph& graph,
                                                   Names* names, Block* block) {
    if (++depth_ > kMaxDepth) {
      return absl::UnimplementedError(absl::StrCat(
          "graphs are nested deeper than ", kMaxDepth, " in each other"));
    }
    for (const OnnxTensor& tensor : graph.initializers) {
      names->own[tensor.name] = Meaning{kNoVariable, {}, std::nullopt, &tensor};
    }
    std::vector<OnnxNode> straight;
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      const OnnxNode& node = graph.nodes[i];
      if (!IsControl(node)) {
        straight.push_back(node);
        continue;
      }
      const std::set<std::string> behind = ReadBehind(graph, i + 1);
      const bool needed = std::any_of(
          node.outputs.begin(), node.outputs.end(),
          [&](const std::string& o) { return behind.count(o) > 0; });
      if (!needed) continue;
      ASSAY_RETURN_IF_ERROR(
          ImportPiece(straight, ReadBehind(graph, i), true, names, block));
      straight.clear();
      ASSAY_RETURN_IF_ERROR(node.op == "If"
                                ? ImportIf(node, behind, names, block)
                                : ImportLoop(node, behind, names, block));
    }
    ASSAY_RETURN_IF_ERROR(ImportPiece(
        straight, ReadBehind(graph, graph.nodes.size()), true, names, block));
    std::vector<Meaning> outputs;
    for (const OnnxValueInfo& output : graph.outputs) {
      const Meaning* meaning = names->Find(output.name);
      if (meaning == nullptr) {
        return absl::InvalidArgumentError(
            absl::StrCat("output '", output.name, "' is not made"));
      }
      outputs.push_back(*meaning);
    }
    --depth_;
    return outputs;
  }

  // --- If.

  absl::Status ImportIf(const OnnxNode& node,
                        const std::set<std::string>& behind, Names* names,
                        Block* block) {
    if (node.inputs.size() != 1) return Invalid(node, "expected one operand");
    ASSAY_ASSIGN_OR_RETURN(const Meaning condition, Read(node, 0, names));
    if (const std::optional<bool> known = KnownBool(condition)) {
      return ImportKnownIf(node, *known, names, block);
    }
    ASSAY_ASSIGN_OR_RETURN(const Meaning flag, AsVariable(condition, block));
    if (flag.type.dtype != DType::kBool || ElementCount(flag.type.shape) != 1) {
      return Invalid(node,
                     absl::StrCat("the condition: expected one bool, got ",
                                  ToString(flag.type)));
    }
    Statement statement;
    statement.kind = StatementKind::kIf;
    statement.predicate = {PredicateKind::kIsTrue, flag.variable};
    std::vector<std::vector<Meaning>> sides;
    for (const bool holds : {true, false}) {
      ASSAY_ASSIGN_OR_RETURN(
          sides.emplace_back(),
          ImportBranch(node, holds, names,
                       holds ? &statement.body : &statement.otherwise));
    }
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (behind.count(node.outputs[i]) == 0) continue;
      const TensorType& type = sides[0][i].type;
      if (!(type == sides[1][i].type)) {
        return Refuse(
            node, absl::StrCat("result ", i, " is ", ToString(type),
                               " in one branch and ",
                               ToString(sides[1][i].type), " in the other"));
      }
      const VariableId result = graph().NewVariable(node.outputs[i]);
      ASSAY_RETURN_IF_ERROR(
          Copy(result, sides[0][i].variable, &statement.body));
      ASSAY_RETURN_IF_ERROR(
          Copy(result, sides[1][i].variable, &statement.otherwise));
      names->own[node.outputs[i]] =
          Meaning{result, type, std::nullopt, nullptr};
    }
    return Append(std::move(statement), block);
  }

  absl::Status ImportKnownIf(const OnnxNode& node, bool holds, Names* names,
                             Block* block) {
    ASSAY_ASSIGN_OR_RETURN(const OnnxGraph* branch,
                           Inner(node, holds ? "then_branch" : "else_branch"));
    Names within;
    within.outer = names;
    ASSAY_ASSIGN_OR_RETURN(const std::vector<Meaning> results,
                           ImportBlock(*branch, &within, block));
    if (results.size() != node.outputs.size()) {
      return Invalid(node, "a branch with another number of results");
    }
    for (size_t i = 0; i < results.size(); ++i) {
      names->own[node.outputs[i]] = results[i];
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<Meaning>> ImportBranch(const OnnxNode& node,
                                                    bool holds, Names* names,
                                                    Block* block) {
    ASSAY_ASSIGN_OR_RETURN(const OnnxGraph* branch,
                           Inner(node, holds ? "then_branch" : "else_branch"));
    Names within;
    within.outer = names;
    ASSAY_ASSIGN_OR_RETURN(std::vector<Meaning> results,
                           ImportBlock(*branch, &within, block));
    if (results.size() != node.outputs.size()) {
      return Invalid(node,
                     absl::StrCat("a branch gives ", results.size(),
                                  " results, expected ", node.outputs.size()));
    }
    for (Meaning& result : results) {
      ASSAY_ASSIGN_OR_RETURN(result, AsVariable(result, block));
    }
    return results;
  }

  // --- Loop.

  absl::Status ImportLoop(const OnnxNode& node,
                          const std::set<std::string>& behind, Names* names,
                          Block* block) {
    // Written out, where all is known that must be.
    const absl::Status written =
        ImportPiece({node}, behind, false, names, block);
    if (!absl::IsUnimplemented(written)) return written;
    ASSAY_ASSIGN_OR_RETURN(const OnnxGraph* body, Inner(node, "body"));
    const size_t count = node.inputs.size() < 2 ? 0 : node.inputs.size() - 2;
    if (node.inputs.size() < 2 || body->inputs.size() != count + 2 ||
        body->outputs.size() != node.outputs.size() + 1 ||
        body->outputs.size() < count + 1) {
      return Invalid(
          node, absl::StrCat("attribute 'body': ", body->inputs.size(),
                             " inputs and ", body->outputs.size(),
                             " outputs for ", count, " carried values and ",
                             node.outputs.size(), " results"));
    }
    if (node.outputs.size() > count) {
      return Refuse(node,
                    absl::StrCat("it collects a value over iterations whose "
                                 "number is not known; written out: ",
                                 written.message()));
    }
    Statement loop;
    loop.kind = StatementKind::kWhile;
    loop.count = std::numeric_limits<int64_t>::max();
    ASSAY_ASSIGN_OR_RETURN(const std::optional<Meaning> trips,
                           Trips(node, names, block, &loop.count));
    if (loop.count < 1) return Refuse(node, "a loop that never runs");
    Meaning index{graph().NewVariable("iteration"), {DType::kS64, {}}, {}, {}};
    loop.writes = {index.variable};
    ASSAY_ASSIGN_OR_RETURN(const std::vector<Meaning> carried,
                           StartCarried(node, names, block));
    // The condition before the first iteration.
    const VariableId going = graph().NewVariable("going");
    loop.predicate = {PredicateKind::kIsTrue, going};
    Meaning first{kNoVariable, {}, Tensor::From<bool>({}, {true}), nullptr};
    if (!node.inputs[1].empty()) {
      ASSAY_ASSIGN_OR_RETURN(first, Read(node, 1, names));
    }
    ASSAY_RETURN_IF_ERROR(
        SetGoing(node, first, trips, std::nullopt, going, block));
    Names within;
    within.outer = names;
    within.own[body->inputs[0].name] = index;
    // The body runs where the condition holds.
    within.own[body->inputs[1].name] =
        Meaning{kNoVariable, {}, Tensor::From<bool>({}, {true}), nullptr};
    for (size_t k = 0; k < count; ++k) {
      within.own[body->inputs[k + 2].name] = carried[k];
    }
    ASSAY_ASSIGN_OR_RETURN(const std::vector<Meaning> results,
                           ImportBlock(*body, &within, &loop.body));
    ASSAY_RETURN_IF_ERROR(PassOn(node, carried, results, &loop.body));
    ASSAY_RETURN_IF_ERROR(
        SetGoing(node, results[0], trips, index, going, &loop.body));
    for (size_t k = 0; k < count; ++k) {
      names->own[node.outputs[k]] = carried[k];
    }
    return Append(std::move(loop), block);
  }

  // The trip count: in `known` where it is known, else as a variable.
  absl::StatusOr<std::optional<Meaning>> Trips(const OnnxNode& node,
                                               Names* names, Block* block,
                                               int64_t* known) {
    if (node.inputs[0].empty()) return std::nullopt;
    ASSAY_ASSIGN_OR_RETURN(const Meaning trips, Read(node, 0, names));
    ASSAY_ASSIGN_OR_RETURN(const Meaning variable, AsVariable(trips, block));
    if (variable.type.dtype != DType::kS64 ||
        ElementCount(variable.type.shape) != 1) {
      return Invalid(node,
                     absl::StrCat("the trip count: expected one s64, got ",
                                  ToString(variable.type)));
    }
    if (trips.variable != kNoVariable) return variable;
    const Tensor& value =
        trips.constant ? *trips.constant : trips.initializer->value;
    *known = value.data<int64_t>()[0];
    return std::nullopt;
  }

  // Variables of the loop's own for what it carries, with their first values.
  absl::StatusOr<std::vector<Meaning>> StartCarried(const OnnxNode& node,
                                                    Names* names,
                                                    Block* block) {
    std::vector<Meaning> carried;
    for (size_t k = 2; k < node.inputs.size(); ++k) {
      ASSAY_ASSIGN_OR_RETURN(const Meaning value, Read(node, k, names));
      ASSAY_ASSIGN_OR_RETURN(Meaning start, AsVariable(value, block));
      const VariableId own = graph().NewVariable(
          node.outputs[k - 2].empty() ? "carried" : node.outputs[k - 2]);
      ASSAY_RETURN_IF_ERROR(Copy(own, start.variable, block));
      start.variable = own;
      carried.push_back(start);
    }
    return carried;
  }

  // The body's results become the carried values, all at once.
  absl::Status PassOn(const OnnxNode& node, const std::vector<Meaning>& carried,
                      const std::vector<Meaning>& results, Block* body) {
    std::vector<VariableId> kept;
    for (size_t k = 0; k < carried.size(); ++k) {
      ASSAY_ASSIGN_OR_RETURN(const Meaning result,
                             AsVariable(results[k + 1], body));
      if (!(result.type == carried[k].type)) {
        return Refuse(node, absl::StrCat("carried value ", k, " is ",
                                         ToString(carried[k].type),
                                         " before an iteration and ",
                                         ToString(result.type), " behind it"));
      }
      kept.push_back(graph().NewVariable("next"));
      ASSAY_RETURN_IF_ERROR(Copy(kept.back(), result.variable, body));
    }
    for (size_t k = 0; k < carried.size(); ++k) {
      ASSAY_RETURN_IF_ERROR(Copy(carried[k].variable, kept[k], body));
    }
    return absl::OkStatus();
  }

  // going := condition, and iterations are left: `trips` more than 0 before the
  // loop, or more than `index` + 1 behind an iteration.
  absl::Status SetGoing(const OnnxNode& node, const Meaning& condition,
                        const std::optional<Meaning>& trips,
                        const std::optional<Meaning>& index, VariableId going,
                        Block* block) {
    ASSAY_ASSIGN_OR_RETURN(const Meaning flag, AsVariable(condition, block));
    if (flag.type.dtype != DType::kBool || ElementCount(flag.type.shape) != 1) {
      return Invalid(node,
                     absl::StrCat("the condition: expected one bool, got ",
                                  ToString(flag.type)));
    }
    Graph test(*graph().ops);
    test.set_name("going");
    GraphBuilder b(&test);
    Statement statement;
    statement.kind = StatementKind::kRun;
    const auto input = [&](const char* name, const Meaning& meaning) {
      statement.reads.push_back(meaning.variable);
      return b.Reshape(b.Input(name, meaning.type.dtype, meaning.type.shape),
                       {});
    };
    ValueId result = input("condition", flag);
    if (trips) {
      const ValueId left = input("trips", *trips);
      const ValueId done = index ? b.Offset(input("index", *index), 1)
                                 : b.Scalar(DType::kS64, 0);
      const std::string s32 = "s32";
      const ValueId both = b.Add(
          b.Op("cast", {result}, {{"dtype", s32}}),
          b.Op("cast", {b.Op("greater", {left, done})}, {{"dtype", s32}}));
      result = b.Op("greater", {both, b.Scalar(DType::kS32, 1)});
    }
    b.Output("going", result);
    ASSAY_RETURN_IF_ERROR(b.status());
    statement.piece = std::make_shared<const Graph>(std::move(test));
    statement.writes = {going};
    return Append(std::move(statement), block);
  }

  const OnnxModel& model_;
  const OnnxImportOptions& options_;
  OnnxDynamicNetwork network_;
  std::set<std::string> bound_;
  int depth_ = 0;
  int64_t statements_ = 0;
};

}  // namespace

bool HasControlFlow(const OnnxModel& model) {
  return std::any_of(model.graph.nodes.begin(), model.graph.nodes.end(),
                     IsControl);
}

bool Decides(const DynamicGraph& graph) {
  return std::any_of(
      graph.body.begin(), graph.body.end(), [](const Statement& s) {
        return !IsStraight(s.kind) && s.kind != StatementKind::kReturn;
      });
}

absl::StatusOr<OnnxDynamicNetwork> ImportDynamicOnnx(
    const OnnxModel& model, const OnnxImportOptions& options,
    const OpSet& ops) {
  ASSAY_RETURN_IF_ERROR(CheckOnnxOptions(model, options));
  return DynamicImporter(model, options, ops).Run();
}

}  // namespace assay
