// The claims that come with the plugins.
#ifndef ASSAY_HARNESS_CLI_CLAIM_FILES_H_
#define ASSAY_HARNESS_CLI_CLAIM_FILES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

// Plugins with a claims.textproto, sorted by name.
std::vector<std::string> PluginsWithClaims();

// The claims of a plugin by name, or `name` itself where it ends with
// .textproto. NOT_FOUND lists the plugins that claim something.
absl::StatusOr<std::string> ClaimFile(absl::string_view name);

}  // namespace assay

#endif  // ASSAY_HARNESS_CLI_CLAIM_FILES_H_
