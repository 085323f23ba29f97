#include "harness/models/onnx/proto/external_data.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

absl::Status Refused(const std::string& location, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("external data '", location, "': ", why));
}

absl::Status SystemError(int error, const std::string& path) {
  const absl::Status status =
      absl::ErrnoToStatus(error, absl::StrCat("external data ", path));
  return error == ENOENT || error == ENOTDIR
             ? absl::NotFoundError(status.message())
             : absl::UnavailableError(status.message());
}

// The file itself, links resolved; below `folder` for sure.
absl::StatusOr<fs::path> Resolve(const std::string& folder,
                                 const std::string& location) {
  const fs::path relative(location);
  if (location.empty() || location.find('\0') != std::string::npos) {
    return Refused(location, "expected a path");
  }
  if (relative.is_absolute()) {
    return Refused(location, "expected a path relative to the model");
  }
  if (std::find(relative.begin(), relative.end(), "..") != relative.end()) {
    return Refused(location, "'..' leads out of the model's folder");
  }
  std::error_code error;
  const fs::path base = fs::canonical(folder.empty() ? "." : folder, error);
  if (error) return SystemError(error.value(), folder);
  const fs::path path = fs::canonical(base / relative, error);
  if (error) return SystemError(error.value(), base / relative);
  const auto [end, rest] =
      std::mismatch(base.begin(), base.end(), path.begin(), path.end());
  if (end != base.end()) {
    return Refused(location, "a link leads out of the model's folder");
  }
  return path;
}

absl::Status ReadAt(int fd, int64_t offset, int64_t bytes, void* to,
                    const std::string& path) {
  char* at = static_cast<char*>(to);
  while (bytes > 0) {
    const ssize_t n = pread(fd, at, static_cast<size_t>(bytes), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError(errno, path);
    if (n == 0) return Refused(path, "the file was cut while it was read");
    at += n;
    offset += n;
    bytes -= n;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadExternalData(const std::string& folder,
                              const ExternalRange& range, int64_t bytes,
                              void* to) {
  ASSAY_ASSIGN_OR_RETURN(const fs::path path, Resolve(folder, range.location));
  const int fd =
      open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return SystemError(errno, path);
  const absl::Cleanup closer = [fd] { close(fd); };
  struct stat info;
  if (fstat(fd, &info) != 0) return SystemError(errno, path);
  if (!S_ISREG(info.st_mode)) {
    return Refused(range.location, "expected a regular file");
  }
  const int64_t size = info.st_size;
  if (range.offset < 0 || range.offset > size) {
    return Refused(range.location,
                   absl::StrCat("offset ", range.offset,
                                " is outside the file of ", size, " bytes"));
  }
  const int64_t length = range.length < 0 ? size - range.offset : range.length;
  if (length > size - range.offset) {
    return Refused(range.location,
                   absl::StrCat(length, " bytes from offset ", range.offset,
                                " reach past the file of ", size, " bytes"));
  }
  if (length != bytes) {
    return Refused(
        range.location,
        absl::StrCat("expected ", bytes, " bytes of elements, got ", length));
  }
  return ReadAt(fd, range.offset, bytes, to, path);
}

}  // namespace assay
