// Reference networks at sizes at which tests run them in milliseconds.
#ifndef ASSAY_HARNESS_MODELS_TESTING_SMALL_H_
#define ASSAY_HARNESS_MODELS_TESTING_SMALL_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/core/tensor.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

// The network with its depth and widths, over fewer pixels, frames, tokens and
// words where those of its own are many. What its grid forbids to shrink stays;
// of a network that is large even so, fewer samples.
absl::StatusOr<ReferenceGraph> BuildSmall(absl::string_view name,
                                          int64_t batch);

// The same over more pixels where those leave batch norm a value per sample: a
// rounding then grows to the size of the loss within a few training steps, in
// any framework.
absl::StatusOr<ReferenceGraph> BuildForSteps(absl::string_view name,
                                             int64_t batch);

// Whether the network has weights so many that tests which do not need them
// leave it to a sibling of the same builder or of the same layers; whether
// second derivatives of BuildSmall in f64 by the references take too long.
bool IsHeavy(absl::string_view name);
bool IsHeavyInF64(absl::string_view name);

// A value for each input of a network, the same on every call: pixels and
// features N(0, 1), tokens in [1, 200).
std::map<std::string, Tensor> SampleInputs(const Graph& graph, uint64_t seed);

// What a loss compares with: "labels", classes of the network's logits, or,
// where it has none, "targets" N(0, 1) in the shape of its output.
void AddSampleTargets(const Graph& graph, uint64_t seed,
                      std::map<std::string, Tensor>* samples);
// The matching loss: AttachLoss, or the mean square of the difference. Appends
// the output "loss".
absl::StatusOr<ValueId> AttachSampleLoss(Graph* graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_TESTING_SMALL_H_
