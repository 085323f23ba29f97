#include "harness/cli/suites.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "harness/cli/places.h"
#include "harness/core/file.h"

namespace assay {
namespace {

constexpr char kSuffix[] = ".textproto";

std::string Folder() {
  return JoinPath(ProgramFiles(), "harness/sweep/suites");
}

}  // namespace

std::vector<std::string> SuiteNames() {
  std::vector<std::string> names;
  auto files = ListFolder(Folder());
  if (!files.ok()) return names;
  for (const std::string& file : *files) {
    if (absl::EndsWith(file, kSuffix)) {
      names.emplace_back(absl::StripSuffix(file, kSuffix));
    }
  }
  return names;
}

absl::StatusOr<std::string> SuiteFile(absl::string_view name) {
  if (absl::EndsWith(name, kSuffix)) return UserPath(name);
  const std::string path = JoinPath(Folder(), absl::StrCat(name, kSuffix));
  if (FileExists(path)) return path;
  return absl::NotFoundError(absl::StrCat("no suite '", name, "'; there are ",
                                          KnownNames(SuiteNames()),
                                          ", or name a .textproto file"));
}

}  // namespace assay
