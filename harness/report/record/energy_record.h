// From a meter's totals to what a report says of them.
#ifndef ASSAY_HARNESS_REPORT_RECORD_ENERGY_RECORD_H_
#define ASSAY_HARNESS_REPORT_RECORD_ENERGY_RECORD_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "harness/measure/energy/energy_session.h"
#include "harness/report/cost.pb.h"
#include "harness/report/energy.pb.h"

namespace assay {

struct EnergyLimits {
  double most_error = 0.05;         // of the gross energy, else REFUSED
  double most_idle_drift = 0.03;    // idle before against after, else no net
  double most_disagreement = 0.05;  // of two sources, else both are REFUSED
};

// Gross joules with the bound that the counter's period sets, and net of the
// idle power with an interval that adds the idle power's own spread. The trace
// counts from `start_ns` on the session's clock.
EnergyRecord MakeEnergyRecord(const EnergyTotals& totals,
                              const EnergyLimits& limits = {},
                              int64_t start_ns = 0);

// One record each, and every source checked against the others of the same
// window. What sees the same must agree: two ways to read one counter, two
// instruments over the whole machine. An instrument over the whole machine may
// not see less than the counters within it (of processors, of accelerators)
// together. Sources that contradict one another are all REFUSED: nothing says
// which of them is right.
std::vector<EnergyRecord> MakeEnergyRecords(
    absl::Span<const EnergyTotals> totals, const EnergyLimits& limits = {},
    int64_t start_ns = 0);

// What the operations of one sample would cost on a published process, from
// counts alone: "op_counts". `batch` samples share one reading of the weights.
// It says nothing of this machine, and is ESTIMATED.
EnergyEstimate MakeEnergyEstimate(const CostRecord& cost, int64_t batch);

// Inferences until what the method spent is won back, from the gross energy per
// sample of the same meter and scope. NOT_APPLICABLE where the candidate saves
// nothing; UNAVAILABLE where a figure is missing.
PaybackRecord MakePaybackRecord(const LedgerRecord& ledger,
                                const EnergyRecord& dense,
                                const EnergyRecord& candidate);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_RECORD_ENERGY_RECORD_H_
