#include "harness/cli/dynamic_export.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/backend/registry.h"
#include "harness/core/file.h"
#include "harness/core/random.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/dynamic_program.h"
#include "harness/dynamic/regrouped_program.h"
#include "harness/host/build_stamp.h"
#include "harness/models/dynamic/registry.h"
#include "harness/models/onnx/export/export_dynamic.h"
#include "harness/models/onnx/proto/onnx_model.h"
#include "harness/models/onnx/proto/write_model.h"
#include "harness/ops/ops.h"
#include "harness/train/checkpoint.h"

namespace assay {
namespace {

// Those of the file, in the place of the initial ones.
absl::Status Load(const std::string& path, ParameterStore* parameters) {
  ASSAY_ASSIGN_OR_RETURN(const Checkpoint checkpoint, ReadCheckpoint(path));
  for (const std::string& name : parameters->Names()) {
    Tensor* const value = parameters->Find(name);
    const Tensor* const loaded = checkpoint.parameters.Find(name);
    if (loaded == nullptr || loaded->dtype() != value->dtype() ||
        loaded->shape() != value->shape()) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ": '", name, "': expected ", value->TypeString(), ", got ",
          loaded == nullptr ? "nothing" : loaded->TypeString()));
    }
    *value = *loaded;
  }
  return absl::OkStatus();
}

void SetExits(double threshold, DynamicGraph* graph) {
  std::map<int32_t, double> by_site;
  ForEachStatement(graph->body, [&](const Statement& s) {
    if (s.kind == StatementKind::kIf &&
        s.predicate.kind == PredicateKind::kMaxProbability) {
      by_site[s.site] = threshold;
    }
  });
  SetThresholds(by_site, graph);
}

absl::Status WriteTensor(const std::string& path, const std::string& name,
                         const Tensor& value) {
  ASSAY_ASSIGN_OR_RETURN(
      const std::string bytes,
      SerializeOnnxTensor({name, ToOnnxType(value.dtype()), value}));
  return WriteFileAtomically(path, bytes);
}

absl::Status WriteSamples(const DynamicExportRequest& request,
                          const DynamicGraph& graph,
                          const ParameterStore& parameters) {
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<Device> device,
                         MakeDevice(request.backend));
  ASSAY_ASSIGN_OR_RETURN(HostModule module, BuildHostModule(graph, parameters));
  ExecutableOptions options;
  options.lower = !request.as_written;
  ASSAY_ASSIGN_OR_RETURN(const auto program,
                         DynamicProgram::Make(device.get(), std::move(module),
                                              parameters, options));
  RandomStream random(request.seed, "export samples");
  for (int64_t k = 0; k < request.samples; ++k) {
    const std::map<std::string, Tensor> inputs = RandomInputs(graph, &random);
    ASSAY_ASSIGN_OR_RETURN(const DynamicResult result, program->Run(inputs));
    const std::string folder =
        JoinPath(request.samples_dir, absl::StrCat("test_data_set_", k));
    for (size_t i = 0; i < graph.inputs.size(); ++i) {
      const std::string& name = graph.inputs[i].name;
      ASSAY_RETURN_IF_ERROR(
          WriteTensor(JoinPath(folder, absl::StrCat("input_", i, ".pb")), name,
                      inputs.at(name)));
    }
    for (size_t i = 0; i < graph.outputs.size(); ++i) {
      const std::string& name = graph.outputs[i];
      ASSAY_RETURN_IF_ERROR(
          WriteTensor(JoinPath(folder, absl::StrCat("output_", i, ".pb")), name,
                      result.outputs.at(name)));
    }
  }
  return absl::OkStatus();
}

}  // namespace

bool IsDynamicNetwork(const std::string& name) {
  const std::vector<std::string> names = DynamicNetworkNames();
  return std::find(names.begin(), names.end(), name) != names.end();
}

absl::StatusOr<std::string> ExportDynamicNetwork(
    const DynamicExportRequest& request) {
  ASSAY_ASSIGN_OR_RETURN(DynamicNetwork network,
                         BuildDynamicNetwork(request.network, StandardOps()));
  ASSAY_ASSIGN_OR_RETURN(ParameterStore parameters,
                         Initialise(network, request.seed));
  std::string about = absl::StrCat(request.network, ", ");
  if (request.weights.empty()) {
    absl::StrAppend(&about, "initialised by seed ", request.seed);
  } else {
    ASSAY_RETURN_IF_ERROR(Load(request.weights, &parameters));
    absl::StrAppend(&about, "weights of ", request.weights);
  }
  if (request.threshold) SetExits(*request.threshold, &network.graph);
  DynamicExportOptions options;
  options.onnx.metadata["assay.source"] = about;
  if (kSourceRevision != nullptr) {
    options.onnx.producer_version = kSourceRevision;
  }
  ASSAY_RETURN_IF_ERROR(
      WriteDynamicOnnxFile(request.output, network.graph, parameters, options));
  ASSAY_RETURN_IF_ERROR(WriteSamples(request, network.graph, parameters));
  return about;
}

}  // namespace assay
