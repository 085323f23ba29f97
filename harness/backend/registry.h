// Every backend, by name. The list of folders is harness/backend/registry.bzl.
#ifndef ASSAY_HARNESS_BACKEND_REGISTRY_H_
#define ASSAY_HARNESS_BACKEND_REGISTRY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/backend/device.h"

namespace assay {

struct Backend {
  std::string name;  // "cpu"
  std::unique_ptr<Device> (*make)();
};

// Sorted by name; lives for ever. Generated from registry.bzl.
const std::vector<Backend>& Backends();

// NOT_FOUND lists the known names.
absl::StatusOr<std::unique_ptr<Device>> MakeDevice(absl::string_view backend);

}  // namespace assay

#endif  // ASSAY_HARNESS_BACKEND_REGISTRY_H_
