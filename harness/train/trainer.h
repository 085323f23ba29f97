// A network under training: its programs, parameters and optimiser state on one
// device.
#ifndef ASSAY_HARNESS_TRAIN_TRAINER_H_
#define ASSAY_HARNESS_TRAIN_TRAINER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/backend/device.h"
#include "harness/backend/session.h"
#include "harness/core/tensor.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"
#include "harness/train/batch.h"
#include "harness/train/checkpoint.h"
#include "harness/train/step.h"

namespace assay {

// Either Step() runs the whole step as one program, or Backward(),
// BackwardAdd() and Apply() run it in parts between which gradients can be read
// and changed. Programs are compiled when first used. Not thread-safe.
class Trainer {
 public:
  // `network`: inference form with the output "logits", at the batch size of
  // the batches to come. `parameters` must hold all of its parameters. The
  // optimiser's state starts at 0, masks at 1, the step count at 0.
  static absl::StatusOr<std::unique_ptr<Trainer>> Make(
      Device* device, Graph network, StepOptions options,
      const ParameterStore& parameters);
  ~Trainer();

  // Trains on one batch and counts one step; returns the loss.
  absl::StatusOr<double> Step(const Feeds& feeds, double learning_rate);

  // Gradients := those of this batch (or += those). Running statistics move,
  // nothing else; no step is counted. Returns the loss.
  absl::StatusOr<double> Backward(const Feeds& feeds);
  absl::StatusOr<double> BackwardAdd(const Feeds& feeds);
  // The same for another network over the same parameters (a sub-network), with
  // its own loss; parameters that it does not reach keep their gradient.
  absl::StatusOr<double> BackwardAdd(const Graph& network,
                                     const LossOptions& loss,
                                     const Feeds& feeds);
  // Zeroes the gradients.
  absl::Status ClearGradients();
  // Steps the optimiser on the gradients and counts one step.
  absl::Status Apply(double learning_rate);
  // Counts a step that somebody else's optimiser made.
  void CountStep() { ++step_; }

  // As of the last Backward. NOT_FOUND: no stepped parameter of that name, or
  // no Backward yet.
  absl::StatusOr<Tensor> Gradient(absl::string_view parameter) const;
  absl::Status SetGradient(absl::string_view parameter, const Tensor& value);

  absl::StatusOr<Tensor> Get(absl::string_view parameter) const;
  absl::Status Set(absl::string_view parameter, const Tensor& value);
  // The network's parameters, copied to the host.
  absl::StatusOr<ParameterStore> Parameters() const;

  // 0/1 per element of one parameter, from now on; parameter and momentum are
  // multiplied at once. INVALID_ARGUMENT: no trainable parameter, another type,
  // or an element that is neither 0 nor 1.
  absl::Status SetMask(absl::string_view parameter, const Tensor& mask);
  // New rules, loss or optimiser in mid-run; state that stays in use is kept.
  absl::Status Reconfigure(StepOptions options);

  // Everything that a later step depends on: parameters, statistics, optimiser
  // state, masks, step count. Restore needs the same network and optimiser; a
  // mask in the checkpoint masks from then on, and the other way round.
  absl::StatusOr<Checkpoint> SaveState() const;
  absl::Status RestoreState(const Checkpoint& checkpoint);

  int64_t step() const { return step_; }  // steps done
  const Graph& network() const { return network_; }
  const StepOptions& options() const { return options_; }
  const std::vector<std::string>& stepped() const { return stepped_; }
  Device* device() const { return device_; }
  DeviceParameters* device_parameters() { return &parameters_; }

 private:
  struct Programs;

  Trainer(Device* device, Graph network, StepOptions options);
  // Reads the rules, adds missing state, forgets programs.
  absl::Status Configure();
  absl::Status AddMissing(const std::string& name, const TensorType& type,
                          float value);
  absl::StatusOr<Session*> Compile(std::unique_ptr<Session>* slot,
                                   absl::StatusOr<Graph> graph);
  absl::StatusOr<double> Run(Session& session, const Feeds& feeds,
                             double learning_rate);
  absl::StatusOr<double> RunBackward(bool accumulate, const Feeds& feeds);
  absl::Status AddGradientBuffers();
  absl::Status ApplyMaskTo(const std::string& name, const Tensor& mask);

  Device* device_;
  Graph network_;
  StepOptions options_;
  DeviceParameters parameters_;
  std::vector<std::string> stepped_;
  int64_t step_ = 0;
  std::unique_ptr<Programs> programs_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_TRAIN_TRAINER_H_
