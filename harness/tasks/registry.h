// Every task, by id. The list of folders is harness/tasks/registry.bzl.
#ifndef ASSAY_HARNESS_TASKS_REGISTRY_H_
#define ASSAY_HARNESS_TASKS_REGISTRY_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/tasks/task_spec.h"

namespace assay {

// Sorted by id; lives for ever.
const std::vector<TaskSpec>& TaskSpecs();

// NOT_FOUND lists the known ids.
absl::StatusOr<TaskSpec> FindTask(absl::string_view id);

// Generated from registry.bzl: folder by folder.
std::vector<TaskSpec> UnsortedTaskSpecs();

}  // namespace assay

#endif  // ASSAY_HARNESS_TASKS_REGISTRY_H_
