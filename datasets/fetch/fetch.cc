#include "datasets/fetch/fetch.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "datasets/data_files.h"
#include "datasets/fetch/unpack.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

// Where to get `file` (a path in the data set's folder) that has `url`.
std::string Source(const DatasetInfo& info, absl::string_view mirror,
                   absl::string_view file, const std::string& url) {
  if (mirror.empty()) return url;
  return absl::StrCat(mirror, absl::EndsWith(mirror, "/") ? "" : "/",
                      info.folder, "/", file);
}

absl::Status FetchArchive(const DatasetInfo& info, const std::string& folder,
                          absl::string_view mirror, DownloadOptions options) {
  const Archive& archive = info.archive;
  const std::string name =
      archive.url.substr(archive.url.find_last_of('/') + 1);
  const std::string path = JoinPath(folder, name);
  options.max_bytes = archive.max_bytes;
  ASSAY_RETURN_IF_ERROR(Download(Source(info, mirror, name, archive.url), path,
                                 archive.sha256, options));
  ASSAY_RETURN_IF_ERROR(
      UnpackTarGz(path, archive.take, JoinPath(folder, archive.put)));
  std::remove(path.c_str());
  return absl::OkStatus();
}

}  // namespace

absl::Status FetchDataset(const DatasetInfo& info, absl::string_view data_dir,
                          absl::string_view mirror,
                          const DownloadOptions& options) {
  const std::string folder = FolderOf(info, data_dir);
  const std::vector<FileReport> reports = CheckFiles(info, data_dir);
  bool from_archive = false;
  for (size_t i = 0; i < reports.size(); ++i) {
    if (reports[i].state == FileState::kVerified) continue;
    const DataFile& file = info.files[i];
    const bool whole_folder = absl::EndsWith(file.path, "/");
    if (file.url.empty() && (mirror.empty() || whole_folder)) {
      from_archive = true;
      continue;
    }
    DownloadOptions exact = options;
    exact.max_bytes = file.bytes;
    ASSAY_RETURN_IF_ERROR(Download(Source(info, mirror, file.path, file.url),
                                   JoinPath(folder, file.path), file.sha256,
                                   exact));
  }
  if (from_archive) {
    if (info.archive.url.empty()) {
      return absl::NotFoundError(
          absl::StrCat(info.name, ": no URL is known; put the files into ",
                       folder, " by hand"));
    }
    ASSAY_RETURN_IF_ERROR(FetchArchive(info, folder, mirror, options));
  }
  return VerifyDataset(info, data_dir);
}

}  // namespace assay
