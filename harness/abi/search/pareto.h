// Several objectives at once, all minimised: dominance, fronts, crowding and
// hypervolume. Points are rows of equal length, without NaN. Pure functions;
// concurrent calls are safe.
#ifndef ASSAY_HARNESS_ABI_SEARCH_PARETO_H_
#define ASSAY_HARNESS_ABI_SEARCH_PARETO_H_

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

namespace assay::search {

using Point = std::vector<double>;
using Points = std::vector<Point>;

// No objective of `a` is worse than b's and one is better; `n` objectives.
inline bool Dominates(const double* a, const double* b, size_t n) {
  bool better = false;
  for (size_t m = 0; m < n; ++m) {
    if (a[m] > b[m]) return false;
    better = better || a[m] < b[m];
  }
  return better;
}

inline bool Dominates(const Point& a, const Point& b) {
  return Dominates(a.data(), b.data(), a.size());
}

// The front of each point, from 0: front k is what nothing dominates once the
// fronts before it are taken away (Deb et al. 2002, fast non-dominated sort).
// Equal points share a front. O(n^2 m) time, O(n^2) memory.
inline std::vector<size_t> FrontOf(const Points& points) {
  const size_t n = points.size();
  std::vector<std::vector<size_t>> dominated(n);
  std::vector<size_t> dominators(n, 0), front(n, 0), current;
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      if (Dominates(points[i], points[j])) dominated[i].push_back(j);
      if (Dominates(points[j], points[i])) ++dominators[i];
    }
    if (dominators[i] == 0) current.push_back(i);
  }
  for (size_t rank = 0; !current.empty(); ++rank) {
    std::vector<size_t> next;
    for (const size_t i : current) {
      front[i] = rank;
      for (const size_t j : dominated[i]) {
        if (--dominators[j] == 0) next.push_back(j);
      }
    }
    current = std::move(next);
  }
  return front;
}

// Indices of the points that nothing dominates, ascending; of equal points the
// first alone.
inline std::vector<size_t> NonDominated(const Points& points) {
  std::vector<size_t> kept;
  for (size_t i = 0; i < points.size(); ++i) {
    bool keep = true;
    for (size_t j = 0; keep && j < points.size(); ++j) {
      keep = !Dominates(points[j], points[i]) &&
             !(j < i && points[j] == points[i]);
    }
    if (keep) kept.push_back(i);
  }
  return kept;
}

// How lonely each point of one front is (Deb et al. 2002): per objective the
// ends get infinity and an inner point adds the distance between its
// neighbours, as a fraction of the front's range; 0 where the range is 0. Ties
// in an objective stand in the order of the points.
inline std::vector<double> CrowdingDistance(const Points& front) {
  const size_t n = front.size();
  std::vector<double> distance(n, 0);
  if (n == 0) return distance;
  std::vector<size_t> order(n);
  for (size_t m = 0; m < front[0].size(); ++m) {
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return front[a][m] < front[b][m];
    });
    const double range = front[order.back()][m] - front[order.front()][m];
    distance[order.front()] = std::numeric_limits<double>::infinity();
    distance[order.back()] = std::numeric_limits<double>::infinity();
    for (size_t k = 1; range > 0 && k + 1 < n; ++k) {
      distance[order[k]] +=
          (front[order[k + 1]][m] - front[order[k - 1]][m]) / range;
    }
  }
  return distance;
}

namespace pareto_internal {

inline double Hypervolume2(Points points, double r1, double r2) {
  std::sort(points.begin(), points.end());
  double volume = 0, lowest = r2;
  for (const Point& p : points) {
    if (p[1] >= lowest) continue;
    volume += (r1 - p[0]) * (lowest - p[1]);
    lowest = p[1];
  }
  return volume;
}

}  // namespace pareto_internal

// The volume that `points` dominate within the box below `reference`, for 1, 2
// or 3 objectives; points that do not lie below the reference everywhere add
// nothing. NaN for more objectives. O(n log n) in two dimensions, O(n^2 log n)
// in three, by slabs along the third.
inline double Hypervolume(const Points& points, const Point& reference) {
  Points inside;
  for (const Point& p : points) {
    bool below = true;
    for (size_t m = 0; m < reference.size(); ++m) {
      below = below && p[m] < reference[m];
    }
    if (below) inside.push_back(p);
  }
  if (inside.empty()) return 0;
  if (reference.size() == 1) {
    return reference[0] - (*std::min_element(inside.begin(), inside.end()))[0];
  }
  if (reference.size() == 2) {
    return pareto_internal::Hypervolume2(std::move(inside), reference[0],
                                         reference[1]);
  }
  if (reference.size() != 3) return std::numeric_limits<double>::quiet_NaN();
  std::sort(inside.begin(), inside.end(),
            [](const Point& a, const Point& b) { return a[2] < b[2]; });
  double volume = 0;
  Points slab;
  for (size_t i = 0; i < inside.size(); ++i) {
    slab.push_back(inside[i]);
    const double end = i + 1 < inside.size() ? inside[i + 1][2] : reference[2];
    if (end == inside[i][2]) continue;
    volume += (end - inside[i][2]) *
              pareto_internal::Hypervolume2(slab, reference[0], reference[1]);
  }
  return volume;
}

// How many of the first points it takes until their hypervolume reaches
// `share` of `whole`; 0 where all of them do not.
inline size_t PointsToReach(const Points& points, const Point& reference,
                            double whole, double share) {
  Points first;
  for (const Point& p : points) {
    first.push_back(p);
    if (Hypervolume(first, reference) >= share * whole) return first.size();
  }
  return 0;
}

}  // namespace assay::search

#endif  // ASSAY_HARNESS_ABI_SEARCH_PARETO_H_
