// Device memory of the cpu backend.
#ifndef ASSAY_HARNESS_BACKEND_CPU_CPU_BUFFER_H_
#define ASSAY_HARNESS_BACKEND_CPU_CPU_BUFFER_H_

#include <cstdint>
#include <utility>

#include "harness/backend/cpu/aligned_memory.h"
#include "harness/backend/device.h"

namespace assay::cpu {

class CpuBuffer final : public DeviceBuffer {
 public:
  CpuBuffer(AlignedMemory memory, int64_t bytes)
      : memory_(std::move(memory)), bytes_(bytes) {}
  int64_t bytes() const override { return bytes_; }
  void* address() const { return memory_.get(); }

 private:
  AlignedMemory memory_;
  int64_t bytes_;
};

// The memory of a tensor that the cpu device allocated.
void* HostAddress(const DeviceTensor& tensor);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_CPU_BUFFER_H_
