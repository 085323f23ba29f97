// Joules that the machine spent while a process ran.
#ifndef ASSAY_HARNESS_HOST_PROCESS_ENERGY_H_
#define ASSAY_HARNESS_HOST_PROCESS_ENERGY_H_

#include <memory>
#include <vector>

#include "harness/measure/energy/meter.h"
#include "harness/report/cost.pb.h"

namespace assay {

// Reads every counter of `sources` when made and at Finish, and in between
// often enough that none wraps unseen. The machine's energy is gross: what else
// ran on it is in there.
class ProcessEnergy {
 public:
  explicit ProcessEnergy(std::vector<MeterSource> sources,
                         double seconds_between_readings = 20);
  ~ProcessEnergy();
  ProcessEnergy(const ProcessEnergy&) = delete;
  ProcessEnergy& operator=(const ProcessEnergy&) = delete;

  // Sets joules and their availability: the sum over the outermost scopes
  // ("package-0" but not "package-0/core"), or the reason of every source that
  // there is none. Once.
  void Finish(LedgerRecord* ledger);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_PROCESS_ENERGY_H_
