// How well one order of things agrees with another, and predictions with what
// they predict. Values without NaN, rows of equal length.
#ifndef ASSAY_HARNESS_ABI_SEARCH_RANK_H_
#define ASSAY_HARNESS_ABI_SEARCH_RANK_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <numeric>
#include <vector>

namespace assay::search {

namespace rank_internal {

// Calls visit(t) for each run of t equal neighbours among `n`.
template <typename Equal, typename Visit>
void ForEachRun(size_t n, const Equal& equal, const Visit& visit) {
  for (size_t begin = 0; begin < n;) {
    size_t end = begin + 1;
    while (end < n && equal(begin, end)) ++end;
    visit(static_cast<double>(end - begin));
    begin = end;
  }
}

// Number of pairs i < j with values[i] > values[j]; sorts `values`.
inline double CountInversions(std::vector<double>* values,
                              std::vector<double>* scratch, size_t begin,
                              size_t end) {
  if (end - begin < 2) return 0;
  const size_t middle = begin + (end - begin) / 2;
  double count = CountInversions(values, scratch, begin, middle) +
                 CountInversions(values, scratch, middle, end);
  size_t left = begin, right = middle;
  for (size_t out = begin; out < end; ++out) {
    const bool take_right =
        left == middle || (right < end && (*values)[right] < (*values)[left]);
    if (take_right) count += static_cast<double>(middle - left);
    (*scratch)[out] = (*values)[take_right ? right++ : left++];
  }
  for (size_t i = begin; i < end; ++i) (*values)[i] = (*scratch)[i];
  return count;
}

struct TieSums {
  double pairs = 0;   // sum of t (t - 1) / 2
  double triple = 0;  // sum of t (t - 1) (t - 2)
  double spread = 0;  // sum of t (t - 1) (2 t + 5)

  void Add(double t) {
    pairs += t * (t - 1) / 2;
    triple += t * (t - 1) * (t - 2);
    spread += t * (t - 1) * (2 * t + 5);
  }
};

}  // namespace rank_internal

// Concordant less discordant pairs, its variance under no association with
// corrections for ties, and tau-b: score / sqrt((n0 - n1)(n0 - n2)) with
// n0 = n(n-1)/2 and the tied pairs n1, n2 of each side; tau is NaN where one
// side is constant.
struct Kendall {
  double score = 0;
  double variance = 0;
  double tau = std::numeric_limits<double>::quiet_NaN();
};

// O(n log n).
inline Kendall KendallOf(const std::vector<double>& a,
                         const std::vector<double>& b) {
  using rank_internal::ForEachRun;
  Kendall result;
  const size_t n = a.size();
  if (n < 2) return result;
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t i, size_t j) {
    return a[i] != a[j] ? a[i] < a[j] : b[i] < b[j];
  });
  std::vector<double> values(n), scratch(n);
  for (size_t i = 0; i < n; ++i) values[i] = b[order[i]];
  rank_internal::TieSums in_a, in_b, in_both;
  const auto same_a = [&](size_t i, size_t j) {
    return a[order[i]] == a[order[j]];
  };
  const auto same_b = [&](size_t i, size_t j) {
    return values[i] == values[j];
  };
  ForEachRun(n, same_a, [&](double t) { in_a.Add(t); });
  ForEachRun(
      n, [&](size_t i, size_t j) { return same_a(i, j) && same_b(i, j); },
      [&](double t) { in_both.Add(t); });
  const double discordant =
      rank_internal::CountInversions(&values, &scratch, 0, n);
  ForEachRun(n, same_b, [&](double t) { in_b.Add(t); });

  const double count = static_cast<double>(n);
  const double pairs = count * (count - 1) / 2;
  result.score =
      pairs - in_a.pairs - in_b.pairs + in_both.pairs - 2 * discordant;
  result.variance =
      (count * (count - 1) * (2 * count + 5) - in_a.spread - in_b.spread) / 18 +
      2 * in_a.pairs * in_b.pairs / (count * (count - 1));
  if (n > 2) {
    result.variance +=
        in_a.triple * in_b.triple / (9 * count * (count - 1) * (count - 2));
  }
  const double scale = (pairs - in_a.pairs) * (pairs - in_b.pairs);
  if (scale > 0) result.tau = result.score / std::sqrt(scale);
  return result;
}

// Kendall's tau-b.
inline double KendallTau(const std::vector<double>& a,
                         const std::vector<double>& b) {
  return KendallOf(a, b).tau;
}

// Ranks from 1, ties sharing the mean of their ranks.
inline std::vector<double> MidRanks(const std::vector<double>& values) {
  const size_t n = values.size();
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(n);
  for (size_t i = 0; i < n;) {
    size_t end = i + 1;
    while (end < n && values[order[end]] == values[order[i]]) ++end;
    for (size_t k = i; k < end; ++k) {
      ranks[order[k]] = 0.5 * static_cast<double>(i + 1 + end);
    }
    i = end;
  }
  return ranks;
}

// Spearman's rho: the correlation of mid-ranks. NaN where a side is constant.
inline double SpearmanRho(const std::vector<double>& a,
                          const std::vector<double>& b) {
  const std::vector<double> x = MidRanks(a), y = MidRanks(b);
  const double mean = 0.5 * (static_cast<double>(x.size()) + 1);
  double xy = 0, xx = 0, yy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  if (xx == 0 || yy == 0) return std::numeric_limits<double>::quiet_NaN();
  return xy / std::sqrt(xx * yy);
}

// Of the k predicted to be best (highest), the fraction that are among the k
// best; ties go to the earlier. `k` in [1, n].
inline double PrecisionAt(size_t k, const std::vector<double>& predicted,
                          const std::vector<double>& actual) {
  const auto best = [k](const std::vector<double>& values) {
    std::vector<size_t> order(values.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return values[a] > values[b]; });
    order.resize(k);
    std::sort(order.begin(), order.end());
    return order;
  };
  const std::vector<size_t> p = best(predicted), q = best(actual);
  std::vector<size_t> both;
  std::set_intersection(p.begin(), p.end(), q.begin(), q.end(),
                        std::back_inserter(both));
  return static_cast<double>(both.size()) / static_cast<double>(k);
}

// Mean of |predicted - actual| / |actual| over actual values other than 0; NaN
// where there is none.
inline double MeanAbsolutePercentageError(const std::vector<double>& predicted,
                                          const std::vector<double>& actual) {
  double sum = 0, n = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    if (actual[i] == 0) continue;
    sum += std::fabs((predicted[i] - actual[i]) / actual[i]);
    ++n;
  }
  return n > 0 ? sum / n : std::numeric_limits<double>::quiet_NaN();
}

inline double RootMeanSquareError(const std::vector<double>& predicted,
                                  const std::vector<double>& actual) {
  double sum = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    sum += (predicted[i] - actual[i]) * (predicted[i] - actual[i]);
  }
  return std::sqrt(sum / static_cast<double>(actual.size()));
}

}  // namespace assay::search

#endif  // ASSAY_HARNESS_ABI_SEARCH_RANK_H_
