// Scores that need the loss or the network: SNIP, GraSP and SynFlow.
#ifndef ASSAY_PLUGINS_MAGNITUDE_SENSITIVITY_H_
#define ASSAY_PLUGINS_MAGNITUDE_SENSITIVITY_H_

#include <cstdint>
#include <vector>

#include "harness/abi/sdk.h"

namespace assay::magnitude {

// Scores per prunable tensor, higher = keep, in the order of `layers`.
using Scores = std::vector<std::vector<double>>;

struct SensitivityOptions {
  int64_t per_class = 10;        // training samples of each class that score
  double temperature = 200;      // of GraSP's logits
  bool batch_statistics = true;  // batch norm in training mode while scoring
};

// SNIP, Lee et al. 2019, arXiv 1810.02340, equation 5: |w * dL/dw| with L the
// mean cross-entropy over the scoring samples; the absolute value is taken
// after the sum over batches.
sdk::StatusOr<Scores> SnipScores(sdk::Run& run, sdk::GraphRef graph,
                                 const sdk::Parameters& set,
                                 const std::vector<sdk::Parameter>& layers,
                                 const SensitivityOptions& options);

// GraSP, Wang et al. 2020, arXiv 2002.07376, equation 8, as the amount by which
// keeping a weight preserves gradient flow: w * Hg, where g is the gradient of
// the cross-entropy at logits / temperature and Hg its exact Hessian-vector
// product. (The paper removes the largest -w * Hg.)
sdk::StatusOr<Scores> GraspScores(sdk::Run& run, sdk::GraphRef graph,
                                  const sdk::Parameters& set,
                                  const std::vector<sdk::Parameter>& layers,
                                  const SensitivityOptions& options);

// SynFlow, Tanaka et al. 2020, arXiv 2006.05467, equation 3: |w * dR/dw| with R
// the sum of the logits for an input of ones, every parameter and running
// statistic replaced by its absolute value, in f64, batch norm in inference
// mode. Prepare once, score after each change of the masks.
class Synflow {
 public:
  // UNIMPLEMENTED in words where the network's input is not real-valued.
  static sdk::StatusOr<Synflow> Make(sdk::Run& run, sdk::GraphRef graph,
                                     const sdk::Parameters& set,
                                     const std::vector<sdk::Parameter>& layers);
  // Scores under `masks` (one per layer, 1 = alive); dead weights score 0.
  sdk::StatusOr<Scores> Score(const std::vector<std::vector<uint8_t>>& masks);

 private:
  sdk::Run* run_ = nullptr;
  std::vector<sdk::Parameter> layers_;
  std::vector<std::vector<float>> magnitudes_;  // |w| per layer
  sdk::Graph graph_;
  sdk::Parameters set_;
  sdk::Variables variables_;
  sdk::Program program_;
};

}  // namespace assay::magnitude

#endif  // ASSAY_PLUGINS_MAGNITUDE_SENSITIVITY_H_
