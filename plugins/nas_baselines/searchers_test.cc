#include "plugins/nas_baselines/searchers.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "harness/abi/search/genetic.h"
#include "harness/abi/search/pareto.h"

namespace assay::nas_baselines {
namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();
constexpr size_t kVariables = 12, kValues = 3, kPoints = 531441;

// Both in [0, 1], minimised.
search::Point Objectives(double accuracy, double cost) {
  return {1 - accuracy, cost / (kVariables * (kValues - 1))};
}

// A landscape of the NK type: the mean over the variables of a random number
// that depends on the variable and its two neighbours. Cost: the sum of x.
class NkTable final : public Oracle {
 public:
  explicit NkTable(uint32_t seed) : table_(kVariables * 27) {
    std::mt19937 random(seed);
    for (double& t : table_) t = static_cast<double>(random()) / 4294967296.0;
    std::vector<double> all(kPoints);
    for (size_t i = 0; i < kPoints; ++i) all[i] = At(Point(i));
    std::sort(all.begin(), all.end());
    best_ = all.back();
    percentile99_ = all[kPoints * 99 / 100];
  }

  static Space MakeSpace() {
    std::vector<Variable> variables;
    for (size_t i = 0; i < kVariables; ++i) {
      variables.push_back({"x" + std::to_string(i), {0, 1, 2}});
    }
    return Space(variables);
  }

  sdk::StatusOr<double> Cost(const Choice& x) override {
    double sum = 0;
    for (size_t v : x) sum += static_cast<double>(v);
    return sum;
  }
  sdk::StatusOr<double> Accuracy(const Choice& x) override {
    ++asked;
    return At(x);
  }
  double best() const { return best_; }
  // The least error at each cost.
  search::Points Front() const {
    std::vector<double> best(kVariables * (kValues - 1) + 1, 0);
    for (size_t i = 0; i < kPoints; ++i) {
      const Choice x = Point(i);
      size_t cost = 0;
      for (const size_t v : x) cost += v;
      best[cost] = std::max(best[cost], At(x));
    }
    search::Points front;
    for (size_t cost = 0; cost < best.size(); ++cost) {
      front.push_back(Objectives(best[cost], static_cast<double>(cost)));
    }
    return front;
  }
  double percentile99() const { return percentile99_; }

  int asked = 0;

 private:
  static Choice Point(size_t number) {
    Choice x(kVariables);
    for (size_t& v : x) {
      v = number % kValues;
      number /= kValues;
    }
    return x;
  }
  double At(const Choice& x) const {
    double sum = 0;
    for (size_t i = 0; i < kVariables; ++i) {
      sum += table_[i * 27 + x[i] * 9 + x[(i + 1) % kVariables] * 3 +
                    x[(i + 2) % kVariables]];
    }
    return sum / kVariables;
  }

