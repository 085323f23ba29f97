#include "harness/models/onnx/export/export_dynamic.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/dynamic_verify.h"
#include "harness/dynamic/flow.h"
#include "harness/dynamic/rewrites.h"
#include "harness/dynamic/straight_graph.h"
#include "harness/models/onnx/export/exporters.h"
#include "harness/models/onnx/export/model_text.h"
#include "harness/models/onnx/proto/onnx_model.h"
#include "harness/models/onnx/proto/write_model.h"

namespace assay {
namespace {

// A variable in a scope: what ONNX calls its value there.
struct Held {
  std::string name;
  TensorType type;
};
using Scope = std::vector<std::optional<Held>>;  // by variable

absl::Status Refuse(const std::string& why) {
  return absl::UnimplementedError(why);
}

OnnxValueInfo Info(const std::string& name, const TensorType& type) {
  OnnxValueInfo info{name, ToOnnxType(type.dtype), std::nullopt};
  std::vector<OnnxDimension> dimensions;
  for (const int64_t extent : type.shape) dimensions.push_back({extent, ""});
  info.dimensions = std::move(dimensions);
  return info;
}

// A graph under construction, and the values that it makes itself.
struct Draft {
  OnnxGraph graph;
  absl::flat_hash_set<std::string> made;
};

class DynamicWriter {
 public:
  DynamicWriter(const DynamicGraph& graph, const ParameterStore& parameters,
                const DynamicExportOptions& options)
      : graph_(graph), parameters_(parameters), options_(options) {
    options_.onnx.dynamic_batch = false;
  }

  absl::StatusOr<OnnxModel> Write() {
    model_.ir_version = 8;
    model_.opsets[""] = kOnnxOpset;
    model_.producer_name = "assay";
    model_.producer_version = options_.onnx.producer_version;
    model_.metadata = options_.onnx.metadata;
    Draft draft;
    draft.graph.name = graph_.name.empty() ? "network" : graph_.name;
    Scope scope(graph_.variables.size());
    ASSAY_RETURN_IF_ERROR(ReserveNames(&draft, &scope));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<Held> outputs,
                           WriteTail(graph_.body, scope, &draft));
    for (size_t i = 0; i < outputs.size(); ++i) {
      Emit("Identity", {outputs[i].name}, {}, &draft, graph_.outputs[i]);
      draft.graph.outputs.push_back(Info(graph_.outputs[i], outputs[i].type));
    }
    for (auto& [name, tensor] : initializers_) {
      draft.graph.initializers.push_back(std::move(tensor));
    }
    model_.graph = std::move(draft.graph);
    return std::move(model_);
  }

 private:
  absl::Status ReserveNames(Draft* draft, Scope* scope) {
    for (const DynamicGraph::Input& input : graph_.inputs) {
      if (!taken_.insert(input.name).second) return Taken(input.name);
      draft->graph.inputs.push_back(Info(input.name, input.type));
      (*scope)[static_cast<size_t>(input.variable)] = {input.name, input.type};
    }
    for (const std::string& output : graph_.outputs) {
      if (!taken_.insert(output).second) return Taken(output);
    }
    std::set<std::string> parameters;
    ForEachStatement(graph_.body, [&](const Statement& s) {
      if (s.piece == nullptr) return;
      for (const ValueId id : s.piece->parameters()) {
        parameters.insert(s.piece->value(id).name);
      }
    });
    for (const std::string& name : parameters) {
      if (!taken_.insert(name).second) return Taken(name);
    }
    return absl::OkStatus();
  }

