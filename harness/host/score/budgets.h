// Whether a candidate meets the budget that it was submitted for.
#ifndef ASSAY_HARNESS_HOST_SCORE_BUDGETS_H_
#define ASSAY_HARNESS_HOST_SCORE_BUDGETS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/host/run_spec.pb.h"
#include "harness/report/report.pb.h"

namespace assay {

// What budgets limit, of one network.
struct Footprint {
  int64_t prunable = 0;           // weights of convolutions and linear layers
  int64_t prunable_nonzeros = 0;  // of them not 0
  int64_t prunable_tensors = 1;   // that they are in
  int64_t macs = 0;               // of one sample, zeros counted
  // The widest of any convolution or linear layer.
  int32_t weight_bits = 0;
  int32_t activation_bits = 0;
  int64_t parameter_bytes = 0;  // of the stored parameters
};
absl::StatusOr<Footprint> FootprintOf(const Graph& graph,
                                      const ParameterStore& parameters);

// One record for each field of `budget` that constrains:
//   sparsity         1 - nonzeros / prunable weights of the dense network, so
//                    that removed channels count as removed weights
//   macs_fraction    of the dense network's; a mask saves none
//   weight_bits, activation_bits, bytes
// One weight of each tensor is granted on sparsity: s * n is rarely a whole
// number, and methods round down in each.
std::vector<BudgetRecord> CheckBudget(const Budget& budget,
                                      const Footprint& dense,
                                      const Footprint& candidate);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SCORE_BUDGETS_H_
