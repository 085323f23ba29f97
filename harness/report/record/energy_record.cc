#include "harness/report/record/energy_record.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/report/check.h"

namespace assay {
namespace {

void SetInterval(double low, double high, double confidence, const char* method,
                 Interval* interval) {
  interval->set_low(low);
  interval->set_high(high);
  interval->set_confidence(confidence);
  interval->set_method(method);
}

Availability GrossAvailability(const EnergyTotals& totals,
                               const EnergyLimits& limits) {
  if (!totals.problem.empty()) {
    return MakeAvailability(Availability::UNAVAILABLE, totals.problem);
  }
  if (totals.blocks == 0 || totals.joules <= 0.0) {
    return MakeAvailability(Availability::UNAVAILABLE,
                            "the counter saw no energy in the timed region");
  }
  const double error = totals.error_joules / totals.joules;
  if (error > limits.most_error) {
    return MakeAvailability(
        Availability::REFUSED,
        absl::StrFormat(
            "%d blocks of %.3g s hold too few updates of %.3g s: "
            "the error may be %.0f %%, allowed is %.0f %%",
            totals.blocks, totals.seconds / static_cast<double>(totals.blocks),
            totals.period_seconds, 100 * error, 100 * limits.most_error));
  }
  return MakeAvailability(Availability::MEASURED);
}

Availability NetAvailability(const EnergyTotals& totals,
                             const EnergyLimits& limits) {
  if (totals.idle_windows == 0) {
    return MakeAvailability(Availability::NOT_REQUESTED,
                            "idle power was not measured");
  }
  const double mean = (totals.idle_watts_before + totals.idle_watts_after) / 2;
  const double drift =
      mean > 0.0
          ? std::abs(totals.idle_watts_after - totals.idle_watts_before) / mean
          : 0.0;
  if (drift > limits.most_idle_drift) {
    return MakeAvailability(
        Availability::REFUSED,
        absl::StrFormat("idle power was %.1f W before and %.1f W after: "
                        "expected at most %.0f %% apart",
                        totals.idle_watts_before, totals.idle_watts_after,
                        100 * limits.most_idle_drift));
  }
  return MakeAvailability(Availability::MEASURED);
}

void SetNet(const EnergyTotals& totals, EnergyRecord* record) {
  const double idle = (totals.idle_watts_before + totals.idle_watts_after) / 2;
  const double net = totals.joules - idle * totals.seconds;
  const double idle_error =
      1.96 * totals.idle_stddev_watts /
      std::sqrt(static_cast<double>(totals.idle_windows)) * totals.seconds;
  const double error = totals.error_joules + idle_error;
  record->set_net_joules(net);
  SetInterval(net - error, net + error, 0.95, "counter_period_and_idle_spread",
              record->mutable_net_interval());
  if (totals.samples > 0) {
    record->set_net_joules_per_sample(net /
                                      static_cast<double>(totals.samples));
  }
}

}  // namespace

EnergyRecord MakeEnergyRecord(const EnergyTotals& totals,
                              const EnergyLimits& limits) {
  EnergyRecord record;
  record.set_meter(totals.meter);
  record.set_scope(totals.scope);
  *record.mutable_availability() = GrossAvailability(totals, limits);
  *record.mutable_net_availability() = HasValue(record.availability())
                                           ? NetAvailability(totals, limits)
                                           : record.availability();
  record.set_window_seconds(totals.seconds);
  record.set_window_aligned(totals.aligned);
  record.set_counter_period_seconds(totals.period_seconds);
  record.set_counter_resolution_joules(totals.resolution_joules);
  record.set_wraps(static_cast<uint64_t>(totals.wraps));
  if (totals.period_seconds > 0.0) {
    record.set_counter_updates(
        static_cast<uint64_t>(totals.seconds / totals.period_seconds));
  }
  record.set_idle_watts_before(totals.idle_watts_before);
  record.set_idle_watts_after(totals.idle_watts_after);
  record.set_idle_stddev_watts(totals.idle_stddev_watts);
  record.set_idle_seconds(totals.idle_window_seconds *
                          static_cast<double>(totals.idle_windows));
  if (!totals.problem.empty() || totals.blocks == 0) return record;
  record.set_gross_joules(totals.joules);
  SetInterval(std::max(0.0, totals.joules - totals.error_joules),
              totals.joules + totals.error_joules, 1.0, "counter_period_bound",
              record.mutable_gross_interval());
  if (totals.samples > 0) {
    record.set_gross_joules_per_sample(totals.joules /
                                       static_cast<double>(totals.samples));
  }
  if (totals.idle_windows > 0) SetNet(totals, &record);
  return record;
}

PaybackRecord MakePaybackRecord(const LedgerRecord& ledger,
                                const EnergyRecord& dense,
                                const EnergyRecord& candidate) {
  PaybackRecord record;
  for (const auto& [what, availability] :
       {std::pair("compressing", ledger.joules_availability()),
        {"the dense network", dense.availability()},
        {"the candidate", candidate.availability()}}) {
    if (HasValue(availability)) continue;
    *record.mutable_availability() = MakeAvailability(
        Availability::UNAVAILABLE,
        absl::StrCat("no joules of ", what, ": ", availability.reason()));
    return record;
  }
  const double saved =
      dense.gross_joules_per_sample() - candidate.gross_joules_per_sample();
  record.set_joules_spent(ledger.joules());
  record.set_joules_saved_per_inference(saved);
  if (!(saved > 0.0)) {
    *record.mutable_availability() = MakeAvailability(
        Availability::NOT_APPLICABLE, "the candidate saves no energy");
    return record;
  }
  *record.mutable_availability() = MakeAvailability(Availability::DERIVED);
  record.set_inferences(ledger.joules() / saved);
  // Both windows may be off by their bounds, in either direction.
  const auto half = [](const EnergyRecord& energy) {
    return energy.gross_joules() > 0.0
               ? (energy.gross_interval().high() - energy.gross_joules()) /
                     energy.gross_joules() * energy.gross_joules_per_sample()
               : 0.0;
  };
  const double error = half(dense) + half(candidate);
  if (saved - error > 0.0) {
    SetInterval(ledger.joules() / (saved + error),
                ledger.joules() / (saved - error), 0.95, "counter_period_bound",
                record.mutable_interval());
  }
  return record;
}

}  // namespace assay
