#include "harness/measure/scenario/timer.h"

#include <algorithm>
#include <cstdint>

namespace assay {

TimerQuality MeasureTimer(Clock& clock) {
  constexpr int kReadings = 10'000;
  const int64_t start = clock.NowNs();
  int64_t last = start, smallest = 0;
  for (int i = 0; i < kReadings; ++i) {
    const int64_t now = clock.NowNs();
    const int64_t step = now - last;
    if (step > 0) smallest = smallest == 0 ? step : std::min(smallest, step);
    last = now;
  }
  return {static_cast<double>(smallest),
          static_cast<double>(last - start) / kReadings};
}

}  // namespace assay
