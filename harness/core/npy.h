// Tensors as NumPy's .npy files.
#ifndef ASSAY_HARNESS_CORE_NPY_H_
#define ASSAY_HARNESS_CORE_NPY_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/core/tensor.h"

namespace assay {

// The bytes of a file of format 1.0: little-endian, row-major. INVALID_ARGUMENT
// for bf16, which NumPy lacks.
absl::StatusOr<std::string> SerializeNpy(const Tensor& tensor);

// The tensor of a file of format 1 to 3. INVALID_ARGUMENT names `where` and
// what is wrong: another kind of file, other byte order, column-major, a type
// that Assay lacks, more or fewer bytes than the shape says.
absl::StatusOr<Tensor> ParseNpy(absl::string_view bytes,
                                absl::string_view where);

}  // namespace assay

#endif  // ASSAY_HARNESS_CORE_NPY_H_
