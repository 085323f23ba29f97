#include "harness/backend/cpu/kernel_registry.h"

#include <algorithm>
#include <iterator>

#include "harness/backend/cpu/support.h"
#include "harness/ops/attention/cpu/decoder_layer_cpu.h"
#include "harness/ops/attention/cpu/rope_cpu.h"
#include "harness/ops/conv/cpu/conv_cpu.h"
#include "harness/ops/custom/cpu/custom_cpu.h"
#include "harness/ops/elementwise/cpu/elementwise_cpu.h"
#include "harness/ops/fused/cpu/attention_backward_cpu.h"
#include "harness/ops/fused/cpu/attention_cpu.h"
#include "harness/ops/fused/cpu/fused_cpu.h"
#include "harness/ops/matmul/cpu/linear_u4_cpu.h"
#include "harness/ops/matmul/cpu/matmul_cpu.h"
#include "harness/ops/norm/cpu/batch_norm_cpu.h"
#include "harness/ops/norm/cpu/row_norm_cpu.h"
#include "harness/ops/optimizer/cpu/optimizer_cpu.h"
#include "harness/ops/pool/cpu/pool_cpu.h"
#include "harness/ops/random/cpu/random_cpu.h"
#include "harness/ops/reduce/cpu/reduce_cpu.h"
#include "harness/ops/reduce/cpu/scan_cpu.h"
#include "harness/ops/shape/cpu/along_cpu.h"
#include "harness/ops/shape/cpu/index_cpu.h"
#include "harness/ops/shape/cpu/shape_cpu.h"
#include "harness/ops/softmax/cpu/softmax_cpu.h"

namespace assay::cpu {
namespace {

constexpr KernelEntry kKernels[] = {
#define ASSAY_CPU_KERNEL(op, make, supports) {#op, make, supports, false},
#define ASSAY_CPU_ELEMENTWISE(op) {#op, MakeElementwise, SupportsAll, true},
#include "harness/backend/cpu/kernels.inc"
#undef ASSAY_CPU_KERNEL
#undef ASSAY_CPU_ELEMENTWISE
};

}  // namespace

const KernelEntry* FindKernel(absl::string_view op) {
  const auto* found =
      std::find_if(std::begin(kKernels), std::end(kKernels),
                   [&](const KernelEntry& entry) { return entry.op == op; });
  return found == std::end(kKernels) ? nullptr : found;
}

}  // namespace assay::cpu
