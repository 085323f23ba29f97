#include "harness/report/statistics/hypervolume.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace assay {

double Hypervolume(absl::Span<const Point2> points, Point2 reference) {
  std::vector<Point2> inside;
  for (const Point2& p : points) {
    if (p[0] < reference[0] && p[1] < reference[1]) inside.push_back(p);
  }
  std::sort(inside.begin(), inside.end());
  // From left to right, each point that is lower than all before adds the strip
  // between the lowest so far and itself, out to the reference.
  double volume = 0.0;
  double lowest = reference[1];
  for (const Point2& p : inside) {
    if (p[1] >= lowest) continue;
    volume += (reference[0] - p[0]) * (lowest - p[1]);
    lowest = p[1];
  }
  return volume;
}

double Hypervolume(absl::Span<const Point3> points, Point3 reference) {
  std::vector<Point3> inside;
  for (const Point3& p : points) {
    if (p[0] < reference[0] && p[1] < reference[1] && p[2] < reference[2]) {
      inside.push_back(p);
    }
  }
  std::sort(inside.begin(), inside.end(),
            [](const Point3& a, const Point3& b) { return a[2] < b[2]; });
  // Slab by slab along the third objective: the area of all points below it.
  double volume = 0.0;
  std::vector<Point2> below;
  for (size_t i = 0; i < inside.size(); ++i) {
    below.push_back({inside[i][0], inside[i][1]});
    const double top = i + 1 < inside.size() ? inside[i + 1][2] : reference[2];
    if (top == inside[i][2]) continue;
    volume +=
        (top - inside[i][2]) * Hypervolume(below, {reference[0], reference[1]});
  }
  return volume;
}

std::vector<size_t> NonDominated(absl::Span<const Point2> points) {
  std::vector<size_t> order(points.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return points[a] < points[b]; });
  std::vector<size_t> kept;
  double lowest = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < order.size(); ++i) {
    const Point2& p = points[order[i]];
    const bool equal = !kept.empty() && points[kept.back()] == p;
    if (p[1] >= lowest && !equal) continue;
    lowest = p[1];
    kept.push_back(order[i]);
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

}  // namespace assay
