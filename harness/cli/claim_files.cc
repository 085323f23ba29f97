#include "harness/cli/claim_files.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "harness/cli/places.h"
#include "harness/core/file.h"

namespace assay {
namespace {

std::string FileOf(absl::string_view plugin) {
  return JoinPath(ProgramFiles(),
                  absl::StrCat("plugins/", plugin, "/claims.textproto"));
}

}  // namespace

std::vector<std::string> PluginsWithClaims() {
  std::vector<std::string> plugins;
  auto names = ListFolder(JoinPath(ProgramFiles(), "plugins"));
  if (!names.ok()) return plugins;
  for (const std::string& name : *names) {
    if (FileExists(FileOf(name))) plugins.push_back(name);
  }
  return plugins;
}

absl::StatusOr<std::string> ClaimFile(absl::string_view name) {
  if (absl::EndsWith(name, ".textproto")) return UserPath(name);
  const std::string path = FileOf(name);
  if (FileExists(path)) return path;
  return absl::NotFoundError(absl::StrCat(
      "plugin '", name, "' claims nothing; those that do are ",
      KnownNames(PluginsWithClaims()), ", or name a .textproto file"));
}

}  // namespace assay
