// The clock that everything here is timed by.
#ifndef ASSAY_HARNESS_MEASURE_CLOCK_H_
#define ASSAY_HARNESS_MEASURE_CLOCK_H_

#include <cstdint>

namespace assay {

// Monotonic nanoseconds since some fixed instant. Tests give their own clock,
// which moves when they say so.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t NowNs() = 0;
  // Returns at or after `ns`, at once if that is past.
  virtual void WaitUntilNs(int64_t ns) = 0;

  void WaitNs(int64_t ns) { WaitUntilNs(NowNs() + ns); }
  void WaitSeconds(double seconds) {
    WaitNs(static_cast<int64_t>(seconds * 1e9));
  }
};

// CLOCK_MONOTONIC. Waiting sleeps until 100 us before the end and spins through
// the rest, so that a scheduled query starts on time. Thread-safe; lives for
// ever.
Clock& MonotonicClock();

}  // namespace assay

#endif  // ASSAY_HARNESS_MEASURE_CLOCK_H_
