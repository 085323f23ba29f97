#include "harness/cli/places.h"

#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/core/file.h"

namespace assay {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string Folder(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

}  // namespace

std::string ThisExecutable() {
  char buffer[PATH_MAX];
  const ssize_t n = readlink("/proc/self/exe", buffer, sizeof(buffer));
  return n <= 0 ? "" : std::string(buffer, static_cast<size_t>(n));
}

std::string ProgramFiles() {
  const std::string executable = ThisExecutable();
  const std::string candidates[] = {
      JoinPath(Environment("RUNFILES_DIR"), "assay"),
      absl::StrCat(executable, ".runfiles/assay"),
      Folder(executable),
      // A test's data: the working folder of `bazel test` is its runfiles.
      ".",
  };
  for (const std::string& folder : candidates) {
    if (FileExists(JoinPath(folder, "harness/sweep/suites"))) return folder;
  }
  return "";
}

std::string KnownNames(const std::vector<std::string>& names) {
  if (!names.empty()) return absl::StrJoin(names, ", ");
  const std::string files = ProgramFiles();
  return files.empty() ? absl::StrCat("none: no plugins and suites lie beside ",
                                      ThisExecutable())
                       : absl::StrCat("none in ", files);
}

std::string UserPath(absl::string_view path) {
  if (absl::StartsWith(path, "/")) return std::string(path);
  const std::string typed_in = Environment("BUILD_WORKING_DIRECTORY");
  return typed_in.empty() ? std::string(path) : JoinPath(typed_in, path);
}

std::string DataFolder(absl::string_view flag) {
  if (!flag.empty()) return UserPath(flag);
  return Environment("ASSAY_DATA_DIR");
}

std::string CacheFolder(absl::string_view flag) {
  if (!flag.empty()) return UserPath(flag);
  if (std::string chosen = Environment("ASSAY_CACHE_DIR"); !chosen.empty()) {
    return chosen;
  }
  if (std::string xdg = Environment("XDG_CACHE_HOME"); !xdg.empty()) {
    return JoinPath(xdg, "assay");
  }
  const std::string home = Environment("HOME");
  return home.empty() ? "/tmp/assay-cache" : JoinPath(home, ".cache/assay");
}

}  // namespace assay
