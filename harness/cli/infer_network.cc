#include "harness/cli/infer_network.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/backend/registry.h"
#include "harness/core/file.h"
#include "harness/core/npy.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/host_module.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/models/network_file.h"
#include "harness/models/onnx/import/import.h"
#include "harness/models/onnx/import/import_dynamic.h"
#include "harness/models/onnx/proto/onnx_model.h"
#include "harness/models/onnx/proto/read_model.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

absl::StatusOr<Tensor> ReadTensorFile(const std::string& path) {
  if (absl::EndsWith(path, ".npy")) {
    ASSAY_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
    return ParseNpy(bytes, path);
  }
  if (!absl::EndsWith(path, ".pb")) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": expected a file that ends in .pb or .npy"));
  }
  ASSAY_ASSIGN_OR_RETURN(OnnxTensor tensor, ReadOnnxTensor(path));
  if (!ToDType(tensor.type)) {
    return absl::UnimplementedError(absl::StrCat(path, ": ", Name(tensor.type),
                                                 " is no type of this engine"));
  }
  return std::move(tensor.value);
}

// The tensors by name; a nameless file belongs to the name at its place.
absl::StatusOr<std::map<std::string, Tensor>> ReadTensors(
    const std::vector<TensorFile>& files, const std::vector<std::string>& names,
    absl::string_view what) {
  std::map<std::string, Tensor> tensors;
  size_t place = 0;
  for (const TensorFile& file : files) {
    std::string name = file.name;
    if (name.empty()) {
      if (place >= names.size()) {
        return absl::InvalidArgumentError(
            absl::StrCat(file.path, ": the network has ", names.size(), " ",
                         what, "s: ", absl::StrJoin(names, ", ")));
      }
      name = names[place++];
    }
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", name, "' is no ", what, " of the network; it has ",
                       absl::StrJoin(names, ", ")));
    }
    ASSAY_ASSIGN_OR_RETURN(Tensor tensor, ReadTensorFile(file.path));
    if (!tensors.emplace(name, std::move(tensor)).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(what, " '", name, "' is given twice"));
    }
  }
  return tensors;
}

// Inputs that the file does not initialize itself.
std::vector<std::string> InputNames(const OnnxModel& model) {
  std::vector<std::string> names;
  for (const OnnxValueInfo& input : model.graph.inputs) {
    const auto& initializers = model.graph.initializers;
    const bool initialized =
        std::any_of(initializers.begin(), initializers.end(),
                    [&](const OnnxTensor& t) { return t.name == input.name; });
    if (!initialized) names.push_back(input.name);
  }
  return names;
}

std::vector<std::string> OutputNames(const OnnxModel& model) {
  std::vector<std::string> names;
  for (const OnnxValueInfo& output : model.graph.outputs) {
    names.push_back(output.name);
  }
  return names;
}

OnnxImportOptions ImportOptions(const InferRequest& request,
                                const std::map<std::string, Tensor>& inputs) {
  OnnxImportOptions options;
  options.batch = request.batch;
  options.dimensions = request.dimensions;
  options.values = inputs;
  for (const auto& [name, value] : inputs) {
    options.shapes[name] = value.shape();
  }
  return options;
}

ExecutableOptions PlanOptions(const InferRequest& request) {
  ExecutableOptions options;
  options.lower = !request.as_written;
  options.threads = request.threads;
  if (request.precision == "bf16") {
    options.lowering.precision = FloatPrecision::kBf16;
  }
  return options;
}

struct NamedType {
  std::string name;
  TensorType type;
};

// Names all that are missing at once.
absl::Status CheckGiven(const std::vector<NamedType>& wanted,
                        const std::map<std::string, Tensor>& inputs) {
  std::vector<std::string> missing;
  for (const auto& [name, type] : wanted) {
    if (inputs.count(name) > 0) continue;
    missing.push_back(absl::StrCat(name, " ", ToString(type)));
  }
  if (missing.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("give --input for ", absl::StrJoin(missing, ", ")));
}

