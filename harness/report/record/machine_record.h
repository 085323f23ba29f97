// From the machine's state to what a report says of it.
#ifndef ASSAY_HARNESS_REPORT_RECORD_MACHINE_RECORD_H_
#define ASSAY_HARNESS_REPORT_RECORD_MACHINE_RECORD_H_

#include "absl/time/time.h"
#include "harness/measure/machine/machine_info.h"
#include "harness/measure/machine/machine_state.h"
#include "harness/measure/machine/machine_verdict.h"
#include "harness/report/machine.pb.h"
#include "harness/report/report.pb.h"

namespace assay {

// What the kernel knows; revision, compiler and libraries are the host's to
// add.
void FillProvenance(const MachineInfo& info, const MachineState& state,
                    Provenance* provenance);

MachineRecord MakeMachineRecord(const MachineState& before,
                                absl::Time before_when,
                                const MachineUse& during,
                                const MachineState& after,
                                absl::Time after_when,
                                const MachineVerdict& verdict);

// Where the machine was INVALID, timings, energy and gains that have a value
// become REFUSED with the reason codes; the numbers stay for whoever looks.
void RefuseIfInvalid(Report* report);

}  // namespace assay

#endif  // ASSAY_HARNESS_REPORT_RECORD_MACHINE_RECORD_H_
