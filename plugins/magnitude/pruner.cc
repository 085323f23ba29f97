#include "plugins/magnitude/pruner.h"

#include <cmath>
#include <utility>

#include "plugins/magnitude/scores.h"
#include "plugins/magnitude/selection.h"

namespace assay::magnitude {
namespace {

bool IsPrunable(const sdk::Parameter& p, bool embeddings) {
  return p.IsWeight() || (embeddings && p.role == sdk::Role::kEmbedding);
}

}  // namespace

sdk::StatusOr<Pruner> Pruner::Make(sdk::Run& run, PrunerOptions options) {
  Pruner pruner;
  pruner.run_ = &run;
  pruner.options_ = std::move(options);
  for (sdk::Parameter& p : run.graph().parameters()) {
    if (!IsPrunable(p, pruner.options_.prune_embeddings)) continue;
    pruner.masks_.emplace_back(static_cast<size_t>(p.elements), uint8_t{1});
    pruner.layers_.push_back(std::move(p));
  }
  if (pruner.layers_.empty()) {
    return sdk::FailedPrecondition(
        "the network has no convolution or linear weights to prune");
  }
  return pruner;
}

sdk::Status Pruner::PruneTo(double sparsity, const sdk::Parameters& set) {
  if (options_.score == "synflow") return PruneBySynflow(sparsity, set);
  ASSAY_ASSIGN_OR_RETURN(Scores scores, ScoresOf(set));
  return Remove(sparsity, std::move(scores));
}

sdk::Status Pruner::PruneValuesTo(
    double sparsity, const std::vector<sdk::Span<const float>>& weights) {
  Scores scores;
  for (size_t l = 0; l < layers_.size(); ++l) {
    scores.push_back(options_.allocation == "lamp"
                         ? LampScores(weights[l], masks_[l])
                         : MagnitudeScores(weights[l]));
  }
  return Remove(sparsity, std::move(scores));
}

// Equation 6 of the paper: after round t the density is rho^(t / rounds).
sdk::Status Pruner::PruneBySynflow(double sparsity,
                                   const sdk::Parameters& set) {
  ASSAY_ASSIGN_OR_RETURN(Synflow flow,
                         Synflow::Make(*run_, run_->graph(), set, layers_));
  const int64_t rounds = options_.synflow_rounds;
  const double start = this->sparsity();
  for (int64_t t = 1; t <= rounds; ++t) {
    if (run_->stop_wanted()) return sdk::Cancelled();
    run_->Progress("synflow", t - 1, rounds);
    ASSAY_ASSIGN_OR_RETURN(Scores scores, flow.Score(masks_));
    const double exponent =
        static_cast<double>(t) / static_cast<double>(rounds);
    const double target =
        t == rounds ? sparsity : 1 - std::pow(1 - sparsity, exponent);
    if (target <= start) continue;
    ASSAY_RETURN_IF_ERROR(Remove(target, std::move(scores)));
  }
  return sdk::OkStatus();
}

sdk::StatusOr<Scores> Pruner::ScoresOf(const sdk::Parameters& set) {
  if (options_.score == "snip") {
    return SnipScores(*run_, run_->graph(), set, layers_, options_.sensitivity);
  }
  if (options_.score == "grasp") {
    return GraspScores(*run_, run_->graph(), set, layers_,
                       options_.sensitivity);
  }
  Scores scores;
  if (options_.score == "random") {
    ASSAY_ASSIGN_OR_RETURN(sdk::Random random, run_->Random("mask"));
    for (const auto& mask : masks_) {
      std::vector<float> noise(mask.size());
      random.FillNormal(noise, 0, 1);
      scores.emplace_back(noise.begin(), noise.end());
    }
    return scores;
  }
  for (size_t l = 0; l < layers_.size(); ++l) {
    ASSAY_ASSIGN_OR_RETURN(auto weights, set.Floats(layers_[l].name));
    scores.push_back(options_.allocation == "lamp"
                         ? LampScores(weights.span(), masks_[l])
                         : MagnitudeScores(weights.span()));
  }
  return scores;
}

sdk::Status Pruner::Remove(double sparsity, Scores scores) {
  if (options_.control == "invert") {
    for (auto& layer : scores) {
      for (double& s : layer) s = -s;
    }
  }
  const std::vector<LayerSize> sizes = Sizes();
  const bool one_ranking =
      options_.allocation == "global" || options_.allocation == "lamp";
  if (one_ranking) {
    ASSAY_ASSIGN_OR_RETURN(const int64_t count, RemovalInAll(sizes, sparsity));
    std::vector<MaskedScores> all;
    for (size_t l = 0; l < scores.size(); ++l) {
      all.push_back({scores[l], masks_[l]});
    }
    return DropLowest(all, count);
  }
  ASSAY_ASSIGN_OR_RETURN(std::vector<int64_t> counts,
                         RemovalPerLayer(options_.allocation, sizes, sparsity));
  for (size_t l = 0; l < scores.size(); ++l) {
    ASSAY_RETURN_IF_ERROR(DropLowest({{scores[l], masks_[l]}}, counts[l]));
  }
  return sdk::OkStatus();
}

sdk::Status Pruner::Shuffle() {
  ASSAY_ASSIGN_OR_RETURN(sdk::Random random, run_->Random("shuffle"));
  for (auto& mask : masks_) {
    const std::vector<int64_t> order = random.Permutation(mask.size());
    std::vector<uint8_t> shuffled;
    for (int64_t i : order) shuffled.push_back(mask[static_cast<size_t>(i)]);
    mask = std::move(shuffled);
  }
  return sdk::OkStatus();
}

sdk::StatusOr<sdk::Parameters> Pruner::MaskSet() const {
  ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run_->NewParameters());
  for (size_t l = 0; l < layers_.size(); ++l) {
    ASSAY_RETURN_IF_ERROR(
        set.SetMask(layers_[l].name, layers_[l].shape, masks_[l]));
  }
  return set;
}

std::vector<LayerSize> Pruner::Sizes() const {
  std::vector<LayerSize> sizes;
  for (size_t l = 0; l < layers_.size(); ++l) {
    sizes.push_back(
        {layers_[l].shape, layers_[l].elements, CountAlive(masks_[l])});
  }
  return sizes;
}

double Pruner::sparsity() const {
  int64_t total = 0, alive = 0;
  for (const LayerSize& l : Sizes()) {
    total += l.total;
    alive += l.alive;
  }
  return 1 - static_cast<double>(alive) / static_cast<double>(total);
}

void Pruner::Report(int64_t step) const {
  for (size_t l = 0; l < layers_.size(); ++l) {
    run_->Metric("density/" + layers_[l].name, step,
                 static_cast<double>(CountAlive(masks_[l])) /
                     static_cast<double>(layers_[l].elements));
  }
}

}  // namespace assay::magnitude
