#include "datasets/data_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/formats/format_error.h"
#include "datasets/verified_files.h"
#include "harness/core/file.h"
#include "harness/core/hash.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

constexpr int64_t kMostBytes = int64_t{1} << 30;
constexpr size_t kMostFiles = 200000;

const DataFile& Listed(const DatasetInfo& info, absl::string_view path) {
  for (const DataFile& file : info.files) {
    if (file.path == path) return file;
  }
  std::fprintf(stderr, "data set %s lists no file %s\n", info.name.c_str(),
               std::string(path).c_str());
  std::abort();
}

bool IsFolder(const DataFile& file) { return absl::EndsWith(file.path, "/"); }

absl::StatusOr<int64_t> SizeOfFile(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) {
    return absl::NotFoundError(absl::StrCat(path, ": no such file"));
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::DataLossError(absl::StrCat(path, ": expected a plain file"));
  }
  return static_cast<int64_t>(info.st_size);
}

absl::Status CheckSize(const std::string& path, int64_t size,
                       int64_t expected) {
  if (size == expected) return absl::OkStatus();
  return FormatError(path, static_cast<size_t>(std::min(size, expected)),
                     absl::StrCat(expected, " bytes in all"),
                     absl::StrCat(size));
}

absl::Status CheckDigest(const std::string& path, const std::string& digest,
                         const DataFile& expected) {
  if (digest == expected.sha256) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path, ": expected SHA-256 ",
                                          expected.sha256, ", got ", digest));
}

absl::StatusOr<std::string> ReadUpTo(const std::string& path, int64_t most) {
  ASSAY_ASSIGN_OR_RETURN(const int64_t size, SizeOfFile(path));
  if (size > most) {
    return FormatError(path, static_cast<size_t>(most),
                       absl::StrCat("at most ", most, " bytes"),
                       absl::StrCat(size));
  }
  return ReadFile(path);
}

// Whether the files are as they were when they were verified. Else `*stamp` is
// what they will be known by; empty where nobody asks.
bool IsKnown(const DatasetArgs& args, absl::Span<const std::string> paths,
             const DataFile& file, std::string* stamp) {
  if (!args.verify || args.verified == nullptr) return false;
  *stamp = StampOf(paths, file.sha256);
  return !stamp->empty() && args.verified->Has(*stamp);
}

// They were read and verified since `stamp` was taken: known from now on,
// unless somebody has touched them meanwhile.
void MakeKnown(const DatasetArgs& args, absl::Span<const std::string> paths,
               const DataFile& file, const std::string& stamp) {
  if (stamp.empty() || StampOf(paths, file.sha256) != stamp) return;
  args.verified->Add(stamp);
}

// The digest of a folder, as `sha256sum *` prints it, hashed again.
class FolderDigest {
 public:
  void Add(absl::string_view name, absl::string_view digest) {
    hash_.Update(absl::StrCat(digest, "  ", name, "\n"));
  }
  std::string Hex() { return hash_.Hex(); }

 private:
  Sha256 hash_;
};

absl::StatusOr<std::vector<std::string>> ListDataFolder(
    const std::string& folder) {
  ASSAY_ASSIGN_OR_RETURN(std::vector<std::string> names, ListFolder(folder));
  if (names.size() <= kMostFiles) return names;
  return absl::DataLossError(absl::StrCat(
      folder, ": expected at most ", kMostFiles, " files, got ", names.size()));
}

absl::Status CheckFolder(const std::string& path, const DataFile& file) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                         ListDataFolder(path));
  FolderDigest folder;
  int64_t total = 0;
  for (const std::string& name : names) {
    const std::string inner = JoinPath(path, name);
    ASSAY_ASSIGN_OR_RETURN(const int64_t size, SizeOfFile(inner));
    total += size;
    ASSAY_ASSIGN_OR_RETURN(const std::string digest, Sha256OfFile(inner));
    folder.Add(name, digest);
  }
  ASSAY_RETURN_IF_ERROR(CheckSize(path, total, file.bytes));
  return CheckDigest(path, folder.Hex(), file);
}

