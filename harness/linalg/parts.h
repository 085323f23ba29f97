// What the files of this library share: checks of operands, rows, triangles.
#ifndef ASSAY_HARNESS_LINALG_PARTS_H_
#define ASSAY_HARNESS_LINALG_PARTS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/linalg/linalg.h"

namespace assay::linalg {

std::string Extents(const Matrix& a);  // "[2,3]"

// INVALID_ARGUMENT unless `a` has elements, all of them finite; ... is square;
// ... is symmetric; unless b has as many rows as a.
absl::Status Check(const Matrix& a, const char* name);
absl::Status CheckSquare(const Matrix& a, const char* name);
absl::Status CheckSymmetric(const Matrix& a, const char* name);
absl::Status CheckRows(const Matrix& a, const Matrix& b);

Matrix Transposed(const Matrix& a);

double* RowOf(Matrix& a, int64_t i);
const double* RowOf(const Matrix& a, int64_t i);

// Cholesky's lower triangle; errors name the matrix.
absl::StatusOr<Matrix> LowerFactor(const Matrix& a, const char* name);
// The x of l x = b, and of l' x = b, in place of b.
void SolveLower(const Matrix& l, Matrix* b);
void SolveLowerTransposed(const Matrix& l, Matrix* b);

// The sum of a[i] * b[i], in eight interleaved parts.
double Dot(const double* a, const double* b, int64_t n);
// to[i] += factor * from[i].
void AddScaled(const double* from, double factor, double* to, int64_t n);

}  // namespace assay::linalg

#endif  // ASSAY_HARNESS_LINALG_PARTS_H_
