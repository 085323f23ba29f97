#include "harness/core/status_macros.h"
#include "harness/host/services/budgets.h"
#include "harness/host/services/graph_access.h"
#include "harness/host/services/tables.h"
#include "harness/ops/custom/custom.h"

namespace assay {
namespace {

assay_status* Submit(assay_host* host, uint32_t budget,
                     const assay_graph* graph, const assay_parameters* set) {
  return ServeRun(host, "submit.submit", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, ReadableSet(host, set));
    ASSAY_RETURN_IF_ERROR(CheckBudgetNumber(host, "submit", budget));
    if (HasCustomCalls(g->graph)) {
      return absl::InvalidArgumentError(
          "submit: the network has a node \"custom\": the process that scores "
          "holds no plugin and cannot run it");
    }
    return host->sink().Submit(budget, g->graph, s->store);
  });
}

}  // namespace

const assay_submit_table* SubmitTable() {
  static constexpr assay_submit_table kTable = {ASSAY_SIZE(assay_submit_table),
                                                1, &Submit};
  return &kTable;
}

}  // namespace assay
