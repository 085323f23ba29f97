// Where in a run a process is, told to its parent so that a crash can be
// placed.
#ifndef ASSAY_HARNESS_HOST_STAGE_H_
#define ASSAY_HARNESS_HOST_STAGE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "harness/report/report.pb.h"

namespace assay {

// In a child: from now on it is in `stage`, and in the plugin's function or
// event `hook` ("run", "after_backward"; empty: in none). One write; any
// thread.
void EnterStage(Outcome::Stage stage, absl::string_view hook = "");

struct StagePlace {
  Outcome::Stage stage = Outcome::STAGE_UNSPECIFIED;
  std::string hook;
};

// In the parent: what ChildResult::stage says. A line that EnterStage did not
// write gives STAGE_UNSPECIFIED and the whole line as the hook.
StagePlace ParseStage(absl::string_view line);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_STAGE_H_
