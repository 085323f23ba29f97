// A network of the zoo, and the same network out to ONNX and back, each lowered
// for inference in the same way.
#ifndef ASSAY_HARNESS_MODELS_ONNX_TESTING_PLAN_PAIR_H_
#define ASSAY_HARNESS_MODELS_ONNX_TESTING_PLAN_PAIR_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

struct PlanPair {
  Graph own, imported;
};

// Of the network of that name in harness/models/registry.h, as it starts, at
// `batch`. The file goes through its bytes.
absl::StatusOr<PlanPair> MakePlanPair(const std::string& network,
                                      int64_t batch);

// The nodes of a plan in order: op, types of operands and results. Equal lists
// are the same work for a backend. Without names, and without attributes, which
// say the same in several ways (a reshape to -1 or to the extent).
std::vector<std::string> NodesOf(const Graph& plan);

// What only one of the two has, "own: conv2d(...)": empty where the plans are
// the same work in the same order.
std::vector<std::string> PlanDifferences(const PlanPair& pair);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_TESTING_PLAN_PAIR_H_
