#include "harness/models/onnx/export/export.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/graph/rewrites/fuse_group_weights.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/models/onnx/export/exporters.h"
#include "harness/models/onnx/export/model_text.h"
#include "harness/models/onnx/export/names.h"
#include "harness/models/onnx/export/node_writer.h"
#include "harness/models/onnx/proto/onnx_model.h"
#include "harness/models/onnx/proto/write_model.h"

namespace assay {
namespace {

struct ToOnnxAttribute {
  OnnxAttribute operator()(int64_t value) const { return value; }
  OnnxAttribute operator()(double value) const {
    return static_cast<float>(value);
  }
  OnnxAttribute operator()(const std::string& value) const { return value; }
  OnnxAttribute operator()(const std::vector<int64_t>& values) const {
    return values;
  }
  OnnxAttribute operator()(const std::vector<double>& values) const {
    return std::vector<float>(values.begin(), values.end());
  }
};

// Ops that cannot be said, with their reasons, each once.
class Refusals {
 public:
  void Add(const Graph& graph, NodeId id, absl::string_view reason) {
    const Node& node = graph.node(id);
    Refusal& refusal = by_reason_[absl::StrCat(node.op, ": ", reason)];
    if (refusal.count++ == 0) {
      refusal.first = graph.value(node.outputs[0]).name;
    }
  }

  absl::Status Status(absl::string_view graph) const {
    if (by_reason_.empty()) return absl::OkStatus();
    std::vector<std::string> lines;
    for (const auto& [reason, refusal] : by_reason_) {
      lines.push_back(
          absl::StrCat(reason, " (", refusal.count,
                       refusal.count == 1 ? " node, \"" : " nodes, first \"",
                       refusal.first, "\")"));
    }
    return absl::UnimplementedError(absl::StrCat(
        "graph \"", graph,
        "\" cannot be said in ONNX: ", absl::StrJoin(lines, "; ")));
  }

 private:
  struct Refusal {
    int64_t count = 0;
    std::string first;
  };
  std::map<std::string, Refusal> by_reason_;
};

bool IsConstant(const OnnxNode& node) { return node.op == "Constant"; }

// What is said of one node of the graph.
class ModelWriter {
 public:
  ModelWriter(const Graph& graph, const ParameterStore& parameters,
              const OnnxExportOptions& options, OnnxNames names)
      : graph_(graph),
        parameters_(parameters),
        options_(options),
        names_(std::move(names)) {}

  absl::Status Write(OnnxModel* model) {
    model_ = model;
    model_->ir_version = 8;
    model_->opsets[""] = kOnnxOpset;
    model_->producer_name = "assay";
    model_->producer_version = options_.producer_version;
    model_->metadata = options_.metadata;
    model_->graph.name = graph_.name().empty() ? "network" : graph_.name();
    ASSAY_RETURN_IF_ERROR(WriteNodes());
    for (const auto& [name, value] : names_.copies()) {
      OnnxNode copy;
      copy.name = name;
      copy.op = "Identity";
      copy.inputs = {Use(value)};
      copy.outputs = {name};
      nodes().push_back(std::move(copy));
    }
    WriteEnds();
    return WriteParameters();
  }

 private:
  std::vector<OnnxNode>& nodes() { return model_->graph.nodes; }

  absl::Status WriteNodes() {
    Refusals refusals;
    for (NodeId id = 0; id < graph_.node_count(); ++id) {
      const absl::Status status = WriteNode(id);
      if (status.ok()) continue;
      if (!absl::IsUnimplemented(status)) return status;
      refusals.Add(graph_, id, status.message());
    }
    return refusals.Status(graph_.name());
  }

  absl::Status WriteNode(NodeId id) {
    const Node& node = graph_.node(id);
    const OnnxExporter* exporter = FindOnnxExporter(node.op);
    if (exporter == nullptr) {
      return absl::UnimplementedError("no operator of ONNX's is known for it");
    }
    if (exporter->microsoft != nullptr && options_.microsoft_ops) {
      NodeWriter writer(graph_, id, parameters_, /*widen=*/true);
      ASSAY_RETURN_IF_ERROR(exporter->microsoft(writer));
      model_->opsets[kMicrosoftDomain] = 1;
      Inline(node, writer.Take());
      return absl::OkStatus();
    }
    if (exporter->refused != nullptr) {
      return absl::UnimplementedError(exporter->refused);
    }
    NodeWriter writer(graph_, id, parameters_, !exporter->moves);
    if (exporter->same != nullptr) {
      writer.Result(exporter->same, writer.AllIn());
    } else {
      ASSAY_RETURN_IF_ERROR(exporter->write(writer));
    }
    Place(node, writer.Take());
    return absl::OkStatus();
  }

