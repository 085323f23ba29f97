#include "harness/report/timing_key.h"

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

bool IsCold(const LatencyRecord& latency) {
  return latency.caches() == LatencyRecord::COLD;
}

}  // namespace

bool SameSetting(const LatencyRecord& a, const LatencyRecord& b) {
  return a.scenario() == b.scenario() && a.batch() == b.batch() &&
         a.backend() == b.backend() && IsCold(a) == IsCold(b);
}

bool SameTiming(const LatencyRecord& a, const LatencyRecord& b) {
  return SameSetting(a, b) && a.precision() == b.precision();
}

LatencyRecord TimingOf(const GainRecord& gain) {
  LatencyRecord timing;
  LatencyRecord::Scenario scenario = LatencyRecord::SCENARIO_UNSPECIFIED;
  LatencyRecord::Scenario_Parse(gain.scenario(), &scenario);
  timing.set_scenario(scenario);
  timing.set_precision(gain.precision());
  timing.set_batch(gain.batch());
  timing.set_backend(gain.backend());
  timing.set_caches(gain.caches());
  return timing;
}

std::string TimingLabel(const LatencyRecord& latency) {
  return absl::StrCat(LatencyRecord::Scenario_Name(latency.scenario()), " ",
                      latency.precision(), " batch ", latency.batch(),
                      TimingSuffix(latency));
}

std::string TimingSuffix(const LatencyRecord& latency) {
  return absl::StrCat(latency.backend().empty() ? "" : " @", latency.backend(),
                      IsCold(latency) ? " cold" : "");
}

}  // namespace assay
