// Dense linear algebra of small matrices on the host, in f64: what methods
// compute beside the network (truncated weights, Hessians, spatial filters,
// predictors). By LAPACK. The same operands give the same bits on one machine
// with one LAPACK: signs are fixed. Everything is INVALID_ARGUMENT for an
// operand that is empty, of the wrong shape, or holds a NaN or an infinity (its
// place is named).
#ifndef ASSAY_HARNESS_LINALG_LINALG_H_
#define ASSAY_HARNESS_LINALG_LINALG_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace assay {

// Row-major: element (i, j) is values[i * columns + j].
struct Matrix {
  Matrix() = default;
  Matrix(int64_t rows_in, int64_t columns_in)
      : rows(rows_in),
        columns(columns_in),
        values(static_cast<size_t>(rows_in * columns_in)) {}
  Matrix(int64_t rows_in, int64_t columns_in, std::vector<double> values_in)
      : rows(rows_in), columns(columns_in), values(std::move(values_in)) {}

  double& operator()(int64_t i, int64_t j) {
    return values[static_cast<size_t>(i * columns + j)];
  }
  double operator()(int64_t i, int64_t j) const {
    return values[static_cast<size_t>(i * columns + j)];
  }

  int64_t rows = 0, columns = 0;
  std::vector<double> values;
};

// a b, with a or b transposed where asked.
absl::StatusOr<Matrix> Multiply(const Matrix& a, const Matrix& b,
                                bool transpose_a = false,
                                bool transpose_b = false);

// a = u diag(s) v': u [m,k], v [n,k] with orthonormal columns, also where s is
// 0; s [k] falling; k = min(m, n). The largest magnitude of each column of u is
// positive. O(m n k).
struct Svd {
  Matrix u, v;
  std::vector<double> s;
};
absl::StatusOr<Svd> ThinSvd(const Matrix& a);

// The best approximation of rank `rank` (1 to k): u diag(s) v' over the first.
absl::StatusOr<Matrix> Truncate(const Svd& svd, int64_t rank);
// The smallest rank whose squared singular values hold `share` (0 to 1) of
// their sum; at least 1.
int64_t RankOfEnergy(absl::Span<const double> s, double share);

// a = q r for m >= n: q [m,n] with orthonormal columns, r [n,n] upper
// triangular with a diagonal of at least 0. O(m n^2).
struct Qr {
  Matrix q, r;
};
absl::StatusOr<Qr> ThinQr(const Matrix& a);

// a = vectors diag(values) vectors', falling; a must be symmetric to 1e-9 of
// its largest magnitude. Columns are orthonormal, their largest magnitude
// positive.
struct Eigenpairs {
  std::vector<double> values;
  Matrix vectors;  // [n,n], one a column
};
absl::StatusOr<Eigenpairs> SymmetricEigen(const Matrix& a);
// a x = value * b x with b positive definite; vectors' b vectors is the
// identity.
absl::StatusOr<Eigenpairs> GeneralisedEigen(const Matrix& a, const Matrix& b);

// The lower triangle l with a = l l'. a must be symmetric (as above);
// FAILED_PRECONDITION where it is not positive definite.
absl::StatusOr<Matrix> Cholesky(const Matrix& a);
// x of a x = b, and the inverse, for a symmetric positive definite a; errors as
// Cholesky's.
absl::StatusOr<Matrix> SolvePositive(const Matrix& a, const Matrix& b);
absl::StatusOr<Matrix> InversePositive(const Matrix& a);

// x of a x = b for any square a. FAILED_PRECONDITION where a is singular to
// working precision.
absl::StatusOr<Matrix> Solve(const Matrix& a, const Matrix& b);
// The x of least |a x - b|; among several the one of least |x|.
absl::StatusOr<Matrix> LeastSquares(const Matrix& a, const Matrix& b);
// Ridge regression: x of least |a x - b|^2 + penalty |x|^2, penalty above 0.
absl::StatusOr<Matrix> Ridge(const Matrix& a, const Matrix& b, double penalty);

}  // namespace assay

#endif  // ASSAY_HARNESS_LINALG_LINALG_H_
