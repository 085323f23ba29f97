// A network that the user brought, in the place of a task's reference network.
#ifndef ASSAY_HARNESS_TASKS_FIT_NETWORK_H_
#define ASSAY_HARNESS_TASKS_FIT_NETWORK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "datasets/dataset.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

// What the user says of the network where the graph cannot.
struct FitOptions {
  // The network takes images as [N,H,W,C]: they are transposed for it.
  bool channels_last = false;
  // The output with a score per class; empty: the only one.
  std::string output;
  // The class of each score, by name or number, in the network's order; empty:
  // the data set's order.
  std::vector<std::string> labels;
};

struct FittedNetwork {
  Graph graph;  // one input and the output "logits", both as the task has them
  ParameterStore parameters;         // those that the graph reads
  std::vector<std::string> remarks;  // what was taken for granted or changed
  std::vector<int32_t> labels;       // the class of each score, network's order
};

// Gives the graph a task's interface: its only input becomes `input` with the
// data set's samples, its scores become "logits". In between, where it is
// needed and said in the remarks: images are transposed or flattened, tokens
// widened to s64, scores put into the data set's order, and a softmax over the
// scores is left out, with the rounding of its result to integers, since losses
// and metrics begin with logits.
//
// INVALID_ARGUMENT, with what was expected, what was found and which option
// helps: several inputs, another element type or shape, a fixed batch, no such
// output, another number of classes, labels that are no order of the classes.
absl::StatusOr<FittedNetwork> FitNetwork(const DatasetSpec& data,
                                         absl::string_view input,
                                         const Graph& graph,
                                         const ParameterStore& parameters,
                                         const FitOptions& options);

// The labels under which most of these predictions are right, when the scores
// of a classifier seem to be in another order: entry k is the class that score
// k stands for. Empty where no reordering of the scores explains them.
std::vector<int32_t> OrderThatFits(absl::Span<const int32_t> labels,
                                   absl::Span<const int32_t> predictions,
                                   int64_t classes);

}  // namespace assay

#endif  // ASSAY_HARNESS_TASKS_FIT_NETWORK_H_
