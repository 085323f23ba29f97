#include "harness/host/services/tables.h"

#include <algorithm>

namespace assay {
namespace {

struct Row {
  absl::string_view id;
  const void* (*table)();
};

template <auto table>
const void* Erased() {
  return table();
}

constexpr Row kRows[] = {
    {ASSAY_ANALYSIS_ID, &Erased<&AnalysisTable>},
    {ASSAY_COST_ID, &Erased<&CostTable>},
    {ASSAY_CUSTOM_OP_ID, &Erased<&CustomOpTable>},
    {ASSAY_DATA_ID, &Erased<&DataTable>},
    {ASSAY_DECODE_ID, &Erased<&DecodeTable>},
    {ASSAY_DYNAMIC_ID, &Erased<&DynamicTable>},
    {ASSAY_ELASTIC_ID, &Erased<&ElasticTable>},
    {ASSAY_EVALUATE_ID, &Erased<&EvaluateTable>},
    {ASSAY_GRAPH_ID, &Erased<&GraphTable>},
    {ASSAY_LEDGER_ID, &Erased<&LedgerTable>},
    {ASSAY_LINALG_ID, &Erased<&LinalgTable>},
    {ASSAY_LOG_ID, &Erased<&LogTable>},
    {ASSAY_PARAMETERS_ID, &Erased<&ParametersTable>},
    {ASSAY_PROGRAM_ID, &Erased<&ProgramTable>},
    {ASSAY_RANDOM_ID, &Erased<&RandomTable>},
    {ASSAY_STATUS_ID, &Erased<&StatusTable>},
    {ASSAY_SUBMIT_ID, &Erased<&SubmitTable>},
    {ASSAY_TASK_ID, &Erased<&TaskTable>},
    {ASSAY_TENSOR_ID, &Erased<&TensorTable>},
    {ASSAY_TRAIN_ID, &Erased<&TrainTable>},
    {ASSAY_TRAINER_ID, &Erased<&TrainerTable>},
    {ASSAY_WORKERS_ID, &Erased<&WorkersTable>},
};

}  // namespace

const void* FindTable(absl::string_view id) {
  for (const Row& row : kRows) {
    if (row.id == id) return row.table();
  }
  return nullptr;
}

std::vector<std::string> TableIds() {
  std::vector<std::string> ids;
  for (const Row& row : kRows) ids.emplace_back(row.id);
  return ids;
}

}  // namespace assay
