// What the clock itself adds to what it times.
#ifndef ASSAY_HARNESS_MEASURE_SCENARIO_TIMER_H_
#define ASSAY_HARNESS_MEASURE_SCENARIO_TIMER_H_

#include "harness/measure/clock.h"

namespace assay {

struct TimerQuality {
  double resolution_ns = 0.0;  // the smallest step that was seen
  double cost_ns = 0.0;        // of one reading, on average
};

// Reads the clock 10,000 times, which takes less than a millisecond with a
// clock that the kernel maps into the process.
TimerQuality MeasureTimer(Clock& clock);

}  // namespace assay

#endif  // ASSAY_HARNESS_MEASURE_SCENARIO_TIMER_H_
