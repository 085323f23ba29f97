// Tables of methods, from the cards of their plugins.
#ifndef ASSAY_HARNESS_CLI_METHOD_LIST_H_
#define ASSAY_HARNESS_CLI_METHOD_LIST_H_

#include <string>

#include "absl/status/statusor.h"
#include "harness/cli/table.h"

namespace assay {

// Id, kind, version, budgets and title of every method; a plugin that cannot
// be opened has its refusal for a title. Opening a plugin runs its code in this
// process; a run does so only in a process of its own.
Table Methods();

// Parameters of one method. NOT_FOUND lists the methods that there are.
absl::StatusOr<Table> MethodParameters(const std::string& method);

}  // namespace assay

#endif  // ASSAY_HARNESS_CLI_METHOD_LIST_H_
