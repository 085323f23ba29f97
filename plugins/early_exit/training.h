// The training of exits, and what they then say about samples.
#ifndef ASSAY_PLUGINS_EARLY_EXIT_TRAINING_H_
#define ASSAY_PLUGINS_EARLY_EXIT_TRAINING_H_

#include "harness/abi/sdk.h"
#include "plugins/early_exit/network.h"
#include "plugins/early_exit/thresholds.h"

namespace assay::early_exit {

struct TrainingOptions {
  double epochs = 0;
  double learning_rate = 0;
};

// Head by head; the trunk stays as it is.
sdk::Status TrainHeads(sdk::Run& run, const TrainingOptions& options,
                       Network* network);
// Heads and trunk together: the sum of the losses of all exits and of the end.
sdk::Status TrainJointly(sdk::Run& run, const TrainingOptions& options,
                         Network* network);

// Of the validation split. A confidence is such that `asks` holds where it
// reaches the threshold, for kEntropy its negative.
sdk::StatusOr<Answers> AnswersOf(const sdk::Run& run, const Network& network,
                                 sdk::Asks asks);

}  // namespace assay::early_exit

#endif  // ASSAY_PLUGINS_EARLY_EXIT_TRAINING_H_
