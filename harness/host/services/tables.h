// The host's tables, one file each in this folder.
#ifndef ASSAY_HARNESS_HOST_SERVICES_TABLES_H_
#define ASSAY_HARNESS_HOST_SERVICES_TABLES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "harness/abi/assay.h"

namespace assay {

const assay_status_table* StatusTable();
const assay_log_table* LogTable();
const assay_random_table* RandomTable();
const assay_tensor_table* TensorTable();
const assay_task_table* TaskTable();
const assay_graph_table* GraphTable();
const assay_parameters_table* ParametersTable();
const assay_program_table* ProgramTable();
const assay_data_table* DataTable();
const assay_train_table* TrainTable();
const assay_evaluate_table* EvaluateTable();
const assay_cost_table* CostTable();
const assay_analysis_table* AnalysisTable();
const assay_ledger_table* LedgerTable();
const assay_submit_table* SubmitTable();
const assay_trainer_table* TrainerTable();
const assay_workers_table* WorkersTable();
const assay_elastic_table* ElasticTable();
const assay_custom_op_table* CustomOpTable();
const assay_linalg_table* LinalgTable();
const assay_dynamic_table* DynamicTable();
const assay_decode_table* DecodeTable();

// A table by its text id; null for an unknown one.
const void* FindTable(absl::string_view id);

// Sorted.
std::vector<std::string> TableIds();

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SERVICES_TABLES_H_
