// The `cpu` backend: oneDNN and own kernels on this machine's processor.
#ifndef ASSAY_HARNESS_BACKEND_CPU_CPU_DEVICE_H_
#define ASSAY_HARNESS_BACKEND_CPU_CPU_DEVICE_H_

#include <memory>

#include "harness/backend/cpu/cpu_options.h"
#include "harness/backend/device.h"

namespace assay {

// Work runs in the calling thread (and the OpenMP threads of the program)
// before the call that queues it returns; streams only order it.
std::unique_ptr<Device> MakeCpuDevice();
// Compile says UNIMPLEMENTED of options that it cannot heed in any layer.
std::unique_ptr<Device> MakeCpuDevice(const CpuOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_BACKEND_CPU_CPU_DEVICE_H_
