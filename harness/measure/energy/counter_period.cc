#include "harness/measure/energy/counter_period.h"

#include <algorithm>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"

namespace assay {

absl::StatusOr<double> WaitForTick(EnergyMeter& meter, Clock& clock,
                                   double timeout_seconds,
                                   double poll_seconds) {
  const int64_t end =
      clock.NowNs() + static_cast<int64_t>(timeout_seconds * 1e9);
  ASSAY_ASSIGN_OR_RETURN(const double before, meter.Joules());
  while (clock.NowNs() < end) {
    clock.WaitSeconds(poll_seconds);
    ASSAY_ASSIGN_OR_RETURN(const double now, meter.Joules());
    if (now != before) return now;
  }
  return absl::UnavailableError(absl::StrCat(
      meter.scope(), ": the counter did not move in ", timeout_seconds, " s"));
}

absl::StatusOr<double> MeasureCounterPeriod(EnergyMeter& meter, Clock& clock,
                                            const PeriodOptions& options) {
  const double start = static_cast<double>(clock.NowNs()) * 1e-9;
  const auto left = [&] {
    return start + options.timeout_seconds -
           static_cast<double>(clock.NowNs()) * 1e-9;
  };
  ASSAY_RETURN_IF_ERROR(
      WaitForTick(meter, clock, left(), options.poll_seconds).status());
  std::vector<double> intervals;
  int64_t last = clock.NowNs();
  for (int i = 0; i < options.ticks; ++i) {
    ASSAY_RETURN_IF_ERROR(
        WaitForTick(meter, clock, left(), options.poll_seconds).status());
    const int64_t now = clock.NowNs();
    intervals.push_back(static_cast<double>(now - last) * 1e-9);
    last = now;
  }
  const auto middle =
      intervals.begin() + static_cast<int64_t>(intervals.size() / 2);
  std::nth_element(intervals.begin(), middle, intervals.end());
  return *middle;
}

}  // namespace assay
