#include "harness/ops/testing/run_case.h"

#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "harness/backend/session.h"
#include "harness/core/status_macros.h"
#include "harness/graph/reference.h"
#include "harness/testing/compare.h"

namespace assay {

absl::Status RunCaseOn(Device* device, const OpCase& op_case, size_t index,
                       DType dtype) {
  ASSAY_ASSIGN_OR_RETURN(const Graph graph, MakeCaseGraph(op_case, dtype));
  const std::vector<Tensor> operands = MakeOperands(op_case, dtype, index);
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session,
                         Session::Make(device, graph, nullptr));
  std::map<std::string, Tensor> feeds;
  for (size_t i = 0; i < operands.size(); ++i) {
    if (op_case.operands[i].absent) continue;
    const std::string name = absl::StrCat("operand", i);
    feeds[name] = operands[i];
    ASSAY_RETURN_IF_ERROR(session->Feed(name, operands[i]));
  }
  ASSAY_ASSIGN_OR_RETURN(const Evaluation want,
                         Evaluate(graph, feeds, ParameterStore()));
  ASSAY_RETURN_IF_ERROR(session->Run());
  for (const auto& [name, tensor] : want.outputs) {
    ASSAY_ASSIGN_OR_RETURN(const Tensor got, session->Fetch(name));
    const absl::Status status = CompareTensors(tensor, got, op_case.terms);
    if (!status.ok()) {
      return absl::Status(status.code(),
                          absl::StrCat(name, ": ", status.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace assay
