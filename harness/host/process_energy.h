// Joules that the machine spent while a process ran.
#ifndef ASSAY_HARNESS_HOST_PROCESS_ENERGY_H_
#define ASSAY_HARNESS_HOST_PROCESS_ENERGY_H_

#include <memory>
#include <vector>

#include "harness/measure/clock.h"
#include "harness/measure/energy/energy_session.h"
#include "harness/measure/energy/meter.h"
#include "harness/report/cost.pb.h"

namespace assay {

struct ProcessEnergyOptions {
  // Idle power before and after, for the net figure.
  EnergyOptions session = {5.0, 5, {}};
  // Often enough that no counter wraps unseen.
  double seconds_between_readings = 20.0;
};

// Reads every counter of `sources` from its making until Finish. The machine's
// energy is gross: what else ran on it is in there. With meters, making one and
// finishing it takes as long as measuring idle power does.
class ProcessEnergy {
 public:
  ProcessEnergy(std::vector<MeterSource> sources, Clock& clock,
                const ProcessEnergyOptions& options = {});
  ~ProcessEnergy();
  ProcessEnergy(const ProcessEnergy&) = delete;
  ProcessEnergy& operator=(const ProcessEnergy&) = delete;

  // Sets the energy records, and joules with their interval and availability:
  // the sum over counters that share no joule, or the reason that there is
  // none. Once.
  void Finish(LedgerRecord* ledger);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_PROCESS_ENERGY_H_
