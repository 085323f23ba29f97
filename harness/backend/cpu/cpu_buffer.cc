#include "harness/backend/cpu/cpu_buffer.h"

namespace assay::cpu {

void* HostAddress(const DeviceTensor& tensor) {
  return static_cast<const CpuBuffer*>(tensor.buffer.get())->address();
}

}  // namespace assay::cpu
