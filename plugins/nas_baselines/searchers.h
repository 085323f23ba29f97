// Searchers over an oracle, under one protocol: only canonical choices that
// were not seen before count, and the count has a hard end.
#ifndef ASSAY_PLUGINS_NAS_BASELINES_SEARCHERS_H_
#define ASSAY_PLUGINS_NAS_BASELINES_SEARCHERS_H_

#include <map>
#include <set>
#include <vector>

#include "harness/abi/sdk/status.h"
#include "harness/abi/search/genetic.h"
#include "plugins/nas_baselines/space.h"

namespace assay::nas_baselines {

// What is known of architectures. Choices that it is asked about are canonical.
class Oracle {
 public:
  virtual ~Oracle() = default;
  // In any unit; asked often.
  virtual sdk::StatusOr<double> Cost(const Choice& x) = 0;
  // Higher is better; asked once for each choice of a search.
  virtual sdk::StatusOr<double> Accuracy(const Choice& x) = 0;
};

struct Evaluated {
  Choice x;  // canonical
  double accuracy = 0;
  double cost = 0;
};

// The evaluations of one search: cache, counter and hard end. `space` and
// `oracle` outlive it.
class Evaluations {
 public:
  // At most `budget` evaluations (at least 1), none of which costs more than
  // `cost_limit`.
  Evaluations(const Space& space, Oracle& oracle, size_t budget,
              double cost_limit);

  const Space& space() const { return space_; }
  bool spent() const { return log_.size() >= budget_; }
  // In the order of evaluation.
  const std::vector<Evaluated>& log() const { return log_; }
  // The most accurate, the earliest of ties; nullptr before the first.
  const Evaluated* best() const;

  // Not seen yet and within the limit.
  sdk::StatusOr<bool> Allows(const Choice& canonical);
  // Evaluates and logs. RESOURCE_EXHAUSTED when the budget is spent,
  // FAILED_PRECONDITION for a choice that is not allowed.
  sdk::StatusOr<Evaluated> Evaluate(const Choice& canonical);

 private:
  sdk::StatusOr<double> Cost(const Choice& canonical);

  const Space& space_;
  Oracle& oracle_;
  size_t budget_;
  double cost_limit_;
  std::map<Choice, double> costs_;
  std::set<Choice> seen_;
  std::vector<Evaluated> log_;
};

// All end when the budget is spent, or earlier when 10 000 draws in a row gave
// nothing new within the limit: what is left of the space is then too small to
// be found by drawing. Errors are the oracle's.

// Uniform draws.
sdk::Status RandomSearch(const Below& below, Evaluations* evaluations);

struct AgingOptions {
  size_t population = 20;  // at least 1
  size_t sample = 5;       // at least 1
};

// Regularised evolution (Real et al. 2019): the best of `sample` members, drawn
// with replacement, has a child that differs in one variable; the oldest dies.
// The budget counts the initial population, too.
sdk::Status AgingEvolution(const AgingOptions& options, const Below& below,
                           Evaluations* evaluations);

// NSGA-II (Deb et al. 2002) over error and cost, both minimised: each
// generation asks as many children as there are members. The budget counts the
// initial population, too.
sdk::Status Nsga2(size_t population, const search::Source& source,
                  Evaluations* evaluations);

struct SposOptions {
  size_t population = 50;  // of each generation, at least 1
  size_t parents = 10;     // the most accurate so far, at least 1
  size_t mutants = 25;     // each gene drawn anew with probability 0.1
  size_t crossovers = 25;  // each gene from either of two parents
};

// The evolution of SPOS (Guo et al. 2020): mutants and crossovers of the best
// so far, then random ones until the generation is full.
sdk::Status SposEvolution(const SposOptions& options,
                          const search::Source& source,
                          Evaluations* evaluations);

}  // namespace assay::nas_baselines

#endif  // ASSAY_PLUGINS_NAS_BASELINES_SEARCHERS_H_
