#include "harness/models/onnx/testing/node_tests.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "harness/backend/session.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/core/tensor.h"
#include "harness/models/onnx/import/import.h"
#include "harness/models/onnx/proto/read_model.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

constexpr char kFolder[] = "/usr/share/libonnx-testdata/data/node";

absl::Status Compare(const std::string& name, const Tensor& want,
                     const Tensor& got) {
  if (want.dtype() != got.dtype() || want.shape() != got.shape()) {
    return absl::InternalError(absl::StrCat(
        name, ": expected ", want.TypeString(), ", got ", got.TypeString()));
  }
  const Tensor w = want.Cast(DType::kF64), g = got.Cast(DType::kF64);
  for (int64_t i = 0; i < w.size(); ++i) {
    const double a = w.data<double>()[i], b = g.data<double>()[i];
    const bool same = a == b || (std::isnan(a) && std::isnan(b)) ||
                      std::abs(a - b) <= 1e-7 + 1e-3 * std::abs(a);
    if (!same) {
      return absl::InternalError(
          absl::StrCat(name, ": element ", i, ": expected ", a, ", got ", b));
    }
  }
  return absl::OkStatus();
}

// The tensors in `folder` named KIND_0.pb, KIND_1.pb, ...
absl::StatusOr<std::vector<Tensor>> ReadTensors(const std::string& folder,
                                                const std::string& kind,
                                                size_t count) {
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < count; ++i) {
    ASSAY_ASSIGN_OR_RETURN(
        OnnxTensor tensor,
        ReadOnnxTensor(JoinPath(folder, absl::StrCat(kind, "_", i, ".pb"))));
    if (!ToDType(tensor.type)) {
      return absl::UnimplementedError(
          absl::StrCat(kind, " ", i, ": ", Name(tensor.type)));
    }
    tensors.push_back(std::move(tensor.value));
  }
  return tensors;
}

// Some tests give fewer inputs than the model lists.
size_t CountFiles(const std::vector<std::string>& files,
                  const std::string& prefix) {
  return static_cast<size_t>(
      std::count_if(files.begin(), files.end(), [&](const std::string& f) {
        return absl::StartsWith(f, prefix) && absl::EndsWith(f, ".pb");
      }));
}

absl::Status RunDataSet(const OnnxModel& model, const std::string& folder,
                        Device* device) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<std::string> files,
                         ListFolder(folder));
  const size_t count =
      std::min(model.graph.inputs.size(), CountFiles(files, "input_"));
  for (const auto& list : {model.graph.inputs, model.graph.outputs}) {
    for (const OnnxValueInfo& info : list) {
      if (!ToDType(info.type)) {
        return absl::UnimplementedError(
            absl::StrCat("'", info.name, "' is ", Name(info.type)));
      }
    }
  }
  ASSAY_ASSIGN_OR_RETURN(const std::vector<Tensor> inputs,
                         ReadTensors(folder, "input", count));
  ASSAY_ASSIGN_OR_RETURN(
      const std::vector<Tensor> outputs,
      ReadTensors(folder, "output", model.graph.outputs.size()));
  OnnxImportOptions options;
  for (size_t i = 0; i < count; ++i) {
    const std::string& name = model.graph.inputs[i].name;
    options.values[name] = inputs[i];
    options.shapes[name] = inputs[i].shape();
  }
  ASSAY_ASSIGN_OR_RETURN(const OnnxNetwork network,
                         ImportOnnx(model, options, StandardOps()));
  DeviceParameters parameters(device);
  ASSAY_RETURN_IF_ERROR(parameters.Load(network.parameters));
  ASSAY_ASSIGN_OR_RETURN(
      const std::unique_ptr<Session> session,
      Session::Make(device, network.graph, &parameters, {.threads = 1}));
  for (const ValueId input : network.graph.inputs()) {
    const std::string& name = network.graph.value(input).name;
    ASSAY_RETURN_IF_ERROR(session->Feed(name, options.values[name]));
  }
  ASSAY_RETURN_IF_ERROR(session->Run());
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::string& name = model.graph.outputs[i].name;
    ASSAY_ASSIGN_OR_RETURN(const Tensor got, session->Fetch(name));
    ASSAY_RETURN_IF_ERROR(Compare(name, outputs[i], got));
  }
  return absl::OkStatus();
}

absl::Status RunAll(const OnnxModel& model, const std::string& folder,
                    Device* device) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<std::string> files,
                         ListFolder(folder));
  bool any = false;
  for (const std::string& file : files) {
    if (!absl::StartsWith(file, "test_data_set_")) continue;
    any = true;
    ASSAY_RETURN_IF_ERROR(RunDataSet(model, JoinPath(folder, file), device));
  }
  return any ? absl::OkStatus() : absl::NotFoundError("no data sets");
}

std::string OpOf(const OnnxModel& model) {
  const std::vector<OnnxNode>& nodes = model.graph.nodes;
  if (nodes.size() != 1) return absl::StrCat("several");
  const OnnxNode& node = nodes[0];
  return node.domain.empty() ? node.op
                             : absl::StrCat(node.domain, ".", node.op);
}

}  // namespace

std::string NodeTestFolder() {
  const char* folder = std::getenv("ASSAY_ONNX_TESTDATA");
  return folder == nullptr ? kFolder : folder;
}

absl::StatusOr<std::vector<std::string>> NodeTestNames(
    const std::string& folder) {
  ASSAY_ASSIGN_OR_RETURN(std::vector<std::string> names, ListFolder(folder));
  names.erase(std::remove_if(names.begin(), names.end(),
                             [&](const std::string& name) {
                               return !FileExists(NodeTestModel(folder, name));
                             }),
              names.end());
  return names;
}

std::string NodeTestModel(const std::string& folder, const std::string& test) {
  return JoinPath(JoinPath(folder, test), "model.onnx");
}

NodeResult RunNodeTest(const std::string& folder, const std::string& test,
                       Device* device) {
  NodeResult result;
  result.test = test;
  const auto model = ReadOnnxModel(NodeTestModel(folder, test));
  absl::Status status = model.status();
  if (model.ok()) {
    result.op = OpOf(*model);
    status = RunAll(*model, JoinPath(folder, test), device);
  }
  result.verdict = status.ok() ? NodeVerdict::kPassed
                   : status.code() == absl::StatusCode::kUnimplemented
                       ? NodeVerdict::kRefused
                       : NodeVerdict::kFailed;
  result.reason = std::string(status.message());
  return result;
}

}  // namespace assay
