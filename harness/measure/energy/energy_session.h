// Energy of the blocks of a scenario, per variant and meter, from the same run
// as latency.
#ifndef ASSAY_HARNESS_MEASURE_ENERGY_ENERGY_SESSION_H_
#define ASSAY_HARNESS_MEASURE_ENERGY_ENERGY_SESSION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "harness/measure/clock.h"
#include "harness/measure/energy/counter_period.h"
#include "harness/measure/energy/meter.h"
#include "harness/measure/scenario/scenario.h"

namespace assay {

struct EnergyOptions {
  double idle_seconds = 10.0;  // before and after
  int64_t idle_windows = 10;   // whose spread is the idle power's
  PeriodOptions period;
};

// Readings of a counter in one variant's blocks, in order.
struct EnergyReadings {
  struct Reading {
    int64_t at_ns = 0;    // on the session's clock
    double joules = 0.0;  // since the first block of the session
    bool begins_block = false;
  };
  std::vector<Reading> kept;
  int64_t dropped = 0;  // beyond kMostReadings
};
inline constexpr size_t kMostReadings = 4096;

// What one meter saw of one variant.
struct EnergyTotals {
  std::string meter, scope;
  std::string problem;  // why the numbers below are void; empty if they hold
  double joules = 0.0;  // gross
  double seconds = 0.0;
  int64_t samples = 0;
  int64_t blocks = 0;
  bool aligned = false;  // blocks began at a tick of this counter
  double period_seconds = 0.0;
  double resolution_joules = 0.0;
  // A counter that moves every `period` is off by at most one period's energy
  // at the end of a block and, unless aligned, one at its start.
  double error_joules = 0.0;
  int64_t wraps = 0;
  double idle_watts_before = 0.0, idle_watts_after = 0.0;
  double idle_stddev_watts = 0.0;  // of a window's mean, pooled
  double idle_window_seconds = 0.0;
  int64_t idle_windows = 0;  // before and after, together
  // Of an external instrument, else all empty.
  MeterCalibration calibration;
  EnergyReadings readings;
  std::string twin_of;          // as its source says
  bool covers_machine = false;  // likewise
};

// Begin, then a scenario with this as its observer, then End. A meter that
// fails on the way is left out with its reason; it never ends the session. Each
// block starts at a tick of the slowest counter.
class EnergySession final : public BlockObserver {
 public:
  // The sources must outlive the session; those without scopes give a total
  // whose problem is their reason.
  EnergySession(absl::Span<MeterSource> sources, size_t variants, Clock& clock,
                const EnergyOptions& options = {});
  EnergySession(const EnergySession&) = delete;
  EnergySession& operator=(const EnergySession&) = delete;

  void Begin();  // measures periods and idle power
  // After Begin: how long a variant must be busy, in `blocks` blocks together,
  // for the counters' periods to be at most `error` of its energy; 0 without a
  // usable counter. `error` in (0, 1).
  double SecondsForError(double error, int64_t blocks) const;
  // Within a long block: reads every counter, so that none wraps unseen. From
  // any one thread while no other is in the session.
  void KeepAlive();
  absl::Status BeforeBlock(size_t variant) override;
  absl::Status AfterBlock(size_t variant, int64_t samples) override;
  void End();  // idle power again

  // One per scope, or per source without scopes.
  std::vector<EnergyTotals> Totals(size_t variant) const;

 private:
  struct Counter {
    EnergyMeter* meter = nullptr;  // null: unavailable
    std::string source, problem;
    double period_seconds = 0.0;
    double block_joules = 0.0;
    double first_joules = 0.0;  // of the session's first block
    bool has_first = false;
    int64_t block_ns = 0;
    int64_t read_ns = 0;         // the last reading of the block
    int64_t longest_gap_ns = 0;  // between two readings of it
    MeterCalibration calibration;
    std::string twin_of;
    bool covers_machine = false;
    std::vector<double> idle_before, idle_after;  // watts per window
    std::vector<EnergyTotals> totals;             // per variant
  };

  bool Usable(const Counter& counter) const {
    return counter.meter != nullptr && counter.problem.empty();
  }
  double Read(Counter* counter);
  double ReadInBlock(Counter* counter);
  void Keep(Counter* counter, double joules, bool begins_block);
  void MeasureIdle(std::vector<double> Counter::*watts);

  Clock& clock_;
  EnergyOptions options_;
  std::vector<Counter> counters_;
  Counter* slowest_ = nullptr;
  size_t variant_ = 0;  // whose block it is
};

}  // namespace assay

#endif  // ASSAY_HARNESS_MEASURE_ENERGY_ENERGY_SESSION_H_
