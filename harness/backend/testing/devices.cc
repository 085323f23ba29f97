#include "harness/backend/testing/devices.h"

#include <utility>

#include "absl/status/statusor.h"
#include "harness/backend/guarded/guarded_device.h"
#include "harness/backend/registry.h"

namespace assay {

std::vector<std::string> TestDeviceNames() {
  std::vector<std::string> names;
  for (const Backend& backend : Backends()) names.push_back(backend.name);
  names.push_back("guarded");
  return names;
}

std::unique_ptr<Device> MakeTestDevice(const std::string& name) {
  if (name == "guarded") return MakeGuardedDevice();
  return std::move(MakeDevice(name)).value();
}

}  // namespace assay
