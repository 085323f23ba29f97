#include "harness/report/history/change_points.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "harness/core/descriptive.h"
#include "harness/core/random.h"

namespace assay {
namespace {

// Prefix sums over ranks that change one at a time (a Fenwick tree): how many
// values of a set are at most the r-th smallest of all, and their sum.
class RankSums {
 public:
  explicit RankSums(size_t n) : count_(n + 1), sum_(n + 1) {}

  void Add(size_t rank, double sign, double value) {
    for (size_t i = rank + 1; i < count_.size(); i += i & (~i + 1)) {
      count_[i] += sign;
      sum_[i] += sign * value;
    }
    all_ += sign;
    total_ += sign * value;
  }

  // Sum of |value - x| over the set, where `value` has that rank.
  double Distances(size_t rank, double value) const {
    double count = 0.0, sum = 0.0;
    for (size_t i = rank + 1; i > 0; i -= i & (~i + 1)) {
      count += count_[i];
      sum += sum_[i];
    }
    return value * count - sum + (total_ - sum) - value * (all_ - count);
  }

 private:
  std::vector<double> count_, sum_;
  double all_ = 0.0, total_ = 0.0;
};

struct Split {
  size_t at = 0;
  double statistic = -1.0;
};

// The largest scaled energy distance over all splits that leave `least` values
// on each side. `ranks` are those of `values`, without ties.
Split BestSplit(absl::Span<const double> values, absl::Span<const size_t> ranks,
                size_t least) {
  const size_t n = values.size();
  RankSums left(n), right(n);
  double within_left = 0.0, within_right = 0.0, between = 0.0;
  for (size_t i = 0; i < n; ++i) {
    within_right += right.Distances(ranks[i], values[i]);
    right.Add(ranks[i], 1.0, values[i]);
  }
  Split best;
  for (size_t i = 0; i + least < n; ++i) {
    // Value i goes from the right side to the left.
    right.Add(ranks[i], -1.0, values[i]);
    const double to_right = right.Distances(ranks[i], values[i]);
    const double to_left = left.Distances(ranks[i], values[i]);
    left.Add(ranks[i], 1.0, values[i]);
    within_right -= to_right;
    within_left += to_left;
    between += to_right - to_left;
    const double a = static_cast<double>(i + 1), b = static_cast<double>(n) - a;
    if (i + 1 < least) continue;
    const double energy = 2.0 * between / (a * b) -
                          2.0 * within_left / (a * (a - 1.0)) -
                          2.0 * within_right / (b * (b - 1.0));
    const double statistic = a * b / (a + b) * energy;
    if (statistic > best.statistic) best = {i + 1, statistic};
  }
  return best;
}

std::vector<size_t> RanksOf(absl::Span<const double> values) {
  std::vector<size_t> order(values.size()), ranks(values.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return values[a] < values[b]; });
  for (size_t r = 0; r < order.size(); ++r) ranks[order[r]] = r;
  return ranks;
}

class Finder {
 public:
  Finder(absl::Span<const double> series, const ChangePointOptions& options)
      : series_(series),
        options_(options),
        random_(options.seed, "change_points") {}

  void Search(size_t begin, size_t end) {
    const size_t least = std::max<size_t>(options_.min_segment, 2);
    if (end - begin < 2 * least) return;
    std::vector<double> values(series_.begin() + static_cast<ptrdiff_t>(begin),
                               series_.begin() + static_cast<ptrdiff_t>(end));
    std::vector<size_t> ranks = RanksOf(values);
    const Split best = BestSplit(values, ranks, least);
    if (!(best.statistic > 0.0)) return;
    const double p_value =
        PermutationTest(best.statistic, least, &values, &ranks);
    if (p_value > options_.alpha) return;
    Search(begin, begin + best.at);
    found_.push_back({begin + best.at, 0.0, 0.0, p_value});
    Search(begin + best.at, end);
  }

  std::vector<ChangePoint> Take() {
    FillMedians();
    if (options_.min_change > 0.0) DropSmallChanges();
    return std::move(found_);
  }

 private:
  double PermutationTest(double bar, size_t least, std::vector<double>* values,
                         std::vector<size_t>* ranks) {
    int64_t as_large = 1;
    for (int64_t i = 0; i < options_.permutations; ++i) {
      for (size_t j = values->size() - 1; j > 0; --j) {
        const size_t other = static_cast<size_t>(random_.Below(j + 1));
        std::swap((*values)[j], (*values)[other]);
        std::swap((*ranks)[j], (*ranks)[other]);
      }
      // Equal sums in another order differ by rounding.
      as_large +=
          BestSplit(*values, *ranks, least).statistic >= bar * (1.0 - 1e-9) ? 1
                                                                            : 0;
    }
    return static_cast<double>(as_large) /
           static_cast<double>(options_.permutations + 1);
  }

  double MedianOf(size_t begin, size_t end) const {
    return Median(series_.subspan(begin, end - begin));
  }

  void FillMedians() {
    for (size_t i = 0; i < found_.size(); ++i) {
      const size_t begin = i == 0 ? 0 : found_[i - 1].at;
      const size_t end =
          i + 1 == found_.size() ? series_.size() : found_[i + 1].at;
      found_[i].before = MedianOf(begin, found_[i].at);
      found_[i].after = MedianOf(found_[i].at, end);
    }
  }

  // The smallest first, since its neighbours become one segment.
  void DropSmallChanges() {
    const auto size = [](const ChangePoint& point) {
      return std::abs(point.after - point.before) /
             std::max(std::abs(point.before), 1e-300);
    };
    while (!found_.empty()) {
      const auto least =
          std::min_element(found_.begin(), found_.end(),
                           [&](const ChangePoint& a, const ChangePoint& b) {
                             return size(a) < size(b);
                           });
      if (size(*least) >= options_.min_change) return;
      found_.erase(least);
      FillMedians();
    }
  }

  const absl::Span<const double> series_;
  const ChangePointOptions& options_;
  RandomStream random_;
  std::vector<ChangePoint> found_;
};

}  // namespace

std::vector<ChangePoint> FindChangePoints(absl::Span<const double> series,
                                          const ChangePointOptions& options) {
  Finder finder(series, options);
  finder.Search(0, series.size());
  return finder.Take();
}

}  // namespace assay
