#include "harness/measure/energy/meter.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace assay {

std::vector<EnergyMeter*> DisjointMeters(
    absl::Span<const MeterSource> sources) {
  const auto reads = [](const MeterSource& source) {
    return !source.scopes.empty();
  };
  const bool whole = std::any_of(
      sources.begin(), sources.end(), [&](const MeterSource& source) {
        return source.covers_machine && reads(source);
      });
  std::vector<EnergyMeter*> meters;
  for (const MeterSource& source : sources) {
    if (whole && !source.covers_machine) continue;
    const bool twin = std::any_of(
        sources.begin(), sources.end(), [&](const MeterSource& other) {
          return other.meter == source.twin_of && reads(other);
        });
    if (twin) continue;
    for (const auto& scope : source.scopes) {
      if (absl::StrContains(scope->scope(), "/")) continue;
      meters.push_back(scope.get());
      // A second instrument may hang on the same supply.
      if (source.covers_machine) return meters;
    }
  }
  return meters;
}

}  // namespace assay
