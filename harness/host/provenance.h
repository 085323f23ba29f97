// What a run was made with: this build, its libraries, this machine, and the
// variables of its environment that can change results.
#ifndef ASSAY_HARNESS_HOST_PROVENANCE_H_
#define ASSAY_HARNESS_HOST_PROVENANCE_H_

#include <string>

#include "harness/report/report.pb.h"

namespace assay {

// `executable` is the program whose bytes are recorded; its hash is remembered
// while the file stays the same. What the system does not say is left empty.
// [any]
Provenance CollectProvenance(const std::string& executable);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_PROVENANCE_H_
