// The kernels of this backend: kernels.inc.
#ifndef ASSAY_HARNESS_BACKEND_CPU_KERNEL_REGISTRY_H_
#define ASSAY_HARNESS_BACKEND_CPU_KERNEL_REGISTRY_H_

#include "absl/strings/string_view.h"
#include "harness/backend/cpu/kernel_entry.h"

namespace assay::cpu {

// Null when there is none.
const KernelEntry* FindKernel(absl::string_view op);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_KERNEL_REGISTRY_H_
