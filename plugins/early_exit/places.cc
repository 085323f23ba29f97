#include "plugins/early_exit/places.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <set>

namespace assay::early_exit {
namespace {

constexpr double kMostBefore = 0.9;

// The last step that reads each value computed from inputs.
std::map<int32_t, size_t> LastReads(const std::vector<Step>& steps,
                                    int32_t result) {
  std::map<int32_t, size_t> last;
  for (size_t i = 0; i < steps.size(); ++i) {
    bool computed = steps[i].reads.empty();
    for (const int32_t value : steps[i].reads) {
      const auto found = last.find(value);
      if (found == last.end()) continue;
      found->second = i;
      computed = true;
    }
    if (!computed) continue;  // from parameters alone
    for (const int32_t value : steps[i].writes) last[value] = i;
  }
  const auto found = last.find(result);
  if (found != last.end()) found->second = steps.size();
  return last;
}

}  // namespace

std::vector<Place> NarrowPlaces(const std::vector<Step>& steps,
                                int32_t result) {
  const std::map<int32_t, size_t> last = LastReads(steps, result);
  std::vector<Place> places;
  std::set<int32_t> alive;
  double macs = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    macs += steps[i].macs;
    for (const int32_t value : steps[i].writes) {
      if (last.count(value) != 0) alive.insert(value);
    }
    for (auto it = alive.begin(); it != alive.end();) {
      it = last.at(*it) <= i ? alive.erase(it) : std::next(it);
    }
    if (steps[i].reads.empty()) continue;  // the other inputs are there, too
    if (alive.size() != 1 || *alive.begin() == result) continue;
    if (!places.empty() && places.back().macs == macs) places.pop_back();
    places.push_back({*alive.begin(), macs});
  }
  return places;
}

std::vector<Place> SpreadPlaces(const std::vector<Place>& places, int64_t count,
                                double all_macs) {
  std::vector<Place> left;
  for (const Place& place : places) {
    if (place.macs > 0 && place.macs <= kMostBefore * all_macs) {
      left.push_back(place);
    }
  }
  std::vector<Place> chosen;
  for (int64_t i = 0; i < count && !left.empty(); ++i) {
    const double wanted =
        all_macs * static_cast<double>(i + 1) / static_cast<double>(count + 1);
    const auto nearest = std::min_element(
        left.begin(), left.end(), [&](const Place& a, const Place& b) {
          return std::abs(a.macs - wanted) < std::abs(b.macs - wanted);
        });
    chosen.push_back(*nearest);
    left.erase(left.begin(), nearest + 1);
  }
  return chosen;
}

}  // namespace assay::early_exit
