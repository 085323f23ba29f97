// The devices that backend tests run on.
#ifndef ASSAY_HARNESS_BACKEND_TESTING_DEVICES_H_
#define ASSAY_HARNESS_BACKEND_TESTING_DEVICES_H_

#include <memory>
#include <string>
#include <vector>

#include "harness/backend/device.h"

namespace assay {

// Every registered backend, and "guarded".
std::vector<std::string> TestDeviceNames();
// Aborts on a name that is not one of those.
std::unique_ptr<Device> MakeTestDevice(const std::string& name);

}  // namespace assay

#endif  // ASSAY_HARNESS_BACKEND_TESTING_DEVICES_H_
