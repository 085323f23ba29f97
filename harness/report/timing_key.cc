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

std::string TimingSuffix(const LatencyRecord& latency) {
  return absl::StrCat(latency.backend().empty() ? "" : " @", latency.backend(),
                      IsCold(latency) ? " cold" : "");
}

}  // namespace assay
