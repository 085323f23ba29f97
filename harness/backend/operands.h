// Checks that every backend makes before it queues work.
#ifndef ASSAY_HARNESS_BACKEND_OPERANDS_H_
#define ASSAY_HARNESS_BACKEND_OPERANDS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "harness/backend/device.h"

namespace assay {

// The operands of Program::Run against the graph: as many as it has, with
// buffers, of its types. INVALID_ARGUMENT names the operand, expected and got.
absl::Status CheckRunOperands(const Graph& graph,
                              absl::Span<const DeviceTensor> inputs,
                              absl::Span<const DeviceTensor> parameters,
                              absl::Span<const DeviceTensor> outputs);

// The two ends of a copy. INVALID_ARGUMENT "upload: expected f32[2], got ...".
absl::Status CheckCopy(absl::string_view what, const TensorType& src,
                       const TensorType& dst);

// OK when `device` supports every node; else one UNIMPLEMENTED status with all
// that it lacks.
absl::Status CheckSupported(const Device& device, const Graph& graph);

TensorType TypeOf(const Tensor& tensor);

}  // namespace assay

#endif  // ASSAY_HARNESS_BACKEND_OPERANDS_H_
