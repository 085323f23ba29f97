#include "harness/report/statistics/rank_tests.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>

#include "harness/abi/search/rank.h"
#include "harness/report/statistics/distributions.h"

namespace assay {
namespace {

constexpr size_t kExactMannWhitney = 40;
constexpr size_t kExactWilcoxon = 60;

// Sum of t^3 - t over groups of t equal values.
double TieTerm(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  double sum = 0.0;
  for (size_t begin = 0; begin < values.size();) {
    size_t end = begin + 1;
    while (end < values.size() && values[end] == values[begin]) ++end;
    const double t = static_cast<double>(end - begin);
    sum += t * t * t - t;
    begin = end;
  }
  return sum;
}

// Ranks are halves, so twice a rank is whole and sums can be counted.
std::vector<size_t> DoubledRanks(absl::Span<const double> values) {
  std::vector<size_t> doubled;
  for (double rank : MidRanks(values)) {
    doubled.push_back(static_cast<size_t>(std::lround(2.0 * rank)));
  }
  return doubled;
}

// Smaller tail of `observed` in `ways` (counts per sum), doubled.
double TwoSided(const std::vector<double>& ways, size_t observed) {
  double below = 0.0, above = 0.0, all = 0.0;
  for (size_t sum = 0; sum < ways.size(); ++sum) {
    all += ways[sum];
    if (sum <= observed) below += ways[sum];
    if (sum >= observed) above += ways[sum];
  }
  return std::min(1.0, 2.0 * std::min(below, above) / all);
}

// ways[s]: subsets of `size` of these ranks with the sum s.
std::vector<double> SubsetSums(const std::vector<size_t>& ranks, size_t size) {
  const size_t total = std::accumulate(ranks.begin(), ranks.end(), size_t{0});
  std::vector<std::vector<double>> ways(size + 1,
                                        std::vector<double>(total + 1));
  ways[0][0] = 1.0;
  for (size_t rank : ranks) {
    for (size_t k = size; k >= 1; --k) {
      for (size_t sum = total; sum >= rank; --sum) {
        ways[k][sum] += ways[k - 1][sum - rank];
      }
    }
  }
  return ways[size];
}

// ways[s]: subsets of any size of these ranks with the sum s.
std::vector<double> AnySubsetSums(const std::vector<size_t>& ranks) {
  const size_t total = std::accumulate(ranks.begin(), ranks.end(), size_t{0});
  std::vector<double> ways(total + 1);
  ways[0] = 1.0;
  for (size_t rank : ranks) {
    for (size_t sum = total; sum >= rank; --sum) ways[sum] += ways[sum - rank];
  }
  return ways;
}

// With continuity: half a step toward the mean.
double NormalP(double value, double mean, double variance) {
  if (!(variance > 0.0)) return 1.0;
  const double distance = std::max(0.0, std::abs(value - mean) - 0.5);
  return NormalTwoSided(distance / std::sqrt(variance));
}

}  // namespace

std::vector<double> MidRanks(absl::Span<const double> values) {
  return search::MidRanks({values.begin(), values.end()});
}

RankTest MannWhitney(absl::Span<const double> first,
                     absl::Span<const double> second) {
  RankTest result;
  if (first.empty() || second.empty()) return result;
  std::vector<double> all(first.begin(), first.end());
  all.insert(all.end(), second.begin(), second.end());
  const double m = static_cast<double>(first.size());
  const double n = static_cast<double>(second.size());
  const std::vector<double> ranks = MidRanks(all);
  double sum = 0.0;
  for (size_t i = 0; i < first.size(); ++i) sum += ranks[i];
  result.statistic = sum - m * (m + 1) / 2;
  if (all.size() <= kExactMannWhitney) {
    result.exact = true;
    result.p_value = TwoSided(SubsetSums(DoubledRanks(all), first.size()),
                              static_cast<size_t>(std::lround(2.0 * sum)));
    return result;
  }
  const double total = m + n;
  const double variance =
      m * n / 12.0 * (total + 1 - TieTerm(all) / (total * (total - 1)));
  result.p_value = NormalP(result.statistic, m * n / 2, variance);
  return result;
}

RankTest WilcoxonSignedRank(absl::Span<const double> differences) {
  RankTest result;
  std::vector<double> sizes;
  std::vector<bool> positive;
  for (double d : differences) {
    if (d == 0.0) continue;
    sizes.push_back(std::abs(d));
    positive.push_back(d > 0.0);
  }
  if (sizes.empty()) return result;
  const std::vector<double> ranks = MidRanks(sizes);
  for (size_t i = 0; i < ranks.size(); ++i) {
    if (positive[i]) result.statistic += ranks[i];
  }
  if (sizes.size() <= kExactWilcoxon) {
    result.exact = true;
    result.p_value =
        TwoSided(AnySubsetSums(DoubledRanks(sizes)),
                 static_cast<size_t>(std::lround(2.0 * result.statistic)));
    return result;
  }
  const double n = static_cast<double>(sizes.size());
  const double variance =
      n * (n + 1) * (2 * n + 1) / 24.0 - TieTerm(sizes) / 48.0;
  result.p_value = NormalP(result.statistic, n * (n + 1) / 4, variance);
  return result;
}

Kendall KendallTauB(absl::Span<const double> x, absl::Span<const double> y) {
  assert(x.size() == y.size());
  const search::Kendall found =
      search::KendallOf({x.begin(), x.end()}, {y.begin(), y.end()});
  Kendall result;
  if (std::isnan(found.tau)) return result;
  result.tau = found.tau;
  if (found.variance > 0.0) {
    result.p_value = NormalTwoSided(found.score / std::sqrt(found.variance));
  }
  return result;
}

}  // namespace assay
