#include "harness/report/statistics/rank_tests.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "harness/report/statistics/distributions.h"

namespace assay {
namespace {

constexpr size_t kExactMannWhitney = 40;
constexpr size_t kExactWilcoxon = 60;

std::vector<size_t> Order(absl::Span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return values[a] < values[b]; });
  return order;
}

// Calls visit(first, end) for each run of equal values in sorted order.
template <typename Equal, typename Visit>
void ForEachRun(size_t n, const Equal& equal, const Visit& visit) {
  for (size_t begin = 0; begin < n;) {
    size_t end = begin + 1;
    while (end < n && equal(begin, end)) ++end;
    visit(begin, end);
    begin = end;
  }
}

double Cube(double t) { return t * t * t; }

// Sum of t^3 - t over groups of t equal values.
double TieTerm(absl::Span<const double> values) {
  const std::vector<size_t> order = Order(values);
  double sum = 0.0;
  ForEachRun(
      values.size(),
      [&](size_t a, size_t b) { return values[order[a]] == values[order[b]]; },
      [&](size_t begin, size_t end) {
        const double t = static_cast<double>(end - begin);
        sum += Cube(t) - t;
      });
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

// Number of pairs i < j with values[i] > values[j]; sorts `values`.
int64_t CountInversions(std::vector<double>& values,
                        std::vector<double>& scratch, size_t begin,
                        size_t end) {
  if (end - begin < 2) return 0;
  const size_t middle = begin + (end - begin) / 2;
  int64_t count = CountInversions(values, scratch, begin, middle) +
                  CountInversions(values, scratch, middle, end);
  size_t left = begin, right = middle, out = begin;
  while (left < middle || right < end) {
    const bool take_right =
        left == middle || (right < end && values[right] < values[left]);
    if (take_right) count += static_cast<int64_t>(middle - left);
    scratch[out++] = values[take_right ? right++ : left++];
  }
  std::copy(scratch.begin() + static_cast<int64_t>(begin),
            scratch.begin() + static_cast<int64_t>(end),
            values.begin() + static_cast<int64_t>(begin));
  return count;
}

struct TieSums {
  double pairs = 0.0;   // sum of t (t - 1) / 2
  double triple = 0.0;  // sum of t (t - 1) (t - 2)
  double spread = 0.0;  // sum of t (t - 1) (2 t + 5)

  void Add(size_t begin, size_t end) {
    const double t = static_cast<double>(end - begin);
    pairs += t * (t - 1) / 2;
    triple += t * (t - 1) * (t - 2);
    spread += t * (t - 1) * (2 * t + 5);
  }
};

}  // namespace

std::vector<double> MidRanks(absl::Span<const double> values) {
  const std::vector<size_t> order = Order(values);
  std::vector<double> ranks(values.size());
  ForEachRun(
      values.size(),
      [&](size_t a, size_t b) { return values[order[a]] == values[order[b]]; },
      [&](size_t begin, size_t end) {
        const double rank = static_cast<double>(begin + 1 + end) / 2.0;
        for (size_t i = begin; i < end; ++i) ranks[order[i]] = rank;
      });
  return ranks;
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
  const size_t n = x.size();
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return x[a] != x[b] ? x[a] < x[b] : y[a] < y[b];
  });
  const auto same_x = [&](size_t a, size_t b) {
    return x[order[a]] == x[order[b]];
  };
  TieSums in_x, in_y, in_both;
  ForEachRun(n, same_x, [&](size_t b, size_t e) { in_x.Add(b, e); });
  ForEachRun(
      n,
      [&](size_t a, size_t b) {
        return same_x(a, b) && y[order[a]] == y[order[b]];
      },
      [&](size_t b, size_t e) { in_both.Add(b, e); });
  std::vector<double> values(n), scratch(n);
  for (size_t i = 0; i < n; ++i) values[i] = y[order[i]];
  const double discordant =
      static_cast<double>(CountInversions(values, scratch, 0, n));
  ForEachRun(
      n, [&](size_t a, size_t b) { return values[a] == values[b]; },
      [&](size_t b, size_t e) { in_y.Add(b, e); });

  const double count = static_cast<double>(n);
  const double pairs = count * (count - 1) / 2;
  const double concordant =
      pairs - in_x.pairs - in_y.pairs + in_both.pairs - discordant;
  const double score = concordant - discordant;
  Kendall result;
  const double scale = std::sqrt((pairs - in_x.pairs) * (pairs - in_y.pairs));
  if (n < 2 || !(scale > 0.0)) return result;
  result.tau = score / scale;
  double variance =
      (count * (count - 1) * (2 * count + 5) - in_x.spread - in_y.spread) / 18;
  variance += 2 * in_x.pairs * in_y.pairs / (count * (count - 1));
  if (n > 2) {
    variance +=
        in_x.triple * in_y.triple / (9 * count * (count - 1) * (count - 2));
  }
  if (variance > 0.0) {
    result.p_value = NormalTwoSided(score / std::sqrt(variance));
  }
  return result;
}

}  // namespace assay