absl::Status CheckFile(const std::string& path, const DataFile& file) {
  if (IsFolder(file)) return CheckFolder(path, file);
  ASSAY_ASSIGN_OR_RETURN(const int64_t size, SizeOfFile(path));
  ASSAY_RETURN_IF_ERROR(CheckSize(path, size, file.bytes));
  ASSAY_ASSIGN_OR_RETURN(const std::string digest, Sha256OfFile(path));
  return CheckDigest(path, digest, file);
}

}  // namespace

std::string FolderOf(const DatasetInfo& info, absl::string_view data_dir) {
  return JoinPath(data_dir, info.folder);
}

std::string PathOf(const DatasetInfo& info, absl::string_view data_dir,
                   absl::string_view file) {
  return JoinPath(FolderOf(info, data_dir), file);
}

absl::StatusOr<std::string> ReadDataFile(const DatasetInfo& info,
                                         const DatasetArgs& args,
                                         absl::string_view path,
                                         std::vector<std::string>* digests) {
  const DataFile& file = Listed(info, path);
  const std::string full = PathOf(info, args.data_dir, path);
  if (args.verify) {
    ASSAY_ASSIGN_OR_RETURN(const int64_t size, SizeOfFile(full));
    ASSAY_RETURN_IF_ERROR(CheckSize(full, size, file.bytes));
  }
  std::string stamp;
  bool known = IsKnown(args, {full}, file, &stamp);
  ASSAY_ASSIGN_OR_RETURN(std::string bytes, ReadUpTo(full, kMostBytes));
  known = known && StampOf({full}, file.sha256) == stamp;
  const std::string digest = known ? file.sha256 : Sha256Hex(bytes);
  if (args.verify && !known) {
    ASSAY_RETURN_IF_ERROR(CheckDigest(full, digest, file));
    MakeKnown(args, {full}, file, stamp);
  }
  digests->push_back(digest);
  return bytes;
}

absl::StatusOr<std::vector<NamedBytes>> ReadDataFolder(
    const DatasetInfo& info, const DatasetArgs& args, absl::string_view path,
    std::vector<std::string>* digests) {
  const DataFile& file = Listed(info, path);
  const std::string full = PathOf(info, args.data_dir, path);
  ASSAY_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                         ListDataFolder(full));
  std::vector<std::string> paths;
  for (const std::string& name : names) paths.push_back(JoinPath(full, name));
  std::string stamp;
  const bool known = IsKnown(args, paths, file, &stamp);
  std::vector<NamedBytes> all;
  FolderDigest folder;
  int64_t total = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    ASSAY_ASSIGN_OR_RETURN(std::string bytes,
                           ReadUpTo(paths[i], kMostBytes - total));
    total += static_cast<int64_t>(bytes.size());
    if (!known) folder.Add(names[i], Sha256Hex(bytes));
    all.push_back({names[i], std::move(bytes)});
  }
  const std::string digest = known ? file.sha256 : folder.Hex();
  if (args.verify) {
    ASSAY_RETURN_IF_ERROR(CheckSize(full, total, file.bytes));
    ASSAY_RETURN_IF_ERROR(CheckDigest(full, digest, file));
    if (!known) MakeKnown(args, paths, file, stamp);
  }
  digests->push_back(digest);
  return all;
}

std::string Fingerprint(absl::string_view name, const DatasetOptions& resolved,
                        const std::vector<std::string>& digests) {
  return Sha256Hex(absl::StrCat(name, "\n", OptionsText(resolved), "\n",
                                absl::StrJoin(digests, "\n")));
}

std::vector<FileReport> CheckFiles(const DatasetInfo& info,
                                   absl::string_view data_dir) {
  std::vector<FileReport> reports;
  for (const DataFile& file : info.files) {
    FileReport report;
    report.path = file.path;
    report.status = CheckFile(PathOf(info, data_dir, file.path), file);
    if (absl::IsNotFound(report.status)) {
      report.state = FileState::kAbsent;
    } else if (!report.status.ok()) {
      report.state = FileState::kDamaged;
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

absl::Status VerifyDataset(const DatasetInfo& info,
                           absl::string_view data_dir) {
  for (const FileReport& report : CheckFiles(info, data_dir)) {
    ASSAY_RETURN_IF_ERROR(report.status);
  }
  return absl::OkStatus();
}

}  // namespace assay
