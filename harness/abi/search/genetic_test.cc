#include "harness/abi/search/genetic.h"

#include <memory>
#include <random>
#include <utility>

#include "gtest/gtest.h"

namespace assay::search {
namespace {

Source Seeded(uint32_t seed) {
  auto random = std::make_shared<std::mt19937>(seed);
  return {[random](uint64_t n) { return (*random)() % n; },
          [random] { return static_cast<double>((*random)()) / 4294967296.0; }};
}

TEST(GeneticTest, SimulatedBinaryByHand) {
  const auto [low, high] = SimulatedBinary(1.5, 0.5, 0, 2, 15, 0.9);
  EXPECT_NEAR(low, 0.447091, 1e-6);
  EXPECT_NEAR(high, 1.552909, 1e-6);
}

TEST(GeneticTest, SimulatedBinaryStaysWithinBounds) {
  for (double r = 0; r < 1; r += 0.01) {
    const auto [low, high] = SimulatedBinary(0, 2, 0, 2, 15, r);
    EXPECT_GE(low, -1e-12);
    EXPECT_LE(high, 2 + 1e-12);
  }
  EXPECT_EQ(SimulatedBinary(1, 1, 0, 2, 15, 0.3), std::make_pair(1.0, 1.0));
}

TEST(GeneticTest, PolynomialByHand) {
  EXPECT_NEAR(Polynomial(1, 0, 2, 20, 0.3), 0.951937, 1e-6);
  EXPECT_NEAR(Polynomial(1, 0, 2, 20, 0.7), 2 - 0.951937, 1e-6);
  EXPECT_NEAR(Polynomial(0, 0, 2, 20, 0), 0, 1e-12);
}

TEST(GeneticTest, CrossoverKeepsEachGeneInThePair) {
  const Source source = Seeded(1);
  const auto [a, b] =
      UniformCrossover({0, 0, 0, 0, 0, 0}, {1, 1, 1, 1, 1, 1}, 1, source);
  for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i] + b[i], 1u);
  EXPECT_NE(a, (Genome{0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(UniformCrossover({0, 0}, {1, 1}, 0, source).first, (Genome{0, 0}));
}

// A gene with 4 values changes with probability 0.3 * 3/4.
TEST(GeneticTest, ResetHitsEachGeneAsOftenAsSaid) {
  const Source source = Seeded(2);
  int changed = 0;
  for (int i = 0; i < 10000; ++i) {
    Genome x = {0, 0};
    ResetGenes(&x, {4, 1}, 0.3, source);
    changed += x[0] != 0;
    EXPECT_EQ(x[1], 0u);
  }
  EXPECT_NEAR(changed, 2250, 150);
}

TEST(GeneticTest, ChildrenLieInTheSpace) {
  const Values values = {1, 2, 3, 7};
  for (const auto kind : {Variation::Kind::kInteger, Variation::Kind::kSbxPm}) {
    const Source source = Seeded(3);
    Variation variation;
    variation.kind = kind;
    bool varied = false;
    for (int i = 0; i < 500; ++i) {
      const Genome p = DrawGenome(values, source);
      const Genome q = DrawGenome(values, source);
      const auto [a, b] = Children(p, q, values, variation, source);
      for (size_t k = 0; k < values.size(); ++k) {
        EXPECT_LT(a[k], values[k]);
        EXPECT_LT(b[k], values[k]);
      }
      varied = varied || (a != p && a != q);
    }
    EXPECT_TRUE(varied);
  }
}

TEST(GeneticTest, WithoutCrossoverAndMutationChildrenAreTheParents) {
  Variation variation;
  variation.crossover = 0;
  variation.gene = 0;
  const auto [a, b] = Children({1, 2}, {3, 4}, {5, 5}, variation, Seeded(4));
  EXPECT_EQ(a, (Genome{1, 2}));
  EXPECT_EQ(b, (Genome{3, 4}));
}

}  // namespace
}  // namespace assay::search
