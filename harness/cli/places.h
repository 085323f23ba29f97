// Where the program finds its own files and where it writes.
#ifndef ASSAY_HARNESS_CLI_PLACES_H_
#define ASSAY_HARNESS_CLI_PLACES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace assay {

// Folder that holds `plugins/` and `harness/sweep/suites/` as in the source
// tree: Bazel's runfiles of the program, or the folder of a relocatable
// bundle. Empty when neither is there.
std::string ProgramFiles();

// For errors about what ProgramFiles() holds: "a, b", or "none: ..." with where
// they were looked for.
std::string KnownNames(const std::vector<std::string>& names);

// The running executable, for starting worker processes.
std::string ThisExecutable();

// `path` as the user meant it: relative to the folder where the command was
// typed (`bazel run` changes the working folder).
std::string UserPath(absl::string_view path);

// The data folder: --data_dir, else $ASSAY_DATA_DIR, else "" (embedded data
// only).
std::string DataFolder(absl::string_view flag);

// The cache of reference networks and prepared data: --cache_dir, else
// $ASSAY_CACHE_DIR, else $XDG_CACHE_HOME/assay, else ~/.cache/assay.
std::string CacheFolder(absl::string_view flag);

}  // namespace assay

#endif  // ASSAY_HARNESS_CLI_PLACES_H_
