// The supernet: one set of parameters for all networks of a space, trained with
// the sandwich rule and in-place distillation (BigNAS, Yu et al. 2020).
#ifndef ASSAY_PLUGINS_NAS_BASELINES_SUPERNET_H_
#define ASSAY_PLUGINS_NAS_BASELINES_SUPERNET_H_

#include <string>
#include <vector>

#include "harness/abi/sdk.h"
#include "plugins/nas_baselines/architecture.h"
#include "plugins/nas_baselines/network.h"

namespace assay::nas_baselines {

struct SupernetOptions {
  int64_t steps = 1;             // at least 1
  int64_t passes = 4;            // networks in each step, at least 2
  double learning_rate = 0.1;    // peak
  double warmup = 0.05;          // fraction of the steps, linear
  double momentum = 0.9;         // Nesterov's
  double weight_decay = 1e-5;    // of convolution and linear weights
  double label_smoothing = 0.1;  // of the largest network
  double clip = 1.0;             // of each summed gradient's elements
};

// The rate of step 0, 1, ...: linear over the warm-up, then a half cosine to 0.
double LearningRate(const SupernetOptions& options, int64_t step);

// Each step, on one batch: the largest network learns from the labels, `passes`
// - 2 random ones and the smallest from its softmax, which is not
// differentiated; the gradients are summed; one optimiser step for all
// parameters. All of it stays on the device: gradients, momentum and teacher
// are variables that the programs share.
class Supernet {
 public:
  // Initial parameters from the stream "supernet"; the scale of each residual
  // block's batch norm is 0, so that a block begins as the identity. `run` and
  // `architectures` outlive it.
  static sdk::StatusOr<Supernet> Make(const sdk::Run& run,
                                      const Architectures& architectures);

  // CANCELLED when the host wishes to stop.
  sdk::Status Train(const SupernetOptions& options);

  sdk::StatusOr<Network> Extract(const Choice& x) const;
  sdk::ParametersRef parameters() const { return parameters_; }

 private:
  Supernet() = default;

  const sdk::Run* run_ = nullptr;
  const Architectures* architectures_ = nullptr;
  FullShapes shapes_;
  sdk::Parameters parameters_;
};

}  // namespace assay::nas_baselines

#endif  // ASSAY_PLUGINS_NAS_BASELINES_SUPERNET_H_
