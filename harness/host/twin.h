// The twin of a task's network: the same one under other names and with the
// classes in another order. A method that works from what it is given does as
// well on the twin; one that recognises a task by its names, or remembers its
// answers, does not.
#ifndef ASSAY_HARNESS_HOST_TWIN_H_
#define ASSAY_HARNESS_HOST_TWIN_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/models/init.h"

namespace assay {

// What each class is called in the twin. Drawn from `seed`; the same for equal
// arguments. Empty where classes keep their numbers: the output "logits" is no
// linear layer with a score per class and parameters that nothing else reads.
std::vector<int32_t> TwinClasses(const Graph& graph, uint64_t seed);

struct TwinNetwork {
  Graph graph;
  ParameterStore parameters;
  std::vector<Initialiser> initialisers;
};

// Inputs and outputs keep their names, which the task's batches go by. `order`
// is from TwinClasses of the same graph. NOT_FOUND: a parameter of the graph is
// not in the store.
absl::StatusOr<TwinNetwork> MakeTwin(const Graph& graph,
                                     const ParameterStore& parameters,
                                     absl::Span<const Initialiser> initialisers,
                                     absl::Span<const int32_t> order);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_TWIN_H_
