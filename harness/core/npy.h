// Tensors as NumPy's .npy files.
#ifndef ASSAY_HARNESS_CORE_NPY_H_
#define ASSAY_HARNESS_CORE_NPY_H_

#include <string>

#include "absl/status/statusor.h"
#include "harness/core/tensor.h"

namespace assay {

// The bytes of a file of format 1.0: little-endian, row-major. INVALID_ARGUMENT
// for bf16, which NumPy lacks.
absl::StatusOr<std::string> SerializeNpy(const Tensor& tensor);

}  // namespace assay

#endif  // ASSAY_HARNESS_CORE_NPY_H_
