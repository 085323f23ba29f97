#include "harness/report/record/energy_record.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/match.h"
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

void SetCalibration(const MeterCalibration& from, EnergyRecord* record) {
  if (from.instrument.empty() && from.certificate.empty() &&
      from.date.empty() && from.relative_uncertainty == 0.0) {
    return;
  }
  CalibrationRecord* to = record->mutable_calibration();
  to->set_instrument(from.instrument);
  to->set_certificate(from.certificate);
  to->set_date(from.date);
  to->set_relative_uncertainty(from.relative_uncertainty);
}

std::string NameOf(const EnergyRecord& record) {
  return absl::StrCat(record.meter(), " ", record.scope());
}

void Disagree(const EnergyRecord& other, double disagreement,
              const EnergyLimits& limits, EnergyRecord* record) {
  record->set_checked_against(NameOf(other));
  record->set_relative_disagreement(disagreement);
  if (disagreement <= limits.most_disagreement) return;
  *record->mutable_availability() = MakeAvailability(
      Availability::REFUSED,
      absl::StrFormat(
          "%.4g J, and %.4g J of %s: expected at most %.0f %% apart",
          record->gross_joules(), other.gross_joules(), NameOf(other),
          100 * limits.most_disagreement));
  *record->mutable_net_availability() = record->availability();
}

void CheckTwins(const EnergyLimits& limits, EnergyRecord* a, EnergyRecord* b) {
  if (!HasValue(a->availability()) || !HasValue(b->availability())) return;
  const double mean = (a->gross_joules() + b->gross_joules()) / 2;
  const double apart = std::abs(a->gross_joules() - b->gross_joules()) / mean;
  const EnergyRecord first = *a;
  Disagree(*b, apart, limits, a);
  Disagree(first, apart, limits, b);
}

// Counters within a machine against an instrument around it.
void CheckWhole(absl::Span<const EnergyTotals> totals,
                const EnergyLimits& limits, size_t whole,
                std::vector<EnergyRecord>* records) {
  if (!HasValue((*records)[whole].availability())) return;
  const EnergyRecord around = (*records)[whole];
  EnergyRecord sum;
  sum.set_meter("the counters");
  sum.set_scope("within it");
  std::vector<EnergyRecord*> within;
  for (size_t i = 0; i < totals.size(); ++i) {
    EnergyRecord& one = (*records)[i];
    if (totals[i].covers_machine || !totals[i].twin_of.empty() ||
        absl::StrContains(one.scope(), "/") || !HasValue(one.availability())) {
      continue;
    }
    sum.set_gross_joules(sum.gross_joules() + one.gross_joules());
    within.push_back(&one);
  }
  if (sum.gross_joules() <= 0.0) return;
  const double excess =
      std::max(0.0, sum.gross_joules() / around.gross_joules() - 1.0);
  Disagree(sum, excess, limits, &(*records)[whole]);
  for (EnergyRecord* one : within) {
    // A twin says more of a counter than what is around it.
    if (one->checked_against().empty() || excess > limits.most_disagreement) {
      Disagree(around, excess, limits, one);
    }
  }
}

bool SeeTheSame(const EnergyTotals& a, const EnergyTotals& b) {
  if (a.covers_machine && b.covers_machine) return true;
  return a.twin_of == b.meter && a.scope == b.scope;
}

void SetTrace(const EnergyReadings& readings, int64_t start_ns,
              EnergyRecord* record) {
  if (readings.kept.empty()) return;
  EnergyTrace* trace = record->mutable_trace();
  for (const EnergyReadings::Reading& reading : readings.kept) {
    if (reading.begins_block) {
      trace->add_block_starts(static_cast<uint32_t>(trace->at_ns_size()));
    }
    trace->add_at_ns(
        static_cast<uint64_t>(std::max<int64_t>(0, reading.at_ns - start_ns)));
    trace->add_joules(reading.joules);
  }
  trace->set_dropped(static_cast<uint64_t>(readings.dropped));
}

// Joules of one multiplication with addition in a 45 nm process: Horowitz,
// "Computing's energy problem", ISSCC 2014, figure 1.1.9.
double MacJoules(uint32_t weight_bits, uint32_t activation_bits) {
  const uint32_t bits = std::max(weight_bits, activation_bits);
  if (bits <= 8) return 0.2e-12 + 0.1e-12;   // int8 times, int32 plus
  if (bits <= 16) return 1.1e-12 + 0.4e-12;  // half precision
  return 3.7e-12 + 0.9e-12;                  // single precision
}
// Of one byte from DRAM: the lower end there, 1.3 nJ for 64 bits.
constexpr double kDramJoulesPerByte = 1.3e-9 / 8;

