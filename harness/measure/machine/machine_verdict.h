// Whether this machine was fit to be timed, and why not.
#ifndef ASSAY_HARNESS_MEASURE_MACHINE_MACHINE_VERDICT_H_
#define ASSAY_HARNESS_MEASURE_MACHINE_MACHINE_VERDICT_H_

#include <string>
#include <vector>

#include "harness/measure/machine/machine_info.h"
#include "harness/measure/machine/machine_state.h"

namespace assay {

// Beyond the first number of a pair timings are degraded, beyond the second
// they say nothing.
struct MachineLimits {
  double steal_degraded = 0.005, steal_invalid = 0.02;
  double foreign_degraded = 0.02, foreign_invalid = 0.10;
  int64_t major_faults_degraded = 10;
  double frequency_change_degraded = 0.10;  // relative, over all readings
  double pressure_degraded = 0.05;          // of the time
  double heat_margin_celsius = 5.0;         // below the critical temperature
  double warming_degraded_celsius = 10.0;   // before to after
  int64_t swap_growth_degraded_bytes = 1 << 20;
};

enum class Fitness { kValid, kDegraded, kInvalid };

// Codes and what they mean:
//   VIRTUAL_MACHINE           clocks and neighbours cannot be seen    degraded
//   GOVERNOR_UNKNOWN          no scaling_governor                     degraded
//   GOVERNOR_NOT_PERFORMANCE  the clock follows the load              degraded
//   BOOST_ON                  the clock follows heat and neighbours   degraded
//   SMT_ON                    hardware threads share a core           degraded
//   CPU_QUOTA                 the control group may stop us           degraded
//   BUSY_BEFORE               threads wanted CPUs before we began     degraded
//   STEAL_TIME                the hypervisor ran others               by limits
//   FOREIGN_LOAD              other processes ran                     by limits
//   LOAD_UNKNOWN              no /proc/stat                           degraded
//   THROTTLED                 the CPU slowed down for heat            invalid
//   QUOTA_THROTTLED           the control group stopped us            invalid
//   THROTTLING_UNKNOWN        no counter of it and no clock to see    degraded
//   CPU_PRESSURE              threads waited for a CPU                degraded
//   HOT                       close to the critical temperature       degraded
//   WARMING                   much warmer after than before           degraded
//   MAJOR_FAULTS              pages came from disk                    degraded
//   SWAPPING                  swap in use grew                        degraded
//   FREQUENCY_CHANGED         clocks differ between readings          degraded
//   STATE_CHANGED             governor, boost, SMT, affinity or quota
//                             was switched                            invalid
struct MachineFinding {
  std::string code;
  Fitness severity = Fitness::kDegraded;
  std::string message;  // what, where, expected, got
};

struct MachineVerdict {
  Fitness fitness = Fitness::kValid;  // the worst of the findings
  std::vector<MachineFinding> findings;
};

MachineVerdict JudgeMachine(const MachineInfo& info, const MachineState& before,
                            const MachineUse& during, const MachineState& after,
                            const MachineLimits& limits = {});

// SHA-256 of what makes timings comparable. Changes with the CPU, its
// microcode, the kernel, memory, limits, governor, boost and SMT.
std::string MachineFingerprint(const MachineInfo& info,
                               const MachineState& state);

}  // namespace assay

#endif  // ASSAY_HARNESS_MEASURE_MACHINE_MACHINE_VERDICT_H_
