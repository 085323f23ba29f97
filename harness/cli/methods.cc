#include "harness/cli/methods.h"

#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "harness/cli/places.h"
#include "harness/core/file.h"

namespace assay {
namespace {

std::string NameOf(const std::string& path) {
  const absl::string_view file =
      absl::string_view(path).substr(path.rfind('/') + 1);
  return std::string(absl::StripSuffix(file, ".so"));
}

}  // namespace

std::vector<std::string> PluginFiles() {
  std::vector<std::string> files;
  if (const char* path = std::getenv("ASSAY_PLUGIN_PATH"); path != nullptr) {
    for (const absl::string_view folder :
         absl::StrSplit(path, ':', absl::SkipEmpty())) {
      auto names = ListFolder(std::string(folder));
      if (!names.ok()) continue;
      for (const std::string& name : *names) {
        if (absl::EndsWith(name, ".so"))
          files.push_back(JoinPath(folder, name));
      }
    }
  }
  const std::string plugins = JoinPath(ProgramFiles(), "plugins");
  auto names = ListFolder(plugins);
  if (!names.ok()) return files;
  for (const std::string& name : *names) {
    const std::string file =
        JoinPath(plugins, absl::StrCat(name, "/", name, ".so"));
    if (FileExists(file)) files.push_back(file);
  }
  return files;
}

absl::StatusOr<std::string> PluginFileOf(absl::string_view method,
                                         absl::string_view plugin_flag) {
  if (!plugin_flag.empty()) {
    std::string file = UserPath(plugin_flag);
    if (FileExists(file)) return file;
    return absl::NotFoundError(absl::StrCat("--plugin: no file ", file));
  }
  std::vector<std::string> names;
  for (const std::string& file : PluginFiles()) {
    names.push_back(NameOf(file));
    if (names.back() == method) return file;
  }
  return absl::NotFoundError(absl::StrCat("no plugin for method '", method,
                                          "'; there are ", KnownNames(names)));
}

}  // namespace assay
