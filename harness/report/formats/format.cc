#include "harness/report/formats/format.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace assay {

absl::StatusOr<const ReportFormat*> FindReportFormat(absl::string_view name) {
  std::vector<std::string> known;
  for (const ReportFormat* format : ReportFormats()) {
    if (format->name == name) return format;
    known.push_back(format->name);
  }
  return absl::NotFoundError(absl::StrCat(
      "no report format \"", name, "\"; known: ", absl::StrJoin(known, ", ")));
}

}  // namespace assay
