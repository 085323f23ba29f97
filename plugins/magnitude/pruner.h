// One network under masks: scoring, allocation and removal in one place.
#ifndef ASSAY_PLUGINS_MAGNITUDE_PRUNER_H_
#define ASSAY_PLUGINS_MAGNITUDE_PRUNER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "harness/abi/sdk.h"
#include "plugins/magnitude/allocation.h"
#include "plugins/magnitude/sensitivity.h"

namespace assay::magnitude {

struct PrunerOptions {
  std::string score;       // mag, random, snip, grasp, synflow
  std::string allocation;  // global, lamp, uniform, uniform_plus, er, erk
  std::string control;     // none, invert, shuffle, reinit
  bool prune_embeddings = false;
  int64_t synflow_rounds = 100;
  SensitivityOptions sensitivity;
};

class Pruner {
 public:
  static sdk::StatusOr<Pruner> Make(sdk::Run& run, PrunerOptions options);

  // Removes weights of `set` until the fraction `sparsity` of all prunable
  // weights is gone; what is gone stays gone. The masks follow, `set` does not
  // change.
  sdk::Status PruneTo(double sparsity, const sdk::Parameters& set);

  // The same by the weights' magnitude alone, from values at hand (one per
  // layer, in the order of layers()): for hooks.
  sdk::Status PruneValuesTo(double sparsity,
                            const std::vector<sdk::Span<const float>>& weights);

  // Permutes each mask at random (the control `shuffle`).
  sdk::Status Shuffle();

  sdk::StatusOr<sdk::Parameters> MaskSet() const;
  double sparsity() const;
  const std::vector<sdk::Parameter>& layers() const { return layers_; }
  const std::vector<std::vector<uint8_t>>& masks() const { return masks_; }
  // "density/<parameter>" of every layer, into the report.
  void Report(int64_t step) const;

 private:
  sdk::Status PruneBySynflow(double sparsity, const sdk::Parameters& set);
  sdk::StatusOr<Scores> ScoresOf(const sdk::Parameters& set);
  // Applies the allocation rule to given scores.
  sdk::Status Remove(double sparsity, Scores scores);
  std::vector<LayerSize> Sizes() const;

  sdk::Run* run_ = nullptr;
  PrunerOptions options_;
  std::vector<sdk::Parameter> layers_;
  std::vector<std::vector<uint8_t>> masks_;
};

}  // namespace assay::magnitude

#endif  // ASSAY_PLUGINS_MAGNITUDE_PRUNER_H_
