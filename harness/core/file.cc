#include "harness/core/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

// "open a/b: No such file or directory".
absl::Status SystemError(int error, absl::string_view verb,
                         const std::string& path) {
  const absl::Status status =
      absl::ErrnoToStatus(error, absl::StrCat(verb, " ", path));
  return error == ENOENT || error == ENOTDIR
             ? absl::NotFoundError(status.message())
             : absl::UnavailableError(status.message());
}

absl::Status WriteAll(int fd, absl::string_view bytes,
                      const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError(errno, "write", path);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  if (fsync(fd) != 0) return SystemError(errno, "flush", path);
  return absl::OkStatus();
}

// Makes a rename in `folder` last through a power cut. Best effort: some file
// systems refuse to flush a folder, and the data itself is already safe.
void FlushFolder(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder;
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return SystemError(errno, "open", path);
  absl::Cleanup close_fd = [fd] { close(fd); };
  std::string bytes;
  size_t size = 0;
  struct stat info;
  if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0) {
    bytes.resize(static_cast<size_t>(info.st_size) + 1);  // +1 sees the end
  }
  while (true) {
    if (size == bytes.size()) bytes.resize(size + size / 2 + 4096);
    const ssize_t n = read(fd, &bytes[size], bytes.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError(errno, "read", path);
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  bytes.resize(size);
  return bytes;
}

absl::Status WriteFileAtomically(const std::string& path,
                                 absl::string_view bytes) {
  static std::atomic<int> serial{0};
  const std::string folder = FolderOf(path);
  ASSAY_RETURN_IF_ERROR(MakeFolders(folder));
  const std::string temporary =
      absl::StrCat(path, ".tmp.", getpid(), ".", serial.fetch_add(1));
  // O_TRUNC, not O_EXCL: only a dead process of the same id can have left one.
  const int fd =
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return SystemError(errno, "create", temporary);
  absl::Status status = WriteAll(fd, bytes, temporary);
  if (close(fd) != 0) status.Update(SystemError(errno, "close", temporary));
  if (status.ok() && rename(temporary.c_str(), path.c_str()) != 0) {
    status = SystemError(errno, "rename to", path);
  }
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  FlushFolder(folder);
  return absl::OkStatus();
}

absl::Status MakeFolders(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return SystemError(error.value(), "make folder", path);
  return absl::OkStatus();
}

bool FileExists(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0;
}

absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::directory_iterator it(folder, error), end;
  std::vector<std::string> names;
  while (!error && it != end) {
    names.push_back(it->path().filename());
    it.increment(error);
  }
  if (error) return SystemError(error.value(), "list", folder);
  std::sort(names.begin(), names.end());
  return names;
}

std::string JoinPath(absl::string_view a, absl::string_view b) {
  if (a.empty() || (!b.empty() && b.front() == '/')) return std::string(b);
  if (b.empty()) return std::string(a);
  return absl::StrCat(a, a.back() == '/' ? "" : "/", b);
}

}  // namespace assay
