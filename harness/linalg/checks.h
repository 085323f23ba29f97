// What every function of linalg.h asks of its operands.
#ifndef ASSAY_HARNESS_LINALG_CHECKS_H_
#define ASSAY_HARNESS_LINALG_CHECKS_H_

#include <string>

#include "absl/status/status.h"
#include "harness/linalg/linalg.h"

namespace assay::linalg {

std::string Extents(const Matrix& a);  // "[2,3]"

// INVALID_ARGUMENT unless `a` has elements, all of them finite; ... is square;
// ... is symmetric; unless b has as many rows as a.
absl::Status Check(const Matrix& a, const char* name);
absl::Status CheckSquare(const Matrix& a, const char* name);
absl::Status CheckSymmetric(const Matrix& a, const char* name);
absl::Status CheckRows(const Matrix& a, const Matrix& b);

}  // namespace assay::linalg

#endif  // ASSAY_HARNESS_LINALG_CHECKS_H_
