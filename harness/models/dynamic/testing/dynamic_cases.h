// The networks with control flow, with weights and inputs for which every path
// class is taken: what tests, benchmarks and other runtimes are run over.
#ifndef ASSAY_HARNESS_MODELS_DYNAMIC_TESTING_DYNAMIC_CASES_H_
#define ASSAY_HARNESS_MODELS_DYNAMIC_TESTING_DYNAMIC_CASES_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/core/tensor.h"
#include "harness/graph/parameter_store.h"
#include "harness/models/dynamic/dynamic_network.h"
#include "harness/models/lmd/lmd.h"

namespace assay {

struct DynamicCase {
  std::string name;
  DynamicNetwork network;
  ParameterStore parameters;
  std::map<std::string, Tensor> inputs;  // of all samples
  std::string output;                    // the one that decides
};

enum class CaseSize : uint8_t {
  kSmall,  // a millisecond or so per sample by the references
  kFull,   // the network as the paper's subjects have it
};

// Sorted.
std::vector<std::string> DynamicCaseNames();

// Weights are initialised, not trained; thresholds and the token that ends a
// text are chosen so that the samples fall evenly. NOT_FOUND: another name.
absl::StatusOr<DynamicCase> MakeDynamicCase(absl::string_view name,
                                            CaseSize size, int64_t samples);

// Greedy decoding by lmd-xs with these weights: prompts are the beginnings of
// lines of `text`, a line's end ends a sample.
absl::StatusOr<DynamicCase> TrainedGreedyCase(ParameterStore weights,
                                              absl::string_view text,
                                              int64_t samples);

// What the target of case "speculative" writes alone, as a case.
absl::StatusOr<DynamicCase> TargetAlone(CaseSize size,
                                        const DynamicCase& speculative);

// Sample `sample` of a case's inputs, as a batch of 1.
std::map<std::string, Tensor> SampleOf(const DynamicCase& c, int64_t sample);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_DYNAMIC_TESTING_DYNAMIC_CASES_H_
