// Driving one method over one task: module, settings, plan, run, result.
#ifndef ASSAY_HARNESS_HOST_COMPRESS_COMPRESS_H_
#define ASSAY_HARNESS_HOST_COMPRESS_COMPRESS_H_

#include <functional>
#include <string>
#include <vector>

#include "harness/backend/device.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/host/compress/compress_sink.h"
#include "harness/host/compress_result.pb.h"
#include "harness/host/run_spec.pb.h"
#include "harness/host/services/service_host.h"

namespace assay {

// The budgets of a spec as the services state them; a single one without limits
// where the spec has none.
std::vector<ServedBudget> BudgetsOf(const RunSpec& spec);

// The metric of the best constant guess on the validation split.
absl::StatusOr<double> ChanceOf(const Task& task);

// What a method works on.
struct CompressInput {
  const RunSpec* spec = nullptr;
  const ServedTask* task = nullptr;
  Device* device = nullptr;
  Graph graph;                    // of the reference network
  ParameterStore parameters;      // trained
  std::function<int32_t()> stop;  // an ASSAY_STOP_ value
};

// Loads the plugin that the spec names, drives its method, and fills `result`:
// outcome, plugin, settings, plan, ledger, phases and what the sink kept. An
// error of the method is an outcome; this never fails. `sink` must know the
// budgets' names.
void Compress(CompressInput input, CompressSink* sink, CompressResult* result);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_COMPRESS_COMPRESS_H_
