// What a network costs on paper, re-derived from the artifact.
#ifndef ASSAY_HARNESS_HOST_SCORE_COST_RECORD_H_
#define ASSAY_HARNESS_HOST_SCORE_COST_RECORD_H_

#include <cstdint>
#include <vector>

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

// Bits in which the weights and the activations of a node with weights are
// multiplied: 8 where they come out of dequantize_linear nodes, else those of
// their types.
struct LayerBits {
  uint32_t weights = 32;
  uint32_t activations = 32;
};
LayerBits BitsOf(const Graph& graph, NodeId node);

// Most bytes that are alive at one time during a run at the graph's batch, when
// each value lives from its making to its last reading.
int64_t PeakActivationBytes(const Graph& graph);

// Weights of convolutions and linear layers that are stored, and how many of
// them are not 0: what sparsity is counted over.
struct PrunableCount {
  int64_t weights = 0;
  int64_t nonzeros = 0;
};
absl::StatusOr<PrunableCount> CountPrunable(const Graph& graph,
                                            const ParameterStore& parameters);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SCORE_COST_RECORD_H_
