// A device for tests that behaves like the worst GPU: the host faults when it
// touches device memory, and nothing queued has run before Synchronize. What
// works here makes no assumption that only holds on the CPU.
#ifndef ASSAY_HARNESS_BACKEND_GUARDED_GUARDED_DEVICE_H_
#define ASSAY_HARNESS_BACKEND_GUARDED_GUARDED_DEVICE_H_

#include <memory>

#include "harness/backend/device.h"

namespace assay {

// Runs the ops' references. A stream keeps its work until Synchronize (or its
// own end), so that work which wrongly relies on another stream's finds the
// 0xff bytes that buffers start with.
std::unique_ptr<Device> MakeGuardedDevice();

// Where `tensor`'s memory lies: for tests that touch it and die.
const void* GuardedAddress(const DeviceTensor& tensor);

}  // namespace assay

#endif  // ASSAY_HARNESS_BACKEND_GUARDED_GUARDED_DEVICE_H_
