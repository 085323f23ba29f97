// The host's tables as one struct, and calls that survive absent ones.
#ifndef ASSAY_HARNESS_ABI_SDK_SERVICES_H_
#define ASSAY_HARNESS_ABI_SDK_SERVICES_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "status.h"

namespace assay::sdk {

template <typename T>
using Span = std::span<T>;
using Shape = std::vector<int64_t>;

inline assay_text ToText(std::string_view s) { return {s.data(), s.size()}; }
inline std::string_view ToView(assay_text t) {
  return t.data == nullptr ? std::string_view()
                           : std::string_view(t.data, t.size);
}
inline std::string ToString(assay_text t) { return std::string(ToView(t)); }

// An instance's host and its tables; null where the host has none.
struct Services {
  assay_host* host = nullptr;
  assay_find_fn find = nullptr;
  const assay_status_table* status = nullptr;
  const assay_log_table* log = nullptr;
  const assay_random_table* random = nullptr;
  const assay_tensor_table* tensor = nullptr;
  const assay_task_table* task = nullptr;
  const assay_graph_table* graph = nullptr;
  const assay_parameters_table* parameters = nullptr;
  const assay_program_table* program = nullptr;
  const assay_data_table* data = nullptr;
  const assay_train_table* train = nullptr;
  const assay_evaluate_table* evaluate = nullptr;
  const assay_cost_table* cost = nullptr;
  const assay_analysis_table* analysis = nullptr;
  const assay_ledger_table* ledger = nullptr;
  const assay_submit_table* submit = nullptr;
  const assay_trainer_table* trainer = nullptr;
  const assay_workers_table* workers = nullptr;
  const assay_elastic_table* elastic = nullptr;
  const assay_custom_op_table* custom_op = nullptr;
  const assay_linalg_table* linalg = nullptr;
  const assay_dynamic_table* dynamic = nullptr;
  const assay_decode_table* decode = nullptr;

  Services() = default;
  Services(assay_host* h, assay_find_fn f) : host(h), find(f) {
    Find(ASSAY_STATUS_ID, &status);
    Find(ASSAY_LOG_ID, &log);
    Find(ASSAY_RANDOM_ID, &random);
    Find(ASSAY_TENSOR_ID, &tensor);
    Find(ASSAY_TASK_ID, &task);
    Find(ASSAY_GRAPH_ID, &graph);
    Find(ASSAY_PARAMETERS_ID, &parameters);
    Find(ASSAY_PROGRAM_ID, &program);
    Find(ASSAY_DATA_ID, &data);
    Find(ASSAY_TRAIN_ID, &train);
    Find(ASSAY_EVALUATE_ID, &evaluate);
    Find(ASSAY_COST_ID, &cost);
    Find(ASSAY_ANALYSIS_ID, &analysis);
    Find(ASSAY_LEDGER_ID, &ledger);
    Find(ASSAY_SUBMIT_ID, &submit);
    Find(ASSAY_TRAINER_ID, &trainer);
    Find(ASSAY_WORKERS_ID, &workers);
    Find(ASSAY_ELASTIC_ID, &elastic);
    Find(ASSAY_CUSTOM_OP_ID, &custom_op);
    Find(ASSAY_LINALG_ID, &linalg);
    Find(ASSAY_DYNAMIC_ID, &dynamic);
    Find(ASSAY_DECODE_ID, &decode);
  }

  template <typename Table>
  void Find(std::string_view id, const Table** table) {
    *table = static_cast<const Table*>(find(host, ToText(id)));
  }
};

// Whether the table is there and old enough a host filled the slot.
template <typename Table, typename Slot>
bool HasSlot(const Table* table, Slot Table::*slot) {
  if (table == nullptr) return false;
  const auto* base = reinterpret_cast<const char*>(table);
  const auto* end = reinterpret_cast<const char*>(&(table->*slot) + 1);
  return static_cast<size_t>(end - base) <= table->size &&
         table->*slot != nullptr;
}

// Takes over a status of the host.
inline Status TakeStatus(const Services& s, assay_status* raw) {
  if (raw == nullptr) return OkStatus();
  Status status(static_cast<Code>(s.status->code(raw)),
                ToString(s.status->message(raw)));
  s.status->free(raw);
  return status;
}

// Makes a status for the host; null for OK.
inline assay_status* GiveStatus(const Services& s, const Status& status) {
  if (status.ok()) return nullptr;
  return s.status->make(s.host, static_cast<int32_t>(status.code()),
                        ToText(status.message()), nullptr);
}

// Calls a slot that returns a status; UNIMPLEMENTED where the host lacks it.
template <typename Table, typename... P, typename... A>
Status Call(const Services& s, const Table* table,
            assay_status* (*Table::*slot)(P...), const char* name, A... args) {
  if (!HasSlot(table, slot)) {
    return Status(Code::kUnimplemented,
                  std::string("this host does not offer ") + name);
  }
  return TakeStatus(s, (table->*slot)(args...));
}

// Calls any other slot; a default value where the host lacks it.
template <typename Table, typename R, typename... P, typename... A>
R CallOr(const Table* table, R (*Table::*slot)(P...), A... args) {
  if (!HasSlot(table, slot)) return R();
  return (table->*slot)(args...);
}

}  // namespace assay::sdk

// ASSAY_SDK_CALL(services, graph, clone, host, graph, &out)
#define ASSAY_SDK_CALL(s, service, slot, ...)                          \
  ::assay::sdk::Call((s), (s).service, &assay_##service##_table::slot, \
                     "assay." #service " " #slot, (s).host, __VA_ARGS__)

#endif  // ASSAY_HARNESS_ABI_SDK_SERVICES_H_
