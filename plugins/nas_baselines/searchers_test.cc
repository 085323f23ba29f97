#include "plugins/nas_baselines/searchers.h"

#include <algorithm>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace assay::nas_baselines {
namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();
constexpr size_t kVariables = 12, kValues = 3, kPoints = 531441;

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
  for (const bool evolve : {false, true}) {
    Evaluations evaluations(space, table, 150, 9);
    const Below below = Seeded(5);
    ASSERT_TRUE((evolve ? AgingEvolution({}, below, &evaluations)
                        : RandomSearch(below, &evaluations))
                    .ok());
    std::set<Choice> distinct;
    for (const Evaluated& e : evaluations.log()) {
      distinct.insert(e.x);
      EXPECT_LE(e.cost, 9);
    }
    EXPECT_EQ(distinct.size(), 150u);
  }
}

TEST(SearchersTest, EndWhenNothingIsLeft) {
  NkTable table(3);
  std::vector<Variable> variables = NkTable::MakeSpace().variables();
  for (size_t i = 3; i < variables.size(); ++i) variables[i].values = {0};
  const Space space(variables);  // 27 points, 4 of which cost at most 1
  Evaluations random(space, table, 100, 1);
  ASSERT_TRUE(RandomSearch(Seeded(6), &random).ok());
  EXPECT_EQ(random.log().size(), 4u);
  Evaluations evolution(space, table, 100, 1);
  ASSERT_TRUE(AgingEvolution({2, 1}, Seeded(6), &evolution).ok());
  EXPECT_GE(evolution.log().size(), 2u);
  EXPECT_LE(evolution.log().size(), 4u);
}

TEST(SearchersTest, SameSeedSameLog) {
  NkTable table(4);
  const Space space = NkTable::MakeSpace();
  std::vector<Choice> logs[2];
  for (auto& log : logs) {
    Evaluations evaluations(space, table, 60, kNoLimit);
    ASSERT_TRUE(AgingEvolution({}, Seeded(9), &evaluations).ok());
    for (const Evaluated& e : evaluations.log()) log.push_back(e.x);
  }
  EXPECT_EQ(logs[0], logs[1]);
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

}  // namespace
}  // namespace assay::nas_baselines
