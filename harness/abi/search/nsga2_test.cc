#include "harness/abi/search/nsga2.h"

#include <memory>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace assay::search {
namespace {

Source Seeded(uint32_t seed) {
  auto random = std::make_shared<std::mt19937>(seed);
  return {[random](uint64_t n) { return (*random)() % n; },
          [random] { return static_cast<double>((*random)()) / 4294967296.0; }};
}

Genome Same(Genome x) { return x; }
bool Any(const Genome&) { return true; }

TEST(Nsga2Test, FeasibleComesBeforeInfeasible) {
  const std::vector<Member> members = {{{0}, {1, 1}, 2},
                                       {{1}, {5, 5}, 0},
                                       {{2}, {9, 9}, 0},
                                       {{3}, {0, 0}, 1},
                                       {{4}, {0, 0}, 2}};
  EXPECT_EQ(ConstrainedRanks(members), (std::vector<size_t>{3, 0, 1, 2, 3}));
}

TEST(Nsga2Test, TheCutFrontLosesItsMostCrowded) {
  // One front; the third point stands closest between its neighbours.
  const std::vector<Member> members = {
      {{0}, {0, 10}}, {{1}, {4, 6}}, {{2}, {5, 5}}, {{3}, {10, 0}}};
  std::set<Genome> kept;
  for (const Member& m : Survivors(members, 3)) kept.insert(m.x);
  EXPECT_EQ(kept, (std::set<Genome>{{0}, {2}, {3}}));
  EXPECT_EQ(Survivors(members, 9).size(), 4u);
}

TEST(Nsga2Test, ATournamentPrefersTheLowerRank) {
  const Ranked ranked = Rank({{{0}, {0, 0}}, {{1}, {1, 1}}});
  const Source source = Seeded(1);
  int better = 0;
  for (int i = 0; i < 4000; ++i) better += Parent(ranked, source)[0] == 0;
  EXPECT_NEAR(better, 3000, 120);  // loses only when drawn by nobody
}

TEST(Nsga2Test, OffspringAreNewAndAllowed) {
  const Values values(6, 3);
  const Source source = Seeded(2);
  std::vector<Member> members;
  for (size_t i = 0; i < 8; ++i) {
    members.push_back({DrawGenome(values, source), {0, 0}});
  }
  const auto even = [](const Genome& x) { return x[0] != 1; };
  const std::vector<Genome> children =
      Offspring(members, 20, values, {}, source, Same, even);
  EXPECT_EQ(children.size(), 20u);
  std::set<Genome> distinct(children.begin(), children.end());
  EXPECT_EQ(distinct.size(), 20u);
  for (const Genome& x : children) EXPECT_NE(x[0], 1u);
  for (const Member& m : members) EXPECT_EQ(distinct.count(m.x), 0u);
}

TEST(Nsga2Test, OffspringEndWhereNothingIsNew) {
  const std::vector<Member> members = {{{0}, {0, 0}}, {{1}, {0, 0}}};
  EXPECT_TRUE(Offspring(members, 5, {2}, {}, Seeded(3), Same, Any).empty());
}

// Twelve genes of three values; one objective wants zeros, the other twos, and
// each pays for ones. The true front has as many zeros as it has not twos.
Point TwoSided(const Genome& x) {
  double zeros = 0, twos = 0;
  for (const size_t v : x) {
    zeros += v == 0;
    twos += v == 2;
  }
  return {12 - zeros, 12 - twos};
}

double Evolved(uint32_t seed, size_t budget) {
  const Values values(12, 3);
  const Source source = Seeded(seed);
  std::vector<Member> members;
  Points all;
  const auto measure = [&](Genome x) {
    members.push_back({x, TwoSided(x)});
    all.push_back(members.back().objectives);
  };
  while (members.size() < 20) measure(DrawGenome(values, source));
  while (all.size() < budget) {
    for (Genome& x : Offspring(members, 20, values, {}, source, Same, Any)) {
      measure(std::move(x));
    }
    members = Survivors(std::move(members), 20);
  }
  return Hypervolume(all, {13, 13});
}

double Drawn(uint32_t seed, size_t budget) {
  const Source source = Seeded(seed);
  Points all;
  while (all.size() < budget) {
    all.push_back(TwoSided(DrawGenome(Values(12, 3), source)));
  }
  return Hypervolume(all, {13, 13});
}

TEST(Nsga2Test, FindsMoreOfAFrontThanDrawing) {
  for (uint32_t seed = 0; seed < 10; ++seed) {
    EXPECT_GT(Evolved(seed, 400), Drawn(seed, 400)) << seed;
  }
  EXPECT_EQ(Evolved(5, 200), Evolved(5, 200));
}

}  // namespace
}  // namespace assay::search
