// Files: whole reads, atomic writes, folders. Errors name the path and the
// system's reason.
#ifndef ASSAY_HARNESS_CORE_FILE_H_
#define ASSAY_HARNESS_CORE_FILE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

// NOT_FOUND when absent, UNAVAILABLE when unreadable.
absl::StatusOr<std::string> ReadFile(const std::string& path);

// Writes beside `path` under a temporary name, flushes to disk, and renames: a
// reader, or a process killed at any instant, sees the old file or the new one
// whole. Makes missing folders.
absl::Status WriteFileAtomically(const std::string& path,
                                 absl::string_view bytes);

absl::Status MakeFolders(const std::string& path);
bool FileExists(const std::string& path);
// Names (not paths) in `folder`, sorted.
absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& folder);
// a/b; `b` alone when it is absolute.
std::string JoinPath(absl::string_view a, absl::string_view b);

}  // namespace assay

#endif  // ASSAY_HARNESS_CORE_FILE_H_
