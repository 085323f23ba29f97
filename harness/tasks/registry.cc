#include "harness/tasks/registry.h"

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace assay {

const std::vector<TaskSpec>& TaskSpecs() {
  static const std::vector<TaskSpec>* const specs = [] {
    auto* all = new std::vector<TaskSpec>(UnsortedTaskSpecs());
    std::sort(all->begin(), all->end(),
              [](const TaskSpec& a, const TaskSpec& b) { return a.id < b.id; });
    return all;
  }();
  return *specs;
}

absl::StatusOr<TaskSpec> FindTask(absl::string_view id) {
  for (const TaskSpec& spec : TaskSpecs()) {
    if (spec.id == id) return spec;
  }
  return absl::NotFoundError(
      absl::StrCat("task \"", id, "\": expected one of ",
                   absl::StrJoin(TaskSpecs(), ", ",
                                 [](std::string* out, const TaskSpec& spec) {
                                   absl::StrAppend(out, spec.id);
                                 })));
}

}  // namespace assay
