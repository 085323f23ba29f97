#include "harness/measure/testing/fake_clock.h"

#include <algorithm>

namespace assay {

void FakeClock::WaitUntilNs(int64_t ns) { now_ = std::max(ns, now_); }

}  // namespace assay
