#include "harness/measure/clock.h"

#include <ctime>

namespace assay {
namespace {

constexpr int64_t kSpinNs = 100'000;
constexpr int64_t kSecondNs = 1'000'000'000;

class Monotonic final : public Clock {
 public:
  int64_t NowNs() override {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<int64_t>(now.tv_sec) * kSecondNs + now.tv_nsec;
  }

  void WaitUntilNs(int64_t ns) override {
    const int64_t wake = ns - kSpinNs;
    if (wake > NowNs()) {
      timespec at;
      at.tv_sec = wake / kSecondNs;
      at.tv_nsec = wake % kSecondNs;
      while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) !=
             0) {
      }
    }
    while (NowNs() < ns) {
    }
  }
};

}  // namespace

Clock& MonotonicClock() {
  static Monotonic clock;
  return clock;
}

}  // namespace assay