  std::vector<double> table_;
  double best_ = 0, percentile99_ = 0;
};

Below Seeded(uint32_t seed) {
  return [random = std::mt19937(seed)](uint64_t n) mutable {
    return random() % n;
  };
}

search::Source SeededSource(uint32_t seed) {
  auto random = std::make_shared<std::mt19937>(seed);
  return {[random](uint64_t n) { return (*random)() % n; },
          [random] { return static_cast<double>((*random)()) / 4294967296.0; }};
}

// Runs one of the four by its number.
sdk::Status RunSearcher(int searcher, size_t population, uint32_t seed,
                        Evaluations* evaluations) {
  const search::Source source = SeededSource(seed);
  switch (searcher) {
    case 0:
      return RandomSearch(source.below, evaluations);
    case 1:
      return AgingEvolution({population, 5}, source.below, evaluations);
    case 2:
      return Nsga2(population, source, evaluations);
    default:
      return SposEvolution(
          {population, population / 5 + 1, population / 2, population / 2},
          source, evaluations);
  }
}

// Evaluations until one reaches `goal`; those made where none does.
size_t FirstAtLeast(const std::vector<Evaluated>& log, double goal) {
  for (size_t i = 0; i < log.size(); ++i) {
    if (log[i].accuracy >= goal) return i + 1;
  }
  return log.size();
}

TEST(EvaluationsTest, CountsEachChoiceOnceAndEndsHard) {
  NkTable table(1);
  const Space space = NkTable::MakeSpace();
  Evaluations evaluations(space, table, 2, 5);
  Choice x(kVariables, 0);
  ASSERT_TRUE(evaluations.Evaluate(x).ok());
  EXPECT_EQ(evaluations.Evaluate(x).status().code(),
            sdk::Code::kFailedPrecondition);  // seen
  EXPECT_EQ(evaluations.Evaluate(Choice(kVariables, 1)).status().code(),
            sdk::Code::kFailedPrecondition);  // costs 12
  x[0] = 2;
  ASSERT_TRUE(evaluations.Evaluate(x).ok());
  EXPECT_TRUE(evaluations.spent());
  x[0] = 1;
  EXPECT_EQ(evaluations.Evaluate(x).status().code(),
            sdk::Code::kResourceExhausted);
  EXPECT_EQ(table.asked, 2);
}

TEST(SearchersTest, SpendTheBudgetOnDistinctChoicesWithinTheLimit) {
  NkTable table(2);
  const Space space = NkTable::MakeSpace();
  for (int searcher = 0; searcher < 4; ++searcher) {
    Evaluations evaluations(space, table, 150, 9);
    ASSERT_TRUE(RunSearcher(searcher, 20, 5, &evaluations).ok());
    std::set<Choice> distinct;
    for (const Evaluated& e : evaluations.log()) {
      distinct.insert(e.x);
      EXPECT_LE(e.cost, 9);
    }
    EXPECT_EQ(distinct.size(), 150u) << searcher;
  }
}

TEST(SearchersTest, EndWhenNothingIsLeft) {
  NkTable table(3);
  std::vector<Variable> variables = NkTable::MakeSpace().variables();
  for (size_t i = 3; i < variables.size(); ++i) variables[i].values = {0};
  const Space space(variables);  // 27 points, 4 of which cost at most 1
  for (int searcher = 0; searcher < 4; ++searcher) {
    Evaluations evaluations(space, table, 100, 1);
    ASSERT_TRUE(RunSearcher(searcher, 2, 6, &evaluations).ok());
    EXPECT_GE(evaluations.log().size(), 2u) << searcher;
    EXPECT_LE(evaluations.log().size(), 4u) << searcher;
  }
}

TEST(SearchersTest, SameSeedSameLog) {
  NkTable table(4);
  const Space space = NkTable::MakeSpace();
  for (int searcher = 0; searcher < 4; ++searcher) {
    std::vector<Choice> logs[2];
    for (auto& log : logs) {
      Evaluations evaluations(space, table, 60, kNoLimit);
      ASSERT_TRUE(RunSearcher(searcher, 10, 9, &evaluations).ok());
      for (const Evaluated& e : evaluations.log()) log.push_back(e.x);
    }
    EXPECT_EQ(logs[0], logs[1]) << searcher;
  }
}

TEST(SearchersTest, BestIsTheEarliestOfTheMostAccurate) {
  NkTable table(5);
  const Space space = NkTable::MakeSpace();
  Evaluations evaluations(space, table, 50, kNoLimit);
  EXPECT_EQ(evaluations.best(), nullptr);
  ASSERT_TRUE(RandomSearch(Seeded(1), &evaluations).ok());
  for (const Evaluated& e : evaluations.log()) {
    EXPECT_LE(e.accuracy, evaluations.best()->accuracy);
  }
}

// The claim of the protocol: the 99th percentile in at most 0.7 times the
// evaluations that random search needs; and closer to the known optimum.
TEST(SearchersTest, EvolutionNeedsFewerEvaluationsThanRandomSearch) {
  constexpr int kSeeds = 50;
  constexpr size_t kBudget = 500;
  const Space space = NkTable::MakeSpace();
  size_t needed_random = 0, needed_evolution = 0;
  double gap_random = 0, gap_evolution = 0;
  NkTable table(7);
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    Evaluations random(space, table, kBudget, kNoLimit);
    ASSERT_TRUE(RandomSearch(Seeded(seed), &random).ok());
    Evaluations evolution(space, table, kBudget, kNoLimit);
    ASSERT_TRUE(AgingEvolution({}, Seeded(seed), &evolution).ok());
    needed_random += FirstAtLeast(random.log(), table.percentile99());
    needed_evolution += FirstAtLeast(evolution.log(), table.percentile99());
    gap_random += table.best() - random.best()->accuracy;
    gap_evolution += table.best() - evolution.best()->accuracy;
  }
  EXPECT_LE(static_cast<double>(needed_evolution),
            0.7 * static_cast<double>(needed_random));
  EXPECT_LT(gap_evolution, 0.5 * gap_random);
  RecordProperty("random", std::to_string(needed_random / kSeeds));
  RecordProperty("evolution", std::to_string(needed_evolution / kSeeds));
}

// The second half of the claim: more of the front of error and cost than random
// search, after 250 evaluations. The reference front is known exactly.
TEST(SearchersTest, Nsga2FindsMoreOfTheFrontThanRandomSearch) {
  const Space space = NkTable::MakeSpace();
  NkTable table(11);
  const search::Point reference = {1.05, 1.05};
  const double whole = search::Hypervolume(table.Front(), reference);
  double random = 0, evolved = 0;
  for (uint32_t seed = 0; seed < 10; ++seed) {
    for (const int searcher : {0, 2}) {
      Evaluations evaluations(space, table, 250, kNoLimit);
      ASSERT_TRUE(RunSearcher(searcher, 50, seed, &evaluations).ok());
      search::Points points;
      for (const Evaluated& e : evaluations.log()) {
        points.push_back(Objectives(e.accuracy, e.cost));
      }
      (searcher == 0 ? random : evolved) +=
          search::Hypervolume(points, reference) / whole / 10;
    }
  }
  EXPECT_GT(evolved, random);
  EXPECT_LE(evolved, 1);
  RecordProperty("random", std::to_string(random));
  RecordProperty("nsga2", std::to_string(evolved));
}

TEST(SearchersTest, SposNeedsFewerEvaluationsThanRandomSearch) {
  const Space space = NkTable::MakeSpace();
  NkTable table(7);
  size_t needed[2] = {0, 0};
  for (uint32_t seed = 0; seed < 30; ++seed) {
    for (const int searcher : {0, 3}) {
      Evaluations evaluations(space, table, 500, kNoLimit);
      ASSERT_TRUE(RunSearcher(searcher, 50, seed, &evaluations).ok());
      needed[searcher == 3] +=
          FirstAtLeast(evaluations.log(), table.percentile99());
    }
  }
  EXPECT_LT(needed[1], needed[0]);
}

}  // namespace
}  // namespace assay::nas_baselines
