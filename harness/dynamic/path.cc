#include "harness/dynamic/path.h"

#include "absl/strings/str_cat.h"

namespace assay {

std::string PathText(const Path& path) {
  std::string text;
  for (const PathStep& step : path) {
    absl::StrAppend(&text, step.site, step.holds ? "+" : "-");
  }
  return text;
}

}  // namespace assay
