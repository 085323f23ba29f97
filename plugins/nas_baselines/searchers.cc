#include "plugins/nas_baselines/searchers.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "harness/abi/search/nsga2.h"

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

// Evaluates random choices until there are `n` members, the budget is spent or
// nothing is left; false in the last two cases.
sdk::StatusOr<bool> FillRandomly(size_t n, const Below& below,
                                 std::vector<search::Member>* members,
                                 Evaluations& evaluations) {
  while (members->size() < n) {
    if (evaluations.spent()) return false;
    ASSAY_ASSIGN_OR_RETURN(const std::optional<Choice> x,
                           DrawAllowed(below, evaluations));
    if (!x) return false;
    ASSAY_ASSIGN_OR_RETURN(const Evaluated e, evaluations.Evaluate(*x));
    members->push_back({e.x, {1 - e.accuracy, e.cost}});
  }
  return true;
}

search::Values ValuesOf(const Space& space) {
  search::Values values;
  for (const Variable& v : space.variables()) values.push_back(v.values.size());
  return values;
}

constexpr int kTries = 10;  // for each child of SPOS

// Adds up to `n` allowed children to `chosen`.
sdk::Status Breed(size_t n, const std::function<Choice()>& child,
                  Evaluations& evaluations, std::set<Choice>* chosen) {
  for (size_t tries = n * kTries; n > 0 && tries > 0; --tries) {
    Choice x = evaluations.space().Canonical(child());
    ASSAY_ASSIGN_OR_RETURN(const bool allowed, evaluations.Allows(x));
    if (allowed && chosen->insert(std::move(x)).second) --n;
  }
  return sdk::OkStatus();
}

// The most accurate of the log, the earlier of ties first.
std::vector<Choice> Best(const std::vector<Evaluated>& log, size_t n) {
  std::vector<const Evaluated*> order;
  for (const Evaluated& e : log) order.push_back(&e);
  std::stable_sort(order.begin(), order.end(),
                   [](const Evaluated* a, const Evaluated* b) {
                     return a->accuracy > b->accuracy;
                   });
  std::vector<Choice> best;
  for (size_t i = 0; i < std::min(n, order.size()); ++i) {
    best.push_back(order[i]->x);
  }
  return best;
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

sdk::Status Nsga2(size_t population, const search::Source& source,
                  Evaluations* evaluations) {
  const Space& space = evaluations->space();
  const search::Values values = ValuesOf(space);
  sdk::Status error;
  const auto canonical = [&](Choice x) {
    return space.Canonical(std::move(x));
  };
  const auto allowed = [&](const Choice& x) {
    const sdk::StatusOr<bool> allows = evaluations->Allows(x);
    if (!allows.ok()) error = allows.status();
    return allows.ok() && *allows;
  };
  std::vector<search::Member> members;
  ASSAY_ASSIGN_OR_RETURN(const bool full, FillRandomly(population, source.below,
                                                       &members, *evaluations));
  if (!full) return sdk::OkStatus();
  while (!evaluations->spent()) {
    const std::vector<Choice> children = search::Offspring(
        members, population, values, {}, source, canonical, allowed);
    ASSAY_RETURN_IF_ERROR(error);
    if (children.empty()) break;
    for (const Choice& x : children) {
      if (evaluations->spent()) return sdk::OkStatus();
      ASSAY_ASSIGN_OR_RETURN(const Evaluated e, evaluations->Evaluate(x));
      members.push_back({e.x, {1 - e.accuracy, e.cost}});
    }
    members = search::Survivors(std::move(members), population);
  }
  return sdk::OkStatus();
}

sdk::Status SposEvolution(const SposOptions& options,
                          const search::Source& source,
                          Evaluations* evaluations) {
  const Space& space = evaluations->space();
  const search::Values values = ValuesOf(space);
  std::vector<search::Member> first;
  ASSAY_ASSIGN_OR_RETURN(
      bool more,
      FillRandomly(options.population, source.below, &first, *evaluations));
  while (more && !evaluations->spent()) {
    const std::vector<Choice> parents =
        Best(evaluations->log(), options.parents);
    const auto parent = [&] { return parents[source.below(parents.size())]; };
    std::set<Choice> chosen;
    ASSAY_RETURN_IF_ERROR(Breed(
        options.mutants,
        [&] {
          Choice x = parent();
          search::ResetGenes(&x, values, 0.1, source);
          return x;
        },
        *evaluations, &chosen));
    ASSAY_RETURN_IF_ERROR(Breed(
        options.crossovers,
        [&] {
          return search::UniformCrossover(parent(), parent(), 1, source).first;
        },
        *evaluations, &chosen));
    for (const Choice& x : chosen) {
      if (evaluations->spent()) return sdk::OkStatus();
      ASSAY_RETURN_IF_ERROR(evaluations->Evaluate(x).status());
    }
    const size_t rest =
        options.population - std::min(options.population, chosen.size());
    std::vector<search::Member> random;
    ASSAY_ASSIGN_OR_RETURN(
        const bool filled,
        FillRandomly(rest, source.below, &random, *evaluations));
    more = filled && (rest > 0 || !chosen.empty());
  }
  return sdk::OkStatus();
}

}  // namespace assay::nas_baselines