void AddInput(const char* key, double value, const char* unit,
              EnergyEstimate* estimate) {
  KeyValue* input = estimate->add_inputs();
  input->set_key(key);
  input->set_value(absl::StrFormat("%.6g %s", value, unit));
}

}  // namespace

EnergyRecord MakeEnergyRecord(const EnergyTotals& totals,
                              const EnergyLimits& limits, int64_t start_ns) {
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
  record.set_wanted_error(limits.most_error);
  if (totals.joules > 0.0 && limits.most_error > 0.0) {
    record.set_wanted_window_seconds(totals.seconds * totals.error_joules /
                                     totals.joules / limits.most_error);
  }
  SetCalibration(totals.calibration, &record);
  record.set_idle_watts_before(totals.idle_watts_before);
  record.set_idle_watts_after(totals.idle_watts_after);
  record.set_idle_stddev_watts(totals.idle_stddev_watts);
  record.set_idle_seconds(totals.idle_window_seconds *
                          static_cast<double>(totals.idle_windows));
  if (!totals.problem.empty() || totals.blocks == 0) return record;
  SetTrace(totals.readings, start_ns, &record);
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

std::vector<EnergyRecord> MakeEnergyRecords(
    absl::Span<const EnergyTotals> totals, const EnergyLimits& limits,
    int64_t start_ns) {
  std::vector<EnergyRecord> records;
  for (const EnergyTotals& one : totals) {
    records.push_back(MakeEnergyRecord(one, limits, start_ns));
  }
  for (size_t i = 0; i < totals.size(); ++i) {
    for (size_t j = 0; j < totals.size(); ++j) {
      const bool pair =
          totals[i].covers_machine && totals[j].covers_machine ? j < i : j != i;
      if (pair && SeeTheSame(totals[i], totals[j])) {
        CheckTwins(limits, &records[j], &records[i]);
      }
    }
  }
  for (size_t i = 0; i < totals.size(); ++i) {
    if (totals[i].covers_machine) CheckWhole(totals, limits, i, &records);
  }
  return records;
}

EnergyEstimate MakeEnergyEstimate(const CostRecord& cost, int64_t batch) {
  EnergyEstimate estimate;
  estimate.set_model("op_counts");
  if (!HasValue(cost.availability())) {
    *estimate.mutable_availability() =
        MakeAvailability(Availability::UNAVAILABLE, "no cost to estimate from");
    return estimate;
  }
  *estimate.mutable_availability() = MakeAvailability(
      Availability::ESTIMATED,
      "op_counts: multiplications and weights from memory at the energies that "
      "Horowitz (ISSCC 2014) gives for 45 nm; not this machine's");
  double arithmetic = 0.0;
  uint64_t counted = 0;
  for (const LayerCost& layer : cost.layers()) {
    arithmetic += static_cast<double>(layer.macs()) *
                  MacJoules(layer.weight_bits(), layer.activation_bits());
    counted += layer.macs();
  }
  // Products of two activations.
  const uint64_t rest = cost.macs() - std::min(cost.macs(), counted);
  arithmetic += static_cast<double>(rest) * MacJoules(32, 32);
  const double bytes = static_cast<double>(cost.weight_bytes()) /
                       static_cast<double>(std::max<int64_t>(batch, 1));
  estimate.set_joules_per_sample(arithmetic + bytes * kDramJoulesPerByte);
  AddInput("macs", static_cast<double>(cost.macs()), "per sample", &estimate);
  AddInput("arithmetic", arithmetic, "J per sample", &estimate);
  AddInput("weight bytes read", bytes, "per sample", &estimate);
  AddInput("memory", kDramJoulesPerByte, "J per byte", &estimate);
  return estimate;
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
  const bool bounded = ledger.has_joules_interval();
  const double least =
      bounded ? ledger.joules_interval().low() : ledger.joules();
  const double most =
      bounded ? ledger.joules_interval().high() : ledger.joules();
  if (saved - error > 0.0) {
    SetInterval(least / (saved + error), most / (saved - error), 0.95,
                "counter_period_bound", record.mutable_interval());
  }
  return record;
}

}  // namespace assay
