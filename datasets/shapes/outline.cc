#include "datasets/shapes/outline.h"

#include <algorithm>
#include <cmath>

namespace assay::datasets::shapes {
namespace {

constexpr float kPi = 3.14159265f;

float Disc(float x, float y, float radius) {
  return std::sqrt(x * x + y * y) - radius;
}

// An axis-aligned box around (cx, cy).
float Box(float x, float y, float cx, float cy, float half_w, float half_h) {
  const float dx = std::abs(x - cx) - half_w, dy = std::abs(y - cy) - half_h;
  const float outside = std::hypot(std::max(dx, 0.0f), std::max(dy, 0.0f));
  return outside + std::min(std::max(dx, dy), 0.0f);
}

// A regular polygon with an odd number of corners at distance 1, one of them at
// the top (y points down). The nearest edge is that of the point's sector.
float Polygon(float x, float y, int corners) {
  const float sector = 2 * kPi / static_cast<float>(corners);
  const float angle = std::atan2(x, y) + sector / 2;
  const float folded = angle - sector * std::floor(angle / sector) - sector / 2;
  return std::sqrt(x * x + y * y) * std::cos(folded) - std::cos(sector / 2);
}

// A star of five points, the notches at distance 0.45.
float Star(float x, float y) {
  const float sector = 2 * kPi / 5;
  float angle = std::atan2(x, y);
  angle = std::abs(angle - sector * std::round(angle / sector));
  const float r = std::sqrt(x * x + y * y);
  // The edge from the point (1, 0) to the notch, in polar form.
  const float nx = 0.45f * std::cos(sector / 2),
              ny = 0.45f * std::sin(sector / 2);
  const float px = r * std::cos(angle), py = r * std::sin(angle);
  const float ex = nx - 1, ey = ny;
  return ((px - 1) * ey - py * ex) / std::hypot(ex, ey);
}

}  // namespace

float SignedDistance(int label, float x, float y) {
  switch (label) {
    case 0:
      return Disc(x, y, 0.9f);
    case 1:
      return std::abs(Disc(x, y, 0.7f)) - 0.22f;
    case 2:
      return Box(x, y, 0, 0, 0.75f, 0.75f);
    case 3:
      return Polygon(x, y, 3);
    case 4:
      return Polygon(x, y, 5);
    case 5:  // half as wide as high
      return (std::abs(x) + 0.5f * std::abs(y) - 0.5f) / std::hypot(1.0f, 0.5f);
    case 6:
      return Star(x, y);
    case 7:
      return std::min(Box(x, y, 0, 0, 0.95f, 0.3f),
                      Box(x, y, 0, 0, 0.3f, 0.95f));
    case 8:
      return std::max(Disc(x, y + 0.4f, 1.0f), -(y + 0.4f));
    default:
      return std::min(Box(x, y, -0.45f, 0, 0.3f, 0.85f),
                      Box(x, y, 0.1f, 0.55f, 0.85f, 0.3f));
  }
}

}  // namespace assay::datasets::shapes
