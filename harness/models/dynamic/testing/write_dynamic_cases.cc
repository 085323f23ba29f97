// Writes every network with control flow as ONNX with If and Loop, in the
// layout of ONNX's own test data, a data set per sample, for other runtimes to
// be run over. Outputs are the interpreter's.
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/core/tensor.h"
#include "harness/dynamic/interpreter.h"
#include "harness/models/dynamic/testing/dynamic_cases.h"
#include "harness/models/onnx/export/export_dynamic.h"
#include "harness/models/onnx/proto/onnx_model.h"
#include "harness/models/onnx/proto/write_model.h"

namespace assay {
namespace {

constexpr int64_t kSamples = 16;

absl::Status WriteTensors(const std::string& folder, const std::string& kind,
                          const std::vector<OnnxValueInfo>& infos,
                          const std::map<std::string, Tensor>& values) {
  for (size_t k = 0; k < infos.size(); ++k) {
    const Tensor& value = values.at(infos[k].name);
    ASSAY_ASSIGN_OR_RETURN(
        const std::string bytes,
        SerializeOnnxTensor({infos[k].name, ToOnnxType(value.dtype()), value}));
    ASSAY_RETURN_IF_ERROR(WriteFileAtomically(
        JoinPath(folder, absl::StrCat(kind, "_", k, ".pb")), bytes));
  }
  return absl::OkStatus();
}

absl::Status WriteCase(const std::string& name, const std::string& folder) {
  ASSAY_ASSIGN_OR_RETURN(const DynamicCase c,
                         MakeDynamicCase(name, CaseSize::kSmall, kSamples));
  ASSAY_ASSIGN_OR_RETURN(const OnnxModel model,
                         ExportDynamicOnnx(c.network.graph, c.parameters));
  ASSAY_ASSIGN_OR_RETURN(const std::string bytes, SerializeOnnxModel(model));
  ASSAY_RETURN_IF_ERROR(
      WriteFileAtomically(JoinPath(folder, "model.onnx"), bytes));
  Interpreter interpreter(&c.network.graph, &c.parameters);
  for (int64_t sample = 0; sample < kSamples; ++sample) {
    const std::map<std::string, Tensor> inputs = SampleOf(c, sample);
    ASSAY_ASSIGN_OR_RETURN(const DynamicResult run, interpreter.Run(inputs));
    const std::string data =
        JoinPath(folder, absl::StrCat("test_data_set_", sample));
    ASSAY_RETURN_IF_ERROR(
        WriteTensors(data, "input", model.graph.inputs, inputs));
    ASSAY_RETURN_IF_ERROR(
        WriteTensors(data, "output", model.graph.outputs, run.outputs));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: write_dynamic_cases DIR\n");
    return 2;
  }
  for (const std::string& name : assay::DynamicCaseNames()) {
    const absl::Status status =
        assay::WriteCase(name, assay::JoinPath(argv[1], name));
    if (status.ok()) continue;
    std::fprintf(stderr, "write_dynamic_cases: %s: %s\n", name.c_str(),
                 std::string(status.message()).c_str());
    return 3;
  }
  return 0;
}
