#include "harness/measure/energy/energy_session.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "harness/core/descriptive.h"

namespace assay {
namespace {

// More than any machine that one process measures; with it a block is known to
// be shorter than the counter's range.
constexpr double kMostWatts = 2000.0;

double Squares(const std::vector<double>& values) {
  const double mean = Mean(values);
  double sum = 0.0;
  for (double v : values) sum += (v - mean) * (v - mean);
  return sum;
}

double Seconds(int64_t ns) { return static_cast<double>(ns) * 1e-9; }

}  // namespace

EnergySession::EnergySession(absl::Span<MeterSource> sources, size_t variants,
                             Clock& clock, const EnergyOptions& options)
    : clock_(clock), options_(options) {
  for (MeterSource& source : sources) {
    Counter counter;
    counter.source = source.meter;
    counter.totals.resize(variants);
    counter.twin_of = source.twin_of;
    counter.covers_machine = source.covers_machine;
    if (source.scopes.empty()) {
      counter.problem = source.unavailable;
      counters_.push_back(counter);
    }
    for (const auto& scope : source.scopes) {
      counter.meter = scope.get();
      if (scope->calibration() != nullptr) {
        counter.calibration = *scope->calibration();
      }
      counters_.push_back(counter);
    }
  }
}

double EnergySession::Read(Counter* counter) {
  const auto joules = counter->meter->Joules();
  if (joules.ok()) return *joules;
  counter->problem = std::string(joules.status().message());
  return 0.0;
}

double EnergySession::ReadInBlock(Counter* counter) {
  const double joules = Read(counter);
  const int64_t now = clock_.NowNs();
  counter->longest_gap_ns =
      std::max(counter->longest_gap_ns, now - counter->read_ns);
  counter->read_ns = now;
  if (Usable(*counter)) Keep(counter, joules, false);
  return joules;
}

void EnergySession::Keep(Counter* counter, double joules, bool begins_block) {
  if (!counter->has_first) {
    counter->has_first = true;
    counter->first_joules = joules;
  }
  EnergyReadings& readings = counter->totals[variant_].readings;
  if (readings.kept.size() == kMostReadings) {
    ++readings.dropped;
    return;
  }
  readings.kept.push_back(
      {counter->read_ns, joules - counter->first_joules, begins_block});
}

double EnergySession::SecondsForError(double error, int64_t blocks) const {
  double seconds = 0.0;
  for (const Counter& counter : counters_) {
    if (!Usable(counter)) continue;
    const double ticks_off = &counter == slowest_ ? 1.0 : 2.0;
    seconds = std::max(seconds, ticks_off * counter.period_seconds *
                                    static_cast<double>(blocks) / error);
  }
  return seconds;
}

void EnergySession::KeepAlive() {
  for (Counter& counter : counters_) {
    if (Usable(counter)) ReadInBlock(&counter);
  }
}

void EnergySession::MeasureIdle(std::vector<double> Counter::*watts) {
  const bool any = std::any_of(counters_.begin(), counters_.end(),
                               [&](const Counter& c) { return Usable(c); });
  if (!any || options_.idle_windows < 1) return;
  std::vector<double> last(counters_.size());
  std::vector<int64_t> when(counters_.size());
  const double window =
      options_.idle_seconds / static_cast<double>(options_.idle_windows);
  for (int64_t w = 0; w <= options_.idle_windows; ++w) {
    if (w > 0) clock_.WaitSeconds(window);
    for (size_t i = 0; i < counters_.size(); ++i) {
      Counter& counter = counters_[i];
      if (!Usable(counter)) continue;
      const double joules = Read(&counter);
      const int64_t now = clock_.NowNs();
      if (w > 0 && now > when[i]) {
        (counter.*watts).push_back((joules - last[i]) / Seconds(now - when[i]));
      }
      last[i] = joules;
      when[i] = now;
    }
  }
}

void EnergySession::Begin() {
  for (Counter& counter : counters_) {
    if (!Usable(counter)) continue;
    const auto period =
        MeasureCounterPeriod(*counter.meter, clock_, options_.period);
    if (!period.ok()) {
      counter.problem = std::string(period.status().message());
      continue;
    }
    counter.period_seconds = *period;
    if (slowest_ == nullptr || *period > slowest_->period_seconds) {
      slowest_ = &counter;
    }
  }
  MeasureIdle(&Counter::idle_before);
}

absl::Status EnergySession::BeforeBlock(size_t variant) {
  variant_ = variant;
  if (slowest_ != nullptr && Usable(*slowest_)) {
    const auto tick =
        WaitForTick(*slowest_->meter, clock_, options_.period.timeout_seconds,
                    options_.period.poll_seconds);
    if (!tick.ok()) slowest_->problem = std::string(tick.status().message());
  }
  for (Counter& counter : counters_) {
    if (!Usable(counter)) continue;
    counter.block_joules = Read(&counter);
    counter.block_ns = counter.read_ns = clock_.NowNs();
    counter.longest_gap_ns = 0;
    if (Usable(counter)) Keep(&counter, counter.block_joules, true);
  }
  return absl::OkStatus();
}

absl::Status EnergySession::AfterBlock(size_t variant, int64_t samples) {
  for (Counter& counter : counters_) {
    if (!Usable(counter)) continue;
    const double joules = ReadInBlock(&counter) - counter.block_joules;
    if (!Usable(counter)) continue;  // this reading failed
    const double seconds = Seconds(counter.read_ns - counter.block_ns);
    const double gap = Seconds(counter.longest_gap_ns);
    const double range = counter.meter->range_joules();
    if (range > 0.0 && gap * kMostWatts > range) {
      counter.problem = absl::StrCat(counter.meter->scope(), ": ", gap,
                                     " s between two readings may hide a wrap "
                                     "of the counter, which holds ",
                                     range, " J");
      continue;
    }
    EnergyTotals& totals = counter.totals[variant];
    const double ticks_off = &counter == slowest_ ? 1.0 : 2.0;
    totals.joules += joules;
    totals.seconds += seconds;
    totals.samples += samples;
    totals.blocks += 1;
    if (seconds > 0.0) {
      totals.error_joules +=
          ticks_off * std::min(counter.period_seconds / seconds, 1.0) * joules;
    }
  }
  return absl::OkStatus();
}

void EnergySession::End() { MeasureIdle(&Counter::idle_after); }

std::vector<EnergyTotals> EnergySession::Totals(size_t variant) const {
  std::vector<EnergyTotals> all;
  for (const Counter& counter : counters_) {
    EnergyTotals totals = counter.totals[variant];
    totals.meter = counter.source;
    totals.problem = counter.problem;
    totals.calibration = counter.calibration;
    totals.twin_of = counter.twin_of;
    totals.covers_machine = counter.covers_machine;
    if (counter.meter != nullptr) {
      totals.scope = counter.meter->scope();
      totals.resolution_joules = counter.meter->resolution_joules();
      totals.wraps = counter.meter->wraps();
    }
    totals.aligned = &counter == slowest_;
    totals.period_seconds = counter.period_seconds;
    totals.idle_watts_before = Mean(counter.idle_before);
    totals.idle_watts_after = Mean(counter.idle_after);
    totals.idle_windows = static_cast<int64_t>(counter.idle_before.size() +
                                               counter.idle_after.size());
    totals.idle_window_seconds =
        options_.idle_windows > 0
            ? options_.idle_seconds / static_cast<double>(options_.idle_windows)
            : 0.0;
    if (totals.idle_windows > 2) {
      totals.idle_stddev_watts = std::sqrt(
          (Squares(counter.idle_before) + Squares(counter.idle_after)) /
          static_cast<double>(totals.idle_windows - 2));
    }
    all.push_back(std::move(totals));
  }
  return all;
}

}  // namespace assay
