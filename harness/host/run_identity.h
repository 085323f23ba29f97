// How a run and its budgets are called everywhere: in folders, reports, tables.
#ifndef ASSAY_HARNESS_HOST_RUN_IDENTITY_H_
#define ASSAY_HARNESS_HOST_RUN_IDENTITY_H_

#include <string>

#include "absl/status/status.h"

namespace assay {

class Budget;
class RunIdentity;  // report.proto
class RunSpec;

// SHA-256, in hexadecimal, of what the run is, not of where it works: equal
// specs have equal hashes on every machine.
std::string RunHash(const RunSpec& spec);

// The spec as text without the folders it works in and what the user typed:
// all that is needed to run it again elsewhere.
std::string RunText(const RunSpec& spec);

// Reads RunText. INVALID_ARGUMENT where it is none.
absl::Status ParseRunText(const std::string& text, RunSpec* spec);

// "sparsity>=0.9", "macs_fraction<=0.5,weight_bits<=8"; "none" where nothing is
// constrained.
std::string BudgetName(const Budget& budget);

// What the spec says of it: hash, text, method, label, settings as given, task,
// budgets, backend, seed, suite, sweep and command. Other fields stay.
void FillIdentity(const RunSpec& spec, RunIdentity* identity);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_RUN_IDENTITY_H_
