// Genomes of integer genes and the operators that vary them. Deterministic in
// the draws; a Source is used by one thread at a time.
#ifndef ASSAY_HARNESS_ABI_SEARCH_GENETIC_H_
#define ASSAY_HARNESS_ABI_SEARCH_GENETIC_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <tuple>
#include <utility>
#include <vector>

namespace assay::search {

// Where chance comes from: a stream of the host, or a seeded engine in a test.
struct Source {
  std::function<uint64_t(uint64_t n)> below;  // uniform in [0, n), n > 0
  std::function<double()> uniform;            // uniform in [0, 1)
};

using Genome = std::vector<size_t>;  // gene i lies in [0, values[i])
using Values = std::vector<size_t>;  // how many values each gene has, >= 1

inline Genome DrawGenome(const Values& values, const Source& source) {
  Genome x;
  x.reserve(values.size());
  for (const size_t n : values) x.push_back(source.below(n));
  return x;
}

// Each gene from either parent with equal probability, with probability `pair`;
// else copies. The second child takes what the first did not.
inline std::pair<Genome, Genome> UniformCrossover(Genome a, Genome b,
                                                  double pair,
                                                  const Source& source) {
  if (source.uniform() < pair) {
    for (size_t i = 0; i < a.size(); ++i) {
      if (source.uniform() < 0.5) std::swap(a[i], b[i]);
    }
  }
  return {std::move(a), std::move(b)};
}

// Each gene is drawn anew, uniformly, with probability `gene`.
inline void ResetGenes(Genome* x, const Values& values, double gene,
                       const Source& source) {
  for (size_t i = 0; i < x->size(); ++i) {
    if (source.uniform() < gene) (*x)[i] = source.below(values[i]);
  }
}

// Simulated binary crossover of one gene within [low, high] by the draw
// r in [0, 1) (Deb and Agrawal 1995, with bounds). Parents closer than 1e-14
// are their own children. The smaller child comes first.
inline std::pair<double, double> SimulatedBinary(double a, double b, double low,
                                                 double high, double eta,
                                                 double r) {
  if (a > b) std::swap(a, b);
  if (b - a < 1e-14) return {a, b};
  const auto spread = [&](double room) {
    const double beta = 1 + 2 * room / (b - a);
    const double alpha = 2 - std::pow(beta, -(eta + 1));
    return r <= 1 / alpha ? std::pow(r * alpha, 1 / (eta + 1))
                          : std::pow(1 / (2 - r * alpha), 1 / (eta + 1));
  };
  return {0.5 * (a + b - spread(a - low) * (b - a)),
          0.5 * (a + b + spread(high - b) * (b - a))};
}

// Polynomial mutation of one gene within [low, high], low < high, by the draw
// r in [0, 1) (Deb and Goyal 1996, with bounds).
inline double Polynomial(double x, double low, double high, double eta,
                         double r) {
  const double range = high - low, power = 1 / (eta + 1);
  if (r <= 0.5) {
    const double left = 1 - (x - low) / range;
    return x + range * (std::pow(2 * r + (1 - 2 * r) * std::pow(left, eta + 1),
                                 power) -
                        1);
  }
  const double right = 1 - (high - x) / range;
  return x + range * (1 - std::pow(2 * (1 - r) +
                                       2 * (r - 0.5) * std::pow(right, eta + 1),
                                   power));
}

// How genomes are varied.
struct Variation {
  enum class Kind {
    kInteger,  // uniform crossover, random reset
    kSbxPm,    // simulated binary, polynomial; rounded and clamped
  };
  Kind kind = Kind::kInteger;
  double crossover = 0.9;  // probability that a pair is crossed
  // Probability that a child is mutated at all, and then each of its genes;
  // `gene` below 0 stands for 1 / genes.
  double individual = 1;
  double gene = -1;
  double crossover_eta = 15;
  double mutation_eta = 20;
};

namespace genetic_internal {

inline size_t Rounded(double x, size_t values) {
  const double last = static_cast<double>(values - 1);
  return static_cast<size_t>(std::clamp(std::nearbyint(x), 0.0, last));
}

inline void CrossSbx(Genome* a, Genome* b, const Values& values,
                     const Variation& v, const Source& source) {
  if (source.uniform() >= v.crossover) return;
  for (size_t i = 0; i < a->size(); ++i) {
    if (source.uniform() >= 0.5 || (*a)[i] == (*b)[i]) continue;
    auto [low, high] = SimulatedBinary(
        static_cast<double>((*a)[i]), static_cast<double>((*b)[i]), 0,
        static_cast<double>(values[i] - 1), v.crossover_eta, source.uniform());
    if (source.uniform() < 0.5) std::swap(low, high);
    (*a)[i] = Rounded(low, values[i]);
    (*b)[i] = Rounded(high, values[i]);
  }
}

inline void Mutate(Genome* x, const Values& values, const Variation& v,
                   const Source& source) {
  if (source.uniform() >= v.individual) return;
  const double gene =
      v.gene >= 0 ? v.gene
                  : 1 / static_cast<double>(std::max<size_t>(1, x->size()));
  if (v.kind == Variation::Kind::kInteger) {
    return ResetGenes(x, values, gene, source);
  }
  for (size_t i = 0; i < x->size(); ++i) {
    if (values[i] < 2 || source.uniform() >= gene) continue;
    (*x)[i] = Rounded(Polynomial(static_cast<double>((*x)[i]), 0,
                                 static_cast<double>(values[i] - 1),
                                 v.mutation_eta, source.uniform()),
                      values[i]);
  }
}

}  // namespace genetic_internal

// Two children of two parents: crossover, then mutation of each.
inline std::pair<Genome, Genome> Children(Genome a, Genome b,
                                          const Values& values,
                                          const Variation& variation,
                                          const Source& source) {
  if (variation.kind == Variation::Kind::kInteger) {
    std::tie(a, b) = UniformCrossover(std::move(a), std::move(b),
                                      variation.crossover, source);
  } else {
    genetic_internal::CrossSbx(&a, &b, values, variation, source);
  }
  genetic_internal::Mutate(&a, values, variation, source);
  genetic_internal::Mutate(&b, values, variation, source);
  return {std::move(a), std::move(b)};
}

}  // namespace assay::search

#endif  // ASSAY_HARNESS_ABI_SEARCH_GENETIC_H_