  static absl::Status Taken(const std::string& name) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", name,
                     "' names two of inputs, outputs and parameters; ONNX has "
                     "one name for each"));
  }

  std::string Fresh(const std::string& wanted) {
    std::string name = wanted;
    for (int suffix = 2; !taken_.insert(name).second; ++suffix) {
      name = absl::StrCat(wanted, "_", suffix);
    }
    return name;
  }

  // Appends a node with one result.
  std::string Emit(const std::string& op, std::vector<std::string> inputs,
                   OnnxAttributes attributes, Draft* draft,
                   std::string result = "") {
    if (result.empty()) result = Fresh(absl::StrCat("host/", op));
    OnnxNode node;
    node.op = op;
    node.name = result;
    node.inputs = std::move(inputs);
    node.outputs = {result};
    node.attributes = std::move(attributes);
    draft->graph.nodes.push_back(std::move(node));
    draft->made.insert(result);
    return result;
  }

  std::string Constant(Tensor value, Draft* draft) {
    OnnxTensor tensor;
    tensor.type = ToOnnxType(value.dtype());
    tensor.value = std::move(value);
    return Emit("Constant", {}, {{"value", std::move(tensor)}}, draft);
  }

  // --- Straight statements.

  absl::Status WriteStraight(absl::Span<const Statement> statements,
                             const VariableSet& wanted, Scope* scope,
                             Draft* draft) {
    VariableTypes types(scope->size());
    for (size_t i = 0; i < types.size(); ++i) {
      if ((*scope)[i]) types[i] = (*scope)[i]->type;
    }
    ASSAY_ASSIGN_OR_RETURN(
        const StraightGraph straight,
        JoinStraight(graph_, statements, types,
                     [&](VariableId id) { return wanted.contains(id); }));
    if (straight.writes.empty()) return absl::OkStatus();
    ASSAY_ASSIGN_OR_RETURN(
        OnnxModel part, ExportOnnx(straight.graph, parameters_, options_.onnx));
    Names names;
    for (size_t i = 0; i < straight.reads.size(); ++i) {
      names[absl::StrCat("arg.", i)] =
          (*scope)[static_cast<size_t>(straight.reads[i])]->name;
    }
    for (OnnxTensor& tensor : part.graph.initializers) {
      names[tensor.name] = tensor.name;
      initializers_.emplace(tensor.name, tensor);
    }
    for (size_t i = 0; i < straight.writes.size(); ++i) {
      const VariableId id = straight.writes[i];
      const std::string name = Fresh(graph_.NameOf(id));
      names[absl::StrCat("result.", i)] = name;
      (*scope)[static_cast<size_t>(id)] = {
          name, straight.graph.type(straight.graph.outputs()[i].value)};
    }
    Adopt(std::move(part), &names, draft);
    return absl::OkStatus();
  }

  using Names = absl::flat_hash_map<std::string, std::string>;

  // Takes over the nodes of a model for a piece; `names` are those already
  // given.
  void Adopt(OnnxModel part, Names* names, Draft* draft) {
    Names functions;
    for (OnnxFunction& function : part.functions) {
      const std::string name = function.name;
      functions[name] = AdoptFunction(std::move(function));
    }
    for (const auto& [domain, version] : part.opsets) {
      model_.opsets.emplace(domain, version);
    }
    const auto renamed = [&](const std::string& name) {
      if (name.empty()) return name;
      std::string& given = (*names)[name];
      if (given.empty()) given = Fresh(name);
      return given;
    };
    for (OnnxNode& node : part.graph.nodes) {
      for (std::string& input : node.inputs) input = renamed(input);
      for (std::string& output : node.outputs) {
        output = renamed(output);
        draft->made.insert(output);
      }
      node.name = node.outputs[0];
      if (node.domain == kOnnxFunctionDomain) node.op = functions[node.op];
      draft->graph.nodes.push_back(std::move(node));
    }
  }

  // The name of the function in this model; equal ones are one. The stem says
  // which op it is.
  std::string AdoptFunction(OnnxFunction function) {
    const size_t end = function.name.find_last_not_of("0123456789");
    const bool numbered =
        end + 1 < function.name.size() && function.name[end] == '_';
    const std::string stem =
        numbered ? function.name.substr(0, end) : function.name;
    const std::string text =
        absl::StrCat(stem, "(", absl::StrJoin(function.inputs, ","), ";",
                     absl::StrJoin(function.attributes, ","), ")\n",
                     OnnxNodesText(function.nodes));
    std::string& name = functions_[text];
    if (!name.empty()) return name;
    const int64_t number = ++bodies_[stem];
    name = number == 1 ? stem : absl::StrCat(stem, "_", number);
    function.name = name;
    model_.functions.push_back(std::move(function));
    return name;
  }

  // --- Decisions.

  // A bool of rank 0.
  absl::StatusOr<std::string> WritePredicate(const Predicate& predicate,
                                             const Scope& scope, Draft* draft) {
    const Held& source = *scope[static_cast<size_t>(predicate.source)];
    absl::Status status = CheckPredicateType(predicate, source.type);
    if (status.ok() && DecisionCount(predicate, source.type) != 1) {
      status = absl::InvalidArgumentError(
          absl::StrCat("expected one decision, got ", ToString(source.type)));
    }
    if (!status.ok()) {
      return absl::Status(
          status.code(),
          absl::StrCat("conditional on '", graph_.NameOf(predicate.source),
                       "': ", status.message()));
    }
    std::string holds = Measure(predicate, source, draft);
    if (predicate.negated) holds = Emit("Not", {holds}, {}, draft);
    const std::string scalar = Constant(Tensor(DType::kS64, {0}), draft);
    return Emit("Reshape", {holds, scalar}, {}, draft);
  }

  std::string Measure(const Predicate& predicate, const Held& source,
                      Draft* draft) {
    std::string x = source.name;
    DType dtype = source.type.dtype;
    if (dtype == DType::kBF16) {
      dtype = DType::kF32;
      x = Emit("Cast", {x}, {{"to", static_cast<int64_t>(OnnxType::kFloat)}},
               draft);
    }
    const auto against = [&](double value) {
      return Constant(Tensor::From<double>({}, {value}).Cast(dtype), draft);
    };
    const auto number = [&](int64_t value) {
      return Constant(Tensor::From<int64_t>({1}, {value}), draft);
    };
    const int64_t last = -1;
    switch (predicate.kind) {
      case PredicateKind::kMaxProbability: {
        const std::string p = Emit("Softmax", {x}, {{"axis", last}}, draft);
        const std::string top =
            Emit("ReduceMax", {p},
                 {{"axes", std::vector<int64_t>{-1}}, {"keepdims", int64_t{0}}},
                 draft);
        return Emit("GreaterOrEqual", {top, against(predicate.threshold)}, {},
                    draft);
      }
      case PredicateKind::kMargin: {
        const std::string p = Emit("Softmax", {x}, {{"axis", last}}, draft);
        return Emit(
            "GreaterOrEqual",
            {Margin(p, source.type, draft), against(predicate.threshold)}, {},
            draft);
      }
      case PredicateKind::kEntropy: {
        const std::string p = Emit("Softmax", {x}, {{"axis", last}}, draft);
        const std::string log =
            Emit("LogSoftmax", {x}, {{"axis", last}}, draft);
        const std::string sum =
            Emit("ReduceSum", {Emit("Mul", {p, log}, {}, draft), number(-1)},
                 {{"keepdims", int64_t{0}}}, draft);
        return Emit(
            "LessOrEqual",
            {Emit("Neg", {sum}, {}, draft), against(predicate.threshold)}, {},
            draft);
      }
      case PredicateKind::kGate:
        return Emit("Greater", {x, against(predicate.threshold)}, {}, draft);
      case PredicateKind::kTokenEquals:
        return Emit("Equal", {x, against(static_cast<double>(predicate.token))},
                    {}, draft);
      case PredicateKind::kIsTrue:
        break;
    }
    return x;
  }

  // Largest minus second largest; of one class, which has no second, itself.
  std::string Margin(const std::string& p, const TensorType& type,
                     Draft* draft) {
    if (type.shape.back() < 2) return p;
    const std::string two = Constant(Tensor::From<int64_t>({1}, {2}), draft);
    OnnxNode node;
    node.op = "TopK";
    node.inputs = {p, two};
    node.outputs = {Fresh("host/TopK"), Fresh("host/TopK.indices")};
    node.name = node.outputs[0];
    node.attributes = {{"axis", int64_t{-1}}};
    const std::string top = node.outputs[0];
    draft->graph.nodes.push_back(std::move(node));
    const auto at = [&](int64_t i) {
      const std::string index = Constant(Tensor::From<int64_t>({}, {i}), draft);
      return Emit("Gather", {top, index}, {{"axis", int64_t{-1}}}, draft);
    };
    return Emit("Sub", {at(0), at(1)}, {}, draft);
  }

  // A value that this graph makes itself, as outputs of sub-graphs must be.
  std::string Own(const std::string& name, Draft* draft) {
    return draft->made.contains(name) ? name
                                      : Emit("Identity", {name}, {}, draft);
  }

  // --- Blocks.

  // A block behind which the network goes on, where `after` is read.
  absl::Status WriteBlock(const Block& block, const VariableSet& after,
                          Scope* scope, Draft* draft) {
    for (size_t i = 0; i < block.size();) {
      const size_t end = StraightEnd(block, i);
      const VariableSet live = LiveAt(block, end > i ? end : i + 1, after);
      if (end > i) {
        ASSAY_RETURN_IF_ERROR(
            WriteStraight(absl::MakeConstSpan(block).subspan(i, end - i), live,
                          scope, draft));
        i = end;
        continue;
      }
      const Statement& s = block[i++];
      ASSAY_RETURN_IF_ERROR(s.kind == StatementKind::kIf
                                ? WriteIf(s, live, scope, draft)
                                : WriteLoop(s, live, scope, draft));
    }
    return absl::OkStatus();
  }

  // A block at whose end the network returns; gives its outputs.
  absl::StatusOr<std::vector<Held>> WriteTail(const Block& block, Scope scope,
                                              Draft* draft) {
    size_t i = 0;
    while (i < block.size() && !MayReturn(block[i])) ++i;
    const Block before(block.begin(),
                       block.begin() + static_cast<std::ptrdiff_t>(i));
    ASSAY_RETURN_IF_ERROR(
        WriteBlock(before, LiveAt(block, i, {}), &scope, draft));
    const Statement& s = block[i];
    if (s.kind == StatementKind::kReturn) {
      std::vector<Held> outputs;
      for (const VariableId id : s.reads) {
        outputs.push_back(*scope[static_cast<size_t>(id)]);
      }
      return outputs;
    }
    if (s.kind != StatementKind::kIf) {
      return Refuse("a return within a loop: ONNX has none; unroll the loop");
    }
    const Block rest(block.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                     block.end());
    return WriteTailIf(s, rest, scope, draft);
  }

  static Block Joined(const Block& first, const Block& rest) {
    Block joined = first;
    if (FallsThrough(first)) {
      joined.insert(joined.end(), rest.begin(), rest.end());
    }
    return joined;
  }

  absl::StatusOr<std::vector<Held>> WriteTailIf(const Statement& s,
                                                const Block& rest,
                                                const Scope& scope,
                                                Draft* draft) {
    ASSAY_ASSIGN_OR_RETURN(const std::string condition,
                           WritePredicate(s.predicate, scope, draft));
    std::vector<std::vector<Held>> sides;
    OnnxAttributes branches;
    for (const bool holds : {true, false}) {
      Draft branch;
      ASSAY_ASSIGN_OR_RETURN(
          sides.emplace_back(),
          WriteTail(Joined(holds ? s.body : s.otherwise, rest), scope,
                    &branch));
      AddBranch(holds, sides.back(), std::move(branch), &branches);
    }
    std::vector<std::string> wanted = graph_.outputs;
    return WriteIfNode(condition, std::move(branches), sides, wanted, draft);
  }

  void AddBranch(bool holds, const std::vector<Held>& outputs, Draft branch,
                 OnnxAttributes* branches) {
    branch.graph.name = Fresh(holds ? "then" : "else");
    for (const Held& output : outputs) {
      branch.graph.outputs.push_back(
          Info(Own(output.name, &branch), output.type));
    }
    (*branches)[holds ? "then_branch" : "else_branch"] =
        std::make_shared<const OnnxGraph>(std::move(branch.graph));
  }

  // `names` are wanted for the results.
  absl::StatusOr<std::vector<Held>> WriteIfNode(
      const std::string& condition, OnnxAttributes branches,
      const std::vector<std::vector<Held>>& sides,
      const std::vector<std::string>& names, Draft* draft) {
    OnnxNode node;
    node.op = "If";
    node.inputs = {condition};
    node.attributes = std::move(branches);
    std::vector<Held> results;
    for (size_t i = 0; i < names.size(); ++i) {
      const TensorType& type = sides[0][i].type;
      if (!(type == sides[1][i].type)) {
        return Refuse(absl::StrCat("'", names[i], "' is ", ToString(type),
                                   " on one path and ",
                                   ToString(sides[1][i].type), " on another"));
      }
      results.push_back({Fresh(names[i]), type});
      node.outputs.push_back(results.back().name);
      draft->made.insert(results.back().name);
    }
    node.name = node.outputs[0];
    draft->graph.nodes.push_back(std::move(node));
    return results;
  }

  absl::Status WriteIf(const Statement& s, const VariableSet& after,
                       Scope* scope, Draft* draft) {
    VariableSet assigned = Assigned(s.body);
    for (const VariableId id : Assigned(s.otherwise)) assigned.insert(id);
    std::vector<VariableId> results;
    std::vector<std::string> names;
    for (const VariableId id : assigned) {
      if (!after.contains(id)) continue;
      results.push_back(id);
      names.push_back(graph_.NameOf(id));
    }
    if (results.empty()) return absl::OkStatus();
    ASSAY_ASSIGN_OR_RETURN(const std::string condition,
                           WritePredicate(s.predicate, *scope, draft));
    std::vector<std::vector<Held>> sides;
    OnnxAttributes branches;
    for (const bool holds : {true, false}) {
      Draft branch;
      Scope within = *scope;
      ASSAY_RETURN_IF_ERROR(
          WriteBlock(holds ? s.body : s.otherwise, after, &within, &branch));
      sides.emplace_back();
      for (const VariableId id : results) {
        sides.back().push_back(*within[static_cast<size_t>(id)]);
      }
      AddBranch(holds, sides.back(), std::move(branch), &branches);
    }
    ASSAY_ASSIGN_OR_RETURN(
        const std::vector<Held> made,
        WriteIfNode(condition, std::move(branches), sides, names, draft));
    for (size_t i = 0; i < results.size(); ++i) {
      (*scope)[static_cast<size_t>(results[i])] = made[i];
    }
    return absl::OkStatus();
  }

  absl::Status WriteLoop(const Statement& s, const VariableSet& after,
                         Scope* scope, Draft* draft) {
    if (MayReturn(s)) {
      return Refuse("a return within a loop: ONNX has none; unroll the loop");
    }
    const bool conditional = s.kind == StatementKind::kWhile;
    const VariableSet around = LiveAround(s, after);
    std::vector<VariableId> carried;
    for (const VariableId id : Assigned(s.body)) {
      if (!around.contains(id)) continue;
      if (!(*scope)[static_cast<size_t>(id)]) {
        return Refuse(absl::StrCat("'", graph_.NameOf(id),
                                   "' is first assigned within a loop; unroll "
                                   "the loop"));
      }
      carried.push_back(id);
    }
    if (carried.empty()) return absl::OkStatus();
    OnnxNode node;
    node.op = "Loop";
    node.inputs = {Constant(Tensor::From<int64_t>({}, {s.count}), draft), ""};
    if (conditional) {
      ASSAY_ASSIGN_OR_RETURN(node.inputs[1],
                             WritePredicate(s.predicate, *scope, draft));
    }
    ASSAY_ASSIGN_OR_RETURN(OnnxGraph body,
                           WriteBody(s, around, carried, *scope));
    node.attributes["body"] =
        std::make_shared<const OnnxGraph>(std::move(body));
    for (const VariableId id : carried) {
      Held& held = *(*scope)[static_cast<size_t>(id)];
      node.inputs.push_back(held.name);
      held.name = Fresh(graph_.NameOf(id));
      node.outputs.push_back(held.name);
      draft->made.insert(held.name);
    }
    node.name = node.outputs[0];
    draft->graph.nodes.push_back(std::move(node));
    return absl::OkStatus();
  }

  absl::StatusOr<OnnxGraph> WriteBody(const Statement& s,
                                      const VariableSet& around,
                                      const std::vector<VariableId>& carried,
                                      Scope scope) {
    Draft body;
    body.graph.name = Fresh("body");
    const TensorType index{DType::kS64, {}}, flag{DType::kBool, {}};
    const std::string iteration = Fresh("iteration");
    const std::string going = Fresh("condition");
    body.graph.inputs = {Info(iteration, index), Info(going, flag)};
    if (s.kind == StatementKind::kFor && !s.writes.empty()) {
      scope[static_cast<size_t>(s.writes[0])] = {iteration, index};
    }
    for (const VariableId id : carried) {
      Held& held = *scope[static_cast<size_t>(id)];
      held.name = Fresh(graph_.NameOf(id));
      body.graph.inputs.push_back(Info(held.name, held.type));
    }
    const Scope before = scope;
    ASSAY_RETURN_IF_ERROR(WriteBlock(s.body, around, &scope, &body));
    std::string again = going;
    if (s.kind == StatementKind::kWhile) {
      ASSAY_ASSIGN_OR_RETURN(again, WritePredicate(s.predicate, scope, &body));
    }
    body.graph.outputs = {Info(Own(again, &body), flag)};
    for (const VariableId id : carried) {
      const Held& held = *scope[static_cast<size_t>(id)];
      const TensorType& first = before[static_cast<size_t>(id)]->type;
      if (!(held.type == first)) {
        return Refuse(absl::StrCat("'", graph_.NameOf(id), "' is ",
                                   ToString(first), " before an iteration and ",
                                   ToString(held.type), " behind it"));
      }
      body.graph.outputs.push_back(Info(Own(held.name, &body), held.type));
    }
    return std::move(body.graph);
  }

  const DynamicGraph& graph_;
  const ParameterStore& parameters_;
  DynamicExportOptions options_;
  OnnxModel model_;
  absl::flat_hash_set<std::string> taken_;
  std::map<std::string, OnnxTensor> initializers_;           // by name
  absl::flat_hash_map<std::string, std::string> functions_;  // by text
  absl::flat_hash_map<std::string, int64_t> bodies_;         // by op
};

}  // namespace

absl::StatusOr<OnnxModel> ExportDynamicOnnx(
    const DynamicGraph& graph, const ParameterStore& parameters,
    const DynamicExportOptions& options) {
  ASSAY_RETURN_IF_ERROR(VerifyDynamic(graph));
  const DynamicGraph unrolled = Unroll(graph, options.unroll_limit);
  return DynamicWriter(unrolled, parameters, options).Write();
}

absl::Status WriteDynamicOnnxFile(const std::string& path,
                                  const DynamicGraph& graph,
                                  const ParameterStore& parameters,
                                  const DynamicExportOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(const OnnxModel model,
                         ExportDynamicOnnx(graph, parameters, options));
  ASSAY_ASSIGN_OR_RETURN(const std::string bytes, SerializeOnnxModel(model));
  return WriteFileAtomically(path, bytes);
}

}  // namespace assay
