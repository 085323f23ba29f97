// attention_bytes.h where the processor has avx512_vnni.
#ifndef ASSAY_HARNESS_OPS_FUSED_CPU_ATTENTION_BYTES_VNNI_H_
#define ASSAY_HARNESS_OPS_FUSED_CPU_ATTENTION_BYTES_VNNI_H_

#include "harness/ops/fused/cpu/attention_bytes.h"

namespace assay::cpu {

const ByteLoops& VnniByteLoops();

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_FUSED_CPU_ATTENTION_BYTES_VNNI_H_
