// The `cpu` backend: oneDNN and own kernels on this machine's processor.
#ifndef ASSAY_HARNESS_BACKEND_CPU_CPU_DEVICE_H_
#define ASSAY_HARNESS_BACKEND_CPU_CPU_DEVICE_H_

#include <cstdint>
#include <memory>

#include "harness/backend/device.h"

namespace assay {

struct CpuOptions {
  // Samples that a program computes at a time (strip_plan.h): 0: as planned,
  // the batch or more: all.
  int64_t strip_samples = 0;
  // 3x3 convolutions and their gradients by Winograd's algorithm where that is
  // faster (ops/conv/cpu/winograd_cpu.h): the same precision, other roundings.
  // Off: as sums of products.
  bool winograd = true;
};

// Work runs in the calling thread (and the OpenMP threads of the program)
// before the call that queues it returns; streams only order it.
std::unique_ptr<Device> MakeCpuDevice();
std::unique_ptr<Device> MakeCpuDevice(const CpuOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_BACKEND_CPU_CPU_DEVICE_H_
