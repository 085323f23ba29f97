// Files whose SHA-256 has been found to be the listed one, so that processes
// that open the same data one after the other need not hash it again.
#ifndef ASSAY_DATASETS_VERIFIED_FILES_H_
#define ASSAY_DATASETS_VERIFIED_FILES_H_

#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace assay {

// A stamp stands for one state of one file, or of a folder's files, as verified
// against one digest: path, device, inode, size, and the times of the last
// change of content and of anything, to the nanosecond. Whoever writes to the
// file, replaces it or sets its times back gives it another stamp. Stamps are
// only as good as where they come from: take them from a process that runs no
// foreign code. Thread-safe.
class VerifiedFiles {
 public:
  VerifiedFiles() = default;
  explicit VerifiedFiles(absl::Span<const std::string> stamps)
      : stamps_(stamps.begin(), stamps.end()) {}

  bool Has(const std::string& stamp) const;
  void Add(std::string stamp);
  std::vector<std::string> stamps() const;  // sorted

 private:
  mutable std::mutex mutex_;
  std::set<std::string> stamps_;
};

// Of the files at `paths` (one, or all of a folder) as they are now. Empty
// where one is no plain file, or was changed less than `settled_seconds` ago:
// the clock of a file system is coarse, and a second change might not show.
std::string StampOf(absl::Span<const std::string> paths,
                    absl::string_view sha256, double settled_seconds = 2.0);

}  // namespace assay

#endif  // ASSAY_DATASETS_VERIFIED_FILES_H_
