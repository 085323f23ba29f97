// Answers to Device::Supports that several kernels share.
#ifndef ASSAY_HARNESS_BACKEND_CPU_SUPPORT_H_
#define ASSAY_HARNESS_BACKEND_CPU_SUPPORT_H_

#include <initializer_list>
#include <string>

#include "absl/status/status.h"
#include "harness/graph/graph.h"

namespace assay::cpu {

// "conv2d(f32[1,3,8,8], f32[4,3,3,3])".
std::string Signature(const Graph& graph, const Node& node);

// OK when operand and result types are all among `dtypes`; UNIMPLEMENTED names
// the first that is not.
absl::Status SupportsOnly(const Graph& graph, const Node& node,
                          std::initializer_list<DType> dtypes);

// f32 and bf16 (with s32 indices or labels where the op has them).
absl::Status SupportsFloat(const Graph& graph, const Node& node);
// f32, bf16, f64, s32, s64.
absl::Status SupportsNumber(const Graph& graph, const Node& node);
absl::Status SupportsF32(const Graph& graph, const Node& node);
// Any type: the kernel moves bytes.
absl::Status SupportsAll(const Graph& graph, const Node& node);
// f32, and bf16 where the processor multiplies it natively.
absl::Status SupportsNativeFloat(const Graph& graph, const Node& node);
// As SupportsNativeFloat, and u8 or s8 where it has VNNI or AMX.
absl::Status SupportsNativeInteger(const Graph& graph, const Node& node);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_SUPPORT_H_