absl::Status FeedAll(const std::map<std::string, Tensor>& inputs,
                     Session* session) {
  const Graph& graph = session->graph();
  std::vector<NamedType> wanted;
  for (const ValueId id : graph.inputs()) {
    wanted.push_back({graph.value(id).name, graph.type(id)});
  }
  ASSAY_RETURN_IF_ERROR(CheckGiven(wanted, inputs));
  for (const NamedType& input : wanted) {
    ASSAY_RETURN_IF_ERROR(session->Feed(input.name, inputs.at(input.name)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status AddDataSet(const std::string& folder, InferRequest* request) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<std::string> files,
                         ListFolder(folder));
  const auto add = [&](absl::string_view kind, std::vector<TensorFile>* list) {
    for (size_t i = 0;; ++i) {
      const std::string file = absl::StrCat(kind, "_", i, ".pb");
      if (std::find(files.begin(), files.end(), file) == files.end()) return;
      list->push_back({"", JoinPath(folder, file)});
    }
  };
  const size_t before = request->inputs.size() + request->expects.size();
  add("input", &request->inputs);
  add("output", &request->expects);
  if (request->inputs.size() + request->expects.size() > before) {
    return absl::OkStatus();
  }
  return absl::NotFoundError(
      absl::StrCat(folder, ": no input_0.pb or output_0.pb"));
}

absl::StatusOr<std::unique_ptr<InferNetwork>> InferNetwork::Make(
    const InferRequest& request) {
  ASSAY_ASSIGN_OR_RETURN(const OnnxModel model, ReadNetworkFile(request.path));
  ASSAY_ASSIGN_OR_RETURN(
      const auto inputs,
      ReadTensors(request.inputs, InputNames(model), "input"));
  auto made = std::unique_ptr<InferNetwork>(new InferNetwork);
  ASSAY_ASSIGN_OR_RETURN(
      made->expected_,
      ReadTensors(request.expects, OutputNames(model), "output"));
  ASSAY_ASSIGN_OR_RETURN(made->device_, MakeDevice(request.backend));
  if (HasControlFlow(model)) {
    auto dynamic =
        ImportDynamicOnnx(model, ImportOptions(request, inputs), StandardOps());
    if (dynamic.ok() && Decides(dynamic->graph)) {
      ASSAY_RETURN_IF_ERROR(
          made->CompileDynamic(*std::move(dynamic), request, inputs));
      return made;
    }
    if (!dynamic.ok() && !absl::IsUnimplemented(dynamic.status())) {
      return dynamic.status();
    }
  }
  ASSAY_RETURN_IF_ERROR(made->Compile(model, request, inputs));
  return made;
}

absl::Status InferNetwork::Compile(
    const OnnxModel& model, const InferRequest& request,
    const std::map<std::string, Tensor>& inputs) {
  ASSAY_ASSIGN_OR_RETURN(
      OnnxNetwork network,
      ImportOnnx(model, ImportOptions(request, inputs), StandardOps()));
  bound_ = network.bound;
  const ExecutableOptions options = PlanOptions(request);
  if (options.lower) {
    ASSAY_ASSIGN_OR_RETURN(
        LoweredNetwork lowered,
        LowerForInference(network.graph, network.parameters, options.lowering));
    network.graph = std::move(lowered.graph);
  } else {
    parameters_ = std::make_unique<DeviceParameters>(device_.get());
    ASSAY_RETURN_IF_ERROR(parameters_->Load(network.parameters));
  }
  ASSAY_ASSIGN_OR_RETURN(
      session_, Session::Make(device_.get(), network.graph, parameters_.get(),
                              {.threads = request.threads}));
  return FeedAll(inputs, session_.get());
}

absl::Status InferNetwork::CompileDynamic(
    OnnxDynamicNetwork network, const InferRequest& request,
    const std::map<std::string, Tensor>& inputs) {
  bound_ = network.bound;
  std::vector<NamedType> wanted;
  for (const DynamicGraph::Input& input : network.graph.inputs) {
    wanted.push_back({input.name, input.type});
  }
  ASSAY_RETURN_IF_ERROR(CheckGiven(wanted, inputs));
  ASSAY_ASSIGN_OR_RETURN(HostModule module,
                         BuildHostModule(network.graph, network.parameters));
  ASSAY_ASSIGN_OR_RETURN(
      dynamic_, DynamicProgram::Make(device_.get(), std::move(module),
                                     network.parameters, PlanOptions(request)));
  inputs_ = inputs;
  return absl::OkStatus();
}

absl::Status InferNetwork::Run() {
  if (dynamic_ == nullptr) return session_->Run();
  ASSAY_ASSIGN_OR_RETURN(result_, dynamic_->Run(inputs_));
  return absl::OkStatus();
}

int64_t InferNetwork::nodes() const {
  if (dynamic_ == nullptr) return session_->graph().node_count();
  int64_t nodes = 0;
  for (const Graph& graph : dynamic_->module().subnetworks) {
    nodes += graph.node_count();
  }
  return nodes;
}

std::string InferNetwork::path() const {
  return result_.paths.empty() ? "" : PathText(result_.paths[0]);
}

absl::StatusOr<std::vector<NamedTensor>> InferNetwork::Outputs() {
  std::vector<NamedTensor> outputs;
  if (dynamic_ != nullptr) {
    for (const std::string& name : dynamic_->module().outputs) {
      outputs.push_back({name, result_.outputs.at(name)});
    }
    return outputs;
  }
  for (const Graph::Output& output : session_->graph().outputs()) {
    ASSAY_ASSIGN_OR_RETURN(Tensor value, session_->Fetch(output.name));
    outputs.push_back({output.name, std::move(value)});
  }
  return outputs;
}

absl::StatusOr<Difference> CompareOutputs(const Tensor& want,
                                          const Tensor& got) {
  if (want.dtype() != got.dtype() || want.shape() != got.shape()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected ", want.TypeString(), ", got ", got.TypeString()));
  }
  const Tensor w = want.Cast(DType::kF64), g = got.Cast(DType::kF64);
  Difference difference;
  double largest = 0;
  for (int64_t i = 0; i < w.size(); ++i) {
    const double a = w.data<double>()[i], b = g.data<double>()[i];
    if (std::isfinite(a)) largest = std::max(largest, std::abs(a));
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    const double apart = std::abs(a - b);
    difference.absolute =
        std::isfinite(apart) ? std::max(difference.absolute, apart) : HUGE_VAL;
  }
  difference.relative = difference.absolute / (largest > 0 ? largest : 1);
  return difference;
}

}  // namespace assay
