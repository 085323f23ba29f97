#include "harness/host/stage.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "harness/host/process/child_process.h"

namespace assay {

void EnterStage(Outcome::Stage stage, absl::string_view hook) {
  ReportStage(
      absl::StrCat(Outcome::Stage_Name(stage), hook.empty() ? "" : ": ", hook));
}

StagePlace ParseStage(absl::string_view line) {
  const size_t colon = line.find(": ");
  StagePlace place;
  if (Outcome::Stage_Parse(std::string(line.substr(0, colon)), &place.stage)) {
    if (colon != absl::string_view::npos) {
      place.hook = std::string(line.substr(colon + 2));
    }
  } else {
    place.stage = Outcome::STAGE_UNSPECIFIED;
    place.hook = std::string(line);
  }
  return place;
}

}  // namespace assay