  // One node of ONNX's, beside constants, stands in the graph; several become
  // a function.
  void Place(const Node& node, std::vector<OnnxNode> said) {
    int64_t count = 0;
    for (const OnnxNode& part : said) count += IsConstant(part) ? 0 : 1;
    if (count > 1 && options_.functions) {
      Call(node, std::move(said));
    } else {
      Inline(node, std::move(said));
    }
  }

  // The name of a value that is read; writes a constant at its first use.
  std::string Use(ValueId id) {
    if (id == kNoValue) return "";
    const Value& value = graph_.value(id);
    if (value.kind == ValueKind::kConstant && constants_.insert(id).second) {
      OnnxTensor tensor;
      tensor.type = ToOnnxType(value.type.dtype);
      tensor.value = value.constant;
      OnnxNode node;
      node.op = "Constant";
      node.name = names_.Of(id);
      node.outputs = {names_.Of(id)};
      node.attributes["value"] = std::move(tensor);
      nodes().push_back(std::move(node));
    }
    if (value.kind == ValueKind::kParameter) read_.insert(id);
    return names_.Of(id);
  }

  void Inline(const Node& node, std::vector<OnnxNode> said) {
    const std::string& name = names_.Of(node.outputs[0]);
    absl::flat_hash_map<std::string, std::string> names;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      names[LocalResult(i)] = names_.Of(node.outputs[i]);
    }
    for (OnnxNode& part : said) {
      for (std::string& input : part.inputs) {
        if (!input.empty()) input = Global(node, input, &names);
      }
      if (IsConstant(part) && Share(part, &names)) continue;
      for (std::string& output : part.outputs) {
        if (!names.contains(output)) {
          names[output] = names_.Fresh(absl::StrCat(
              IsConstant(part) ? "constant"
                               : absl::StrCat(name, "/", part.op)));
        }
        output = names[output];
      }
      part.name = part.outputs[0];
      nodes().push_back(std::move(part));
    }
  }

  // The name in the graph of a value that a node reads.
  std::string Global(const Node& node, const std::string& local,
                     absl::flat_hash_map<std::string, std::string>* names) {
    const auto found = names->find(local);
    if (found != names->end()) return found->second;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (local == LocalOperand(i)) return Use(node.inputs[i]);
    }
    return local;
  }

  // Shapes, axes and bounds repeat: each is written once.
  bool Share(const OnnxNode& constant,
             absl::flat_hash_map<std::string, std::string>* names) {
    OnnxNode nameless = constant;
    nameless.outputs.clear();
    std::string& shared = shared_[OnnxNodesText({nameless})];
    const bool known = !shared.empty();
    if (!known) shared = names_.Fresh("constant");
    (*names)[constant.outputs[0]] = shared;
    return known;
  }

  void Call(const Node& node, std::vector<OnnxNode> body) {
    OnnxNode call;
    call.domain = kOnnxFunctionDomain;
    for (const auto& [name, value] : node.attributes.values()) {
      call.attributes[name] = std::visit(ToOnnxAttribute(), value);
    }
    call.op = Function(node, call.attributes, std::move(body));
    call.name = names_.Of(node.outputs[0]);
    for (const ValueId input : node.inputs) call.inputs.push_back(Use(input));
    for (const ValueId output : node.outputs) {
      call.outputs.push_back(names_.Of(output));
    }
    nodes().push_back(std::move(call));
  }

  // The name of the function with this body; written at its first use.
  std::string Function(const Node& node, const OnnxAttributes& attributes,
                       std::vector<OnnxNode> body) {
    OnnxFunction function;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      function.inputs.push_back(LocalOperand(i));
    }
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      function.outputs.push_back(LocalResult(i));
    }
    for (const auto& attribute : attributes) {
      function.attributes.push_back(attribute.first);
    }
    std::string& name = functions_[absl::StrCat(
        node.op, "(", absl::StrJoin(function.inputs, ","), ";",
        absl::StrJoin(function.attributes, ","), ")\n", OnnxNodesText(body))];
    if (!name.empty()) return name;
    const int64_t number = ++bodies_[node.op];
    name = number == 1 ? node.op : absl::StrCat(node.op, "_", number);
    function.name = name;
    function.domain = kOnnxFunctionDomain;
    function.opsets[""] = kOnnxOpset;
    function.nodes = std::move(body);
    model_->opsets[kOnnxFunctionDomain] = 1;
    model_->functions.push_back(std::move(function));
    return name;
  }

  static OnnxValueInfo Info(std::string name, const TensorType& type) {
    OnnxValueInfo info;
    info.name = std::move(name);
    info.type = ToOnnxType(type.dtype);
    std::vector<OnnxDimension> dimensions;
    for (const int64_t extent : type.shape) dimensions.push_back({extent, ""});
    info.dimensions = std::move(dimensions);
    return info;
  }

  void WriteEnds() {
    for (const ValueId id : graph_.inputs()) {
      model_->graph.inputs.push_back(Info(names_.Of(id), graph_.type(id)));
    }
    for (const Graph::Output& output : graph_.outputs()) {
      model_->graph.outputs.push_back(
          Info(output.name, graph_.type(output.value)));
    }
  }

  absl::Status WriteParameters() {
    for (const ValueId id : graph_.parameters()) {
      if (!read_.contains(id)) continue;
      const Value& value = graph_.value(id);
      ASSAY_ASSIGN_OR_RETURN(Tensor tensor, parameters_.Get(value.name));
      if (tensor.dtype() != value.type.dtype ||
          tensor.shape() != value.type.shape) {
        return absl::InvalidArgumentError(
            absl::StrCat("parameter \"", value.name, "\": expected ",
                         ToString(value.type), ", got ", tensor.TypeString()));
      }
      OnnxTensor initializer;
      initializer.name = names_.Of(id);
      initializer.type = ToOnnxType(value.type.dtype);
      initializer.value = std::move(tensor);
      model_->graph.initializers.push_back(std::move(initializer));
    }
    return absl::OkStatus();
  }

  const Graph& graph_;
  const ParameterStore& parameters_;
  const OnnxExportOptions& options_;
  OnnxNames names_;
  OnnxModel* model_ = nullptr;
  absl::flat_hash_set<ValueId> constants_, read_;
  absl::flat_hash_map<std::string, std::string> shared_;     // constants
  absl::flat_hash_map<std::string, std::string> functions_;  // by body
  absl::flat_hash_map<std::string, int64_t> bodies_;         // by op
};

