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

// Kendall's tau-b: (C - D) / sqrt((n0 - n1)(n0 - n2)) with n0 = n(n-1)/2 and
// the tied pairs n1, n2 of each side. NaN where one side is constant. O(n^2).
inline double KendallTau(const std::vector<double>& a,
                         const std::vector<double>& b) {
  double score = 0, pairs_a = 0, pairs_b = 0;
  const auto sign = [](double x) { return (x > 0) - (x < 0); };
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const int left = sign(a[i] - a[j]), right = sign(b[i] - b[j]);
      score += left * right;
      pairs_a += left != 0;
      pairs_b += right != 0;
    }
  }
  if (pairs_a == 0 || pairs_b == 0) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return score / std::sqrt(pairs_a * pairs_b);
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
