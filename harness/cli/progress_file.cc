#include "harness/cli/progress_file.h"

#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "harness/cli/table.h"
#include "harness/core/file.h"
#include "harness/core/progress.h"

namespace assay {
namespace {

constexpr char kFile[] = "progress.json";

// Not flushed to the disk: that would hold up what is being timed.
void Replace(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".tmp";
  std::FILE* file = std::fopen(temporary.c_str(), "we");
  if (file == nullptr) return;
  const bool written =
      std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (std::fclose(file) == 0 && written) {
    (void)std::rename(temporary.c_str(), path.c_str());
  }
}

}  // namespace

std::string ProgressJson(absl::string_view process, const ProgressState& state,
                         absl::Time now) {
  return absl::StrCat(
      "{\"process\": ", JsonString(process),
      ", \"label\": ", JsonString(state.label), ", \"done\": ", state.done,
      ", \"total\": ", state.total, ", \"unit\": ", JsonString(state.unit),
      ", \"note\": ", JsonString(state.note),
      absl::StrFormat(", \"seconds\": %.3f", state.seconds),
      ", \"finished\": ", state.finished ? "true" : "false",
      ", \"updated\": \"",
      absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", now, absl::UTCTimeZone()),
      "\"}\n");
}

void KeepProgressFile(std::string folder, std::string process) {
  SetProgressObserver([path = JoinPath(folder, kFile),
                       process = std::move(process)](const ProgressState& s) {
    Replace(path, ProgressJson(process, s, absl::Now()));
  });
}

}  // namespace assay