absl::StatusOr<OnnxModel> ExportFixed(const Graph& graph,
                                      const ParameterStore& parameters,
                                      const OnnxExportOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(OnnxNames names, OnnxNames::Of(graph));
  OnnxModel model;
  ASSAY_RETURN_IF_ERROR(
      ModelWriter(graph, parameters, options, std::move(names)).Write(&model));
  return model;
}

std::string AllNodes(const OnnxModel& model) {
  std::string text = OnnxNodesText(model.graph.nodes);
  for (const OnnxFunction& function : model.functions) {
    absl::StrAppend(&text, function.name, "\n", OnnxNodesText(function.nodes));
  }
  return text;
}

// Where extents differ between two batches, the batch shows.
void MarkBatch(int64_t other_batch, const std::vector<OnnxValueInfo>& other,
               std::vector<OnnxValueInfo>* infos) {
  for (size_t i = 0; i < infos->size(); ++i) {
    std::vector<OnnxDimension>& dimensions = *(*infos)[i].dimensions;
    const std::vector<OnnxDimension>& others = *other[i].dimensions;
    for (size_t axis = 0; axis < dimensions.size(); ++axis) {
      if (dimensions[axis].extent == others[axis].extent) continue;
      const bool is_batch = others[axis].extent == other_batch;
      dimensions[axis] = {-1, is_batch ? "batch" : ""};
    }
  }
}

// Whether the graph can be written for any batch is tried, not guessed: at
// another batch the same nodes must come out.
void FreeBatch(const Graph& graph, const ParameterStore& parameters,
               const OnnxExportOptions& options, OnnxModel* model) {
  int64_t batch = 1;
  for (const ValueId id : graph.inputs()) {
    if (!graph.shape(id).empty()) batch = graph.shape(id)[0];
  }
  const int64_t other_batch = batch + 1;
  const auto other_graph = Rebatch(graph, other_batch);
  if (!other_graph.ok()) return;
  const auto other = ExportFixed(*other_graph, parameters, options);
  if (!other.ok() || AllNodes(*other) != AllNodes(*model)) return;
  MarkBatch(other_batch, other->graph.inputs, &model->graph.inputs);
  MarkBatch(other_batch, other->graph.outputs, &model->graph.outputs);
}

}  // namespace

absl::StatusOr<OnnxModel> ExportOnnx(const Graph& graph,
                                     const ParameterStore& parameters,
                                     const OnnxExportOptions& options) {
  if (!graph.updates().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "graph \"", graph.name(), "\" updates ", graph.updates().size(),
        " parameters: expected a network in inference form"));
  }
  std::optional<Graph> fused;
  if (options.microsoft_ops) {
    ASSAY_ASSIGN_OR_RETURN(fused, FuseGroupWeights(graph));
  }
  const Graph& written = fused.has_value() ? *fused : graph;
  ASSAY_ASSIGN_OR_RETURN(OnnxModel model,
                         ExportFixed(written, parameters, options));
  if (options.dynamic_batch) FreeBatch(written, parameters, options, &model);
  return model;
}

absl::Status WriteOnnxFile(const std::string& path, const Graph& graph,
                           const ParameterStore& parameters,
                           const OnnxExportOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(const OnnxModel model,
                         ExportOnnx(graph, parameters, options));
  ASSAY_ASSIGN_OR_RETURN(const std::string bytes, SerializeOnnxModel(model));
  return WriteFileAtomically(path, bytes);
}

}  // namespace assay
