// The suites that come with the program.
#ifndef ASSAY_HARNESS_CLI_SUITES_H_
#define ASSAY_HARNESS_CLI_SUITES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

// Names of the suites in harness/sweep/suites, sorted.
std::vector<std::string> SuiteNames();

// The file of a suite by name, or `name` itself where it ends with .textproto.
// NOT_FOUND lists the names that there are.
absl::StatusOr<std::string> SuiteFile(absl::string_view name);

}  // namespace assay

#endif  // ASSAY_HARNESS_CLI_SUITES_H_
