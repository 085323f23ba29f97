// Writes every op case that ONNX can say (4-bit layers: with ONNX Runtime's
// operator), in the layout of ONNX's own test data, for other runtimes to be
// run over: DIR/<op>_<number>_<type>/model.onnx and test_data_set_0/{input,
// output}_<k>.pb. Outputs are the references'.
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/graph/reference.h"
#include "harness/models/onnx/export/export.h"
#include "harness/models/onnx/proto/onnx_model.h"
#include "harness/models/onnx/proto/write_model.h"
#include "harness/ops/testing/all_cases.h"
#include "harness/ops/testing/op_case.h"

namespace assay {
namespace {

absl::Status WriteTensor(const std::string& path, const std::string& name,
                         const Tensor& value) {
  ASSAY_ASSIGN_OR_RETURN(
      const std::string bytes,
      SerializeOnnxTensor({name, ToOnnxType(value.dtype()), value}));
  return WriteFileAtomically(path, bytes);
}

// OK without a file where ONNX cannot say the op.
absl::Status WriteCase(const OpCase& op_case, size_t index, DType dtype,
                       const std::string& folder, int* written) {
  ASSAY_ASSIGN_OR_RETURN(const Graph graph, MakeCaseGraph(op_case, dtype));
  OnnxExportOptions options;
  options.microsoft_ops = true;
  const auto model = ExportOnnx(graph, {}, options);
  if (absl::IsUnimplemented(model.status())) return absl::OkStatus();
  if (!model.ok()) return model.status();
  std::map<std::string, Tensor> feeds;
  const std::vector<Tensor> operands = MakeOperands(op_case, dtype, index);
  for (size_t i = 0; i < operands.size(); ++i) {
    if (op_case.operands[i].absent) continue;
    feeds[absl::StrCat("operand", i)] = operands[i];
  }
  ASSAY_ASSIGN_OR_RETURN(const Evaluation run, Evaluate(graph, feeds, {}));
  const std::string place =
      JoinPath(folder, absl::StrCat(op_case.op, "_", index, "_", Name(dtype)));
  ASSAY_ASSIGN_OR_RETURN(const std::string bytes, SerializeOnnxModel(*model));
  ASSAY_RETURN_IF_ERROR(
      WriteFileAtomically(JoinPath(place, "model.onnx"), bytes));
  const std::string data = JoinPath(place, "test_data_set_0");
  for (size_t k = 0; k < model->graph.inputs.size(); ++k) {
    const std::string& name = model->graph.inputs[k].name;
    ASSAY_RETURN_IF_ERROR(WriteTensor(
        JoinPath(data, absl::StrCat("input_", k, ".pb")), name, feeds[name]));
  }
  for (size_t k = 0; k < model->graph.outputs.size(); ++k) {
    const std::string& name = model->graph.outputs[k].name;
    ASSAY_RETURN_IF_ERROR(
        WriteTensor(JoinPath(data, absl::StrCat("output_", k, ".pb")), name,
                    run.outputs.at(name)));
  }
  ++*written;
  return absl::OkStatus();
}

absl::Status WriteAll(const std::string& folder) {
  const std::vector<OpCase>& cases = AllCases().accepted;
  int written = 0;
  for (size_t i = 0; i < cases.size(); ++i) {
    ASSAY_RETURN_IF_ERROR(
        WriteCase(cases[i], i, DType::kF32, folder, &written));
    if (!cases[i].f64) continue;
    ASSAY_RETURN_IF_ERROR(
        WriteCase(cases[i], i, DType::kF64, folder, &written));
  }
  std::printf("%d cases in %s\n", written, folder.c_str());
  return absl::OkStatus();
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: write_cases DIR\n");
    return 2;
  }
  const absl::Status status = assay::WriteAll(argv[1]);
  if (status.ok()) return 0;
  std::fprintf(stderr, "write_cases: %s\n",
               std::string(status.message()).c_str());
  return 3;
}
