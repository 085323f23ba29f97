#include "harness/measure/system_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"

namespace assay {

std::string SystemFiles::Full(absl::string_view path) const {
  return absl::StrCat(root_, path);
}

absl::StatusOr<std::string> SystemFiles::Text(absl::string_view path) const {
  ASSAY_ASSIGN_OR_RETURN(std::string text, ReadFile(Full(path)));
  absl::StripAsciiWhitespace(&text);
  return text;
}

absl::StatusOr<int64_t> SystemFiles::Integer(absl::string_view path) const {
  ASSAY_ASSIGN_OR_RETURN(const std::string text, Text(path));
  int64_t value = 0;
  if (absl::SimpleAtoi(text, &value)) return value;
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": expected a whole number, got \"", text.substr(0, 40), "\""));
}

std::vector<std::string> SystemFiles::Names(absl::string_view folder) const {
  auto names = ListFolder(Full(folder));
  return names.ok() ? *std::move(names) : std::vector<std::string>();
}

bool SystemFiles::Exists(absl::string_view path) const {
  return FileExists(Full(path));
}

absl::Status SystemFiles::Write(absl::string_view path,
                                absl::string_view text) const {
  const int fd = open(Full(path).c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("open ", path));
  const ssize_t n = write(fd, text.data(), text.size());
  const int error = errno;
  close(fd);
  if (n == static_cast<ssize_t>(text.size())) return absl::OkStatus();
  return absl::ErrnoToStatus(error, absl::StrCat("write ", path));
}

std::string FieldOf(absl::string_view text, absl::string_view key) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::ConsumePrefix(&line, key)) continue;
    line = absl::StripLeadingAsciiWhitespace(line);
    if (absl::ConsumePrefix(&line, ":")) {
      return std::string(absl::StripAsciiWhitespace(line));
    }
  }
  return "";
}

}  // namespace assay
