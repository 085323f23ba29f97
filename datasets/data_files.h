// A data set's files on disk: reading them with proof, and their state.
#ifndef ASSAY_DATASETS_DATA_FILES_H_
#define ASSAY_DATASETS_DATA_FILES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "datasets/dataset_info.h"

namespace assay {

// data_dir/folder of the data set.
std::string FolderOf(const DatasetInfo& info, absl::string_view data_dir);
// data_dir/folder/file.
std::string PathOf(const DatasetInfo& info, absl::string_view data_dir,
                   absl::string_view file);

// Reads the file of `info` that is listed as `path`, and adds its SHA-256 to
// `*digests` (for Fingerprint). With args.verify, size and digest must be the
// listed ones; without, files of at most 1 GiB are read as they are. A file
// that args.verified knows, and that has not been touched since, is not hashed
// again.
//
// NOT_FOUND: absent. DATA_LOSS: not the listed size ("truncated at byte 100")
// or digest.
absl::StatusOr<std::string> ReadDataFile(const DatasetInfo& info,
                                         const DatasetArgs& args,
                                         absl::string_view path,
                                         std::vector<std::string>* digests);

// All files of a listed folder ("recordings/").
struct NamedBytes {
  std::string name, bytes;
};
absl::StatusOr<std::vector<NamedBytes>> ReadDataFolder(
    const DatasetInfo& info, const DatasetArgs& args, absl::string_view path,
    std::vector<std::string>* digests);

// A DatasetSpec::fingerprint from whatever shapes the content.
std::string Fingerprint(absl::string_view name, const DatasetOptions& resolved,
                        const std::vector<std::string>& digests);

enum class FileState : uint8_t { kVerified, kAbsent, kDamaged };

struct FileReport {
  std::string path;  // as listed
  FileState state = FileState::kVerified;
  absl::Status status;  // why it is not verified
};

// Hashes every file that `info` lists; none for an embedded data set.
std::vector<FileReport> CheckFiles(const DatasetInfo& info,
                                   absl::string_view data_dir);

// OK when all are verified, else the status of the first that is not.
absl::Status VerifyDataset(const DatasetInfo& info, absl::string_view data_dir);

}  // namespace assay

#endif  // ASSAY_DATASETS_DATA_FILES_H_
