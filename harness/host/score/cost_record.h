// What a network costs on paper, re-derived from the artifact.
#ifndef ASSAY_HARNESS_HOST_SCORE_COST_RECORD_H_
#define ASSAY_HARNESS_HOST_SCORE_COST_RECORD_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/report/cost.pb.h"

namespace assay {

// For one sample. `bytes_on_disk`: of all files of the artifact. Errors are
// those of CostOf and Rebatch.
absl::StatusOr<CostRecord> MakeCostRecord(const Graph& graph,
                                          const ParameterStore& parameters,
                                          uint64_t bytes_on_disk);

// Most bytes that are alive at one time during a run at the graph's batch, when
// each value lives from its making to its last reading.
int64_t PeakActivationBytes(const Graph& graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SCORE_COST_RECORD_H_
