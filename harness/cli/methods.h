// The method plugins that this program can find.
#ifndef ASSAY_HARNESS_CLI_METHODS_H_
#define ASSAY_HARNESS_CLI_METHODS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

// Paths of the shared objects plugins/<name>/<name>.so of the program's files,
// and of those in the folders of $ASSAY_PLUGIN_PATH (separated by ':'), which
// come first. Sorted by name within a folder.
std::vector<std::string> PluginFiles();

// The file for a method id: --plugin if given, else the first of PluginFiles()
// named <id>.so. NOT_FOUND lists the names that there are, or says that
// --plugin names no file.
absl::StatusOr<std::string> PluginFileOf(absl::string_view method,
                                         absl::string_view plugin_flag);

}  // namespace assay

#endif  // ASSAY_HARNESS_CLI_METHODS_H_
