// Suites: reading, checking and expanding them into runs.
#ifndef ASSAY_HARNESS_SWEEP_SUITE_H_
#define ASSAY_HARNESS_SWEEP_SUITE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

class RunSpec;
class Suite;

// Reads a textproto. INVALID_ARGUMENT names the file, line, column and what was
// expected there.
absl::StatusOr<Suite> ReadSuite(const std::string& path);

// Refuses what cannot be run as written: no name, a block without methods,
// tasks or seeds, a budget out of range, two runs that are the same. The
// message names the block and field.
absl::Status CheckSuite(const Suite& suite);

// The runs of a suite, block by block, seeds outermost within a block, then
// tasks, then methods: so that the first seed of everything is known early.
// Fields of the suite that a block leaves unset are filled in. Fields about
// places (RunSpec "where, not what") stay empty.
absl::StatusOr<std::vector<RunSpec>> ExpandSuite(const Suite& suite);

// Twelve hexadecimal digits: a hash of what the run is, not of where it works.
// Equal specs have equal ids on every machine.
std::string RunId(const RunSpec& spec);

// "cifar10-resnet20/lamp/seed-3/5f2a…": the folder of a run below a sweep's.
std::string RunFolder(const RunSpec& spec);

}  // namespace assay

#endif  // ASSAY_HARNESS_SWEEP_SUITE_H_
