// A clock that moves only when told to.
#ifndef ASSAY_HARNESS_MEASURE_TESTING_FAKE_CLOCK_H_
#define ASSAY_HARNESS_MEASURE_TESTING_FAKE_CLOCK_H_

#include <cstdint>

#include "harness/measure/clock.h"

namespace assay {

class FakeClock final : public Clock {
 public:
  int64_t NowNs() override { return now_; }
  void WaitUntilNs(int64_t ns) override;

  void Advance(int64_t ns) { WaitUntilNs(now_ + ns); }

 private:
  int64_t now_ = 1'000'000'000;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_MEASURE_TESTING_FAKE_CLOCK_H_
