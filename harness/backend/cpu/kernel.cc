#include "harness/backend/cpu/kernel.h"

namespace assay::cpu {

Kernel::~Kernel() = default;

}  // namespace assay::cpu
