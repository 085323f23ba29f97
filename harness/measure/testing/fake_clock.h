// A clock that moves only when told to.
#ifndef ASSAY_HARNESS_MEASURE_TESTING_FAKE_CLOCK_H_
#define ASSAY_HARNESS_MEASURE_TESTING_FAKE_CLOCK_H_

#include <algorithm>
#include <cstdint>
#include <functional>

#include "harness/measure/clock.h"

namespace assay {

class FakeClock final : public Clock {
 public:
  int64_t NowNs() override { return now_; }
  void WaitUntilNs(int64_t ns) override { AdvanceTo(std::max(ns, now_)); }

  void Advance(int64_t ns) { AdvanceTo(now_ + ns); }
  // Called after every move; stands for a world that moves with time.
  void OnMove(std::function<void(int64_t now)> callback) {
    on_move_ = std::move(callback);
  }

 private:
  void AdvanceTo(int64_t ns) {
    now_ = ns;
    if (on_move_) on_move_(now_);
  }

  int64_t now_ = 1'000'000'000;
  std::function<void(int64_t)> on_move_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_MEASURE_TESTING_FAKE_CLOCK_H_
