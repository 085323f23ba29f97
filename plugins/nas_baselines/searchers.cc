#include "plugins/nas_baselines/searchers.h"

#include <deque>
#include <optional>
#include <string>
#include <utility>

namespace assay::nas_baselines {
namespace {

constexpr int kDraws = 10000;    // until the space counts as exhausted
constexpr int kMutations = 100;  // of one parent, until another is chosen

// A uniform draw that is allowed; nothing when there seems to be none left.
sdk::StatusOr<std::optional<Choice>> DrawAllowed(const Below& below,
                                                 Evaluations& evaluations) {
  for (int i = 0; i < kDraws; ++i) {
    const Space& space = evaluations.space();
    Choice x = space.Canonical(space.Draw(below));
    ASSAY_ASSIGN_OR_RETURN(const bool allowed, evaluations.Allows(x));
    if (allowed) return std::optional<Choice>(std::move(x));
  }
  return std::optional<Choice>();
}

using Population = std::deque<Evaluated>;

const Evaluated& Tournament(const Population& population, size_t sample,
                            const Below& below) {
  const Evaluated* best = nullptr;
  for (size_t i = 0; i < sample; ++i) {
    const Evaluated& member = population[below(population.size())];
    if (best == nullptr || member.accuracy > best->accuracy) best = &member;
  }
  return *best;
}

// An allowed child of a member; nothing when there seems to be none.
sdk::StatusOr<std::optional<Choice>> Child(const Population& population,
                                           size_t sample, const Below& below,
                                           Evaluations& evaluations) {
  const Space& space = evaluations.space();
  for (int i = 0; i < kDraws / kMutations; ++i) {
    const Choice& parent = Tournament(population, sample, below).x;
    for (int k = 0; k < kMutations; ++k) {
      Choice x = space.Canonical(space.Mutate(parent, below));
      ASSAY_ASSIGN_OR_RETURN(const bool allowed, evaluations.Allows(x));
      if (allowed) return std::optional<Choice>(std::move(x));
    }
  }
  return std::optional<Choice>();
}

}  // namespace

Evaluations::Evaluations(const Space& space, Oracle& oracle, size_t budget,
                         double cost_limit)
    : space_(space),
      oracle_(oracle),
      budget_(budget),
      cost_limit_(cost_limit) {}

const Evaluated* Evaluations::best() const {
  const Evaluated* best = nullptr;
  for (const Evaluated& e : log_) {
    if (best == nullptr || e.accuracy > best->accuracy) best = &e;
  }
  return best;
}

sdk::StatusOr<double> Evaluations::Cost(const Choice& canonical) {
  const auto it = costs_.find(canonical);
  if (it != costs_.end()) return it->second;
  ASSAY_ASSIGN_OR_RETURN(const double cost, oracle_.Cost(canonical));
  costs_[canonical] = cost;
  return cost;
}

sdk::StatusOr<bool> Evaluations::Allows(const Choice& canonical) {
  if (seen_.count(canonical) > 0) return false;
  ASSAY_ASSIGN_OR_RETURN(const double cost, Cost(canonical));
  return cost <= cost_limit_;
}

sdk::StatusOr<Evaluated> Evaluations::Evaluate(const Choice& canonical) {
  if (spent()) {
    return sdk::Status(sdk::Code::kResourceExhausted,
                       "all " + std::to_string(budget_) +
                           " evaluations of the search are spent");
  }
  ASSAY_ASSIGN_OR_RETURN(const bool allowed, Allows(canonical));
  if (!allowed) {
    return sdk::FailedPrecondition("evaluated before or over the limit: " +
                                   space_.Key(canonical));
  }
  Evaluated e{canonical, 0, costs_[canonical]};
  ASSAY_ASSIGN_OR_RETURN(e.accuracy, oracle_.Accuracy(canonical));
  seen_.insert(canonical);
  log_.push_back(e);
  return e;
}

sdk::Status RandomSearch(const Below& below, Evaluations* evaluations) {
  while (!evaluations->spent()) {
    ASSAY_ASSIGN_OR_RETURN(const std::optional<Choice> x,
                           DrawAllowed(below, *evaluations));
    if (!x) break;
    ASSAY_RETURN_IF_ERROR(evaluations->Evaluate(*x).status());
  }
  return sdk::OkStatus();
}

sdk::Status AgingEvolution(const AgingOptions& options, const Below& below,
                           Evaluations* evaluations) {
  Population population;
  while (!evaluations->spent()) {
    const bool young = population.size() < options.population;
    ASSAY_ASSIGN_OR_RETURN(
        const std::optional<Choice> x,
        young ? DrawAllowed(below, *evaluations)
              : Child(population, options.sample, below, *evaluations));
    if (!x) break;
    ASSAY_ASSIGN_OR_RETURN(Evaluated e, evaluations->Evaluate(*x));
    population.push_back(std::move(e));
    if (!young) population.pop_front();
  }
  return sdk::OkStatus();
}

}  // namespace assay::nas_baselines
