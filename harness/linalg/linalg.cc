#include "harness/linalg/linalg.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/linalg/checks.h"
#include "lapacke.h"

namespace assay {
namespace {

using linalg::Check;
using linalg::CheckRows;
using linalg::CheckSquare;
using linalg::CheckSymmetric;
using linalg::Extents;

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

lapack_int Int(int64_t n) { return static_cast<lapack_int>(n); }
double* Data(Matrix* a) { return a->values.data(); }

// Operands are checked before a routine of LAPACK sees them, so what is left is
// a lack of memory, or an iteration that did not end.
absl::Status Done(const char* routine, lapack_int info) {
  if (info == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("LAPACK's ", routine, ": ", info));
}

Matrix Transposed(const Matrix& a) {
  Matrix t(a.columns, a.rows);
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t j = 0; j < a.columns; ++j) t(j, i) = a(i, j);
  }
  return t;
}

// -1 where the largest magnitude of the column, the first of equals to a
// rounding, is negative.
double SignOf(const Matrix& a, int64_t column) {
  double most = 0;
  for (int64_t i = 0; i < a.rows; ++i) {
    if (std::abs(a(i, column)) > std::abs(most) * (1 + 1e-12)) {
      most = a(i, column);
    }
  }
  return most < 0 ? -1 : 1;
}

void Scale(int64_t column, double factor, Matrix* a) {
  for (int64_t i = 0; i < a->rows; ++i) (*a)(i, column) *= factor;
}

void ClearAbove(Matrix* a) {
  for (int64_t i = 0; i < a->rows; ++i) {
    for (int64_t j = i + 1; j < a->columns; ++j) (*a)(i, j) = 0;
  }
}

// From rising to falling values, signs fixed.
Eigenpairs Falling(std::vector<double> rising, const Matrix& columns) {
  const int64_t n = columns.columns;
  Eigenpairs pairs{{rising.rbegin(), rising.rend()}, Matrix(columns.rows, n)};
  for (int64_t j = 0; j < n; ++j) {
    const double sign = SignOf(columns, n - 1 - j);
    for (int64_t i = 0; i < columns.rows; ++i) {
      pairs.vectors(i, j) = sign * columns(i, n - 1 - j);
    }
  }
  return pairs;
}

absl::Status NotPositive(const char* name, int64_t minor) {
  return absl::FailedPreconditionError(absl::StrCat(
      name, ": expected a positive definite matrix, got one whose ", "leading ",
      minor, " rows and columns are not"));
}

}  // namespace

absl::StatusOr<Matrix> Multiply(const Matrix& a, const Matrix& b,
                                bool transpose_a, bool transpose_b) {
  ASSAY_RETURN_IF_ERROR(Check(a, "a"));
  ASSAY_RETURN_IF_ERROR(Check(b, "b"));
  const int64_t inner_a = transpose_a ? a.rows : a.columns;
  const int64_t inner_b = transpose_b ? b.columns : b.rows;
  if (inner_a != inner_b) {
    return absl::InvalidArgumentError(absl::StrCat(
        "product of ", Extents(a), transpose_a ? "'" : "", " and ", Extents(b),
        transpose_b ? "'" : "", ": expected equal inner extents"));
  }
  const Matrix turned_a = transpose_a ? Transposed(a) : Matrix();
  const Matrix turned_b = transpose_b ? Transposed(b) : Matrix();
  const Matrix& x = transpose_a ? turned_a : a;
  const Matrix& y = transpose_b ? turned_b : b;
  Matrix product(x.rows, y.columns);
  for (int64_t i = 0; i < x.rows; ++i) {
    for (int64_t k = 0; k < x.columns; ++k) {
      for (int64_t j = 0; j < y.columns; ++j)
        product(i, j) += x(i, k) * y(k, j);
    }
  }
  return product;
}

absl::StatusOr<Svd> ThinSvd(const Matrix& a) {
  ASSAY_RETURN_IF_ERROR(Check(a, "a"));
  const int64_t k = std::min(a.rows, a.columns);
  Matrix work = a, turned(k, a.columns);
  Svd svd;
  svd.u = Matrix(a.rows, k);
  svd.s.resize(static_cast<size_t>(k));
  ASSAY_RETURN_IF_ERROR(Done(
      "dgesdd",
      LAPACKE_dgesdd(LAPACK_ROW_MAJOR, 'S', Int(a.rows), Int(a.columns),
                     Data(&work), Int(a.columns), svd.s.data(), Data(&svd.u),
                     Int(k), Data(&turned), Int(a.columns))));
  svd.v = Transposed(turned);
  for (int64_t j = 0; j < k; ++j) {
    const double sign = SignOf(svd.u, j);
    Scale(j, sign, &svd.u);
    Scale(j, sign, &svd.v);
  }
  return svd;
}

absl::StatusOr<Matrix> Truncate(const Svd& svd, int64_t rank) {
  const int64_t k = static_cast<int64_t>(svd.s.size());
  if (rank < 1 || rank > k) {
    return absl::InvalidArgumentError(
        absl::StrCat("rank: expected 1 to ", k, ", got ", rank));
  }
  Matrix u = svd.u;
  for (int64_t j = 0; j < k; ++j) {
    Scale(j, j < rank ? svd.s[static_cast<size_t>(j)] : 0, &u);
  }
  return Multiply(u, svd.v, false, true);
}

int64_t RankOfEnergy(absl::Span<const double> s, double share) {
  double all = 0;
  for (const double value : s) all += value * value;
  double held = 0;
  for (size_t i = 0; i < s.size(); ++i) {
    held += s[i] * s[i];
    if (held >= share * all) return static_cast<int64_t>(i) + 1;
  }
  return static_cast<int64_t>(s.size());
}

absl::StatusOr<Qr> ThinQr(const Matrix& a) {
  ASSAY_RETURN_IF_ERROR(Check(a, "a"));
  const int64_t m = a.rows, n = a.columns;
  if (m < n) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a: expected at least as many rows as columns, got ", Extents(a)));
  }
  Qr qr{a, Matrix(n, n)};
  std::vector<double> reflections(static_cast<size_t>(n));
  ASSAY_RETURN_IF_ERROR(
      Done("dgeqrf", LAPACKE_dgeqrf(LAPACK_ROW_MAJOR, Int(m), Int(n),
                                    Data(&qr.q), Int(n), reflections.data())));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = i; j < n; ++j) qr.r(i, j) = qr.q(i, j);
  }
  ASSAY_RETURN_IF_ERROR(
      Done("dorgqr", LAPACKE_dorgqr(LAPACK_ROW_MAJOR, Int(m), Int(n), Int(n),
                                    Data(&qr.q), Int(n), reflections.data())));
  for (int64_t i = 0; i < n; ++i) {
    if (qr.r(i, i) >= 0) continue;
    Scale(i, -1, &qr.q);
    for (int64_t j = i; j < n; ++j) qr.r(i, j) = -qr.r(i, j);
  }
  return qr;
}

absl::StatusOr<Eigenpairs> SymmetricEigen(const Matrix& a) {
  ASSAY_RETURN_IF_ERROR(CheckSymmetric(a, "a"));
  Matrix columns = a;
  std::vector<double> values(static_cast<size_t>(a.rows));
  ASSAY_RETURN_IF_ERROR(Done(
      "dsyevd", LAPACKE_dsyevd(LAPACK_ROW_MAJOR, 'V', 'L', Int(a.rows),
                               Data(&columns), Int(a.rows), values.data())));
  return Falling(std::move(values), columns);
}

absl::StatusOr<Eigenpairs> GeneralisedEigen(const Matrix& a, const Matrix& b) {
  ASSAY_RETURN_IF_ERROR(CheckSymmetric(a, "a"));
  ASSAY_RETURN_IF_ERROR(CheckSymmetric(b, "b"));
  ASSAY_RETURN_IF_ERROR(CheckRows(a, b));
  Matrix columns = a, factor = b;
  std::vector<double> values(static_cast<size_t>(a.rows));
  const lapack_int n = Int(a.rows);
  const lapack_int info =
      LAPACKE_dsygvd(LAPACK_ROW_MAJOR, 1, 'V', 'L', n, Data(&columns), n,
                     Data(&factor), n, values.data());
  if (info > n) return NotPositive("b", info - n);
  ASSAY_RETURN_IF_ERROR(Done("dsygvd", info));
  return Falling(std::move(values), columns);
}

absl::StatusOr<Matrix> Cholesky(const Matrix& a) {
  ASSAY_RETURN_IF_ERROR(CheckSymmetric(a, "a"));
  Matrix l = a;
  const lapack_int info =
      LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', Int(a.rows), Data(&l), Int(a.rows));
  if (info > 0) return NotPositive("a", info);
  ASSAY_RETURN_IF_ERROR(Done("dpotrf", info));
  ClearAbove(&l);
  return l;
}

absl::StatusOr<Matrix> SolvePositive(const Matrix& a, const Matrix& b) {
  ASSAY_ASSIGN_OR_RETURN(Matrix l, Cholesky(a));
  ASSAY_RETURN_IF_ERROR(CheckRows(a, b));
  Matrix x = b;
  ASSAY_RETURN_IF_ERROR(
      Done("dpotrs",
           LAPACKE_dpotrs(LAPACK_ROW_MAJOR, 'L', Int(a.rows), Int(b.columns),
                          Data(&l), Int(a.rows), Data(&x), Int(b.columns))));
  return x;
}

absl::StatusOr<Matrix> InversePositive(const Matrix& a) {
  ASSAY_ASSIGN_OR_RETURN(Matrix inverse, Cholesky(a));
  ASSAY_RETURN_IF_ERROR(
      Done("dpotri", LAPACKE_dpotri(LAPACK_ROW_MAJOR, 'L', Int(a.rows),
                                    Data(&inverse), Int(a.rows))));
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t j = 0; j < i; ++j) inverse(j, i) = inverse(i, j);
  }
  return inverse;
}

absl::StatusOr<Matrix> Solve(const Matrix& a, const Matrix& b) {
  ASSAY_RETURN_IF_ERROR(CheckSquare(a, "a"));
  ASSAY_RETURN_IF_ERROR(CheckRows(a, b));
  const lapack_int n = Int(a.rows);
  Matrix lu = a, x = b;
  std::vector<lapack_int> pivots(static_cast<size_t>(n));
  const double norm = LAPACKE_dlange(LAPACK_ROW_MAJOR, '1', n, n, Data(&lu), n);
  const lapack_int info =
      LAPACKE_dgetrf(LAPACK_ROW_MAJOR, n, n, Data(&lu), n, pivots.data());
  double condition = 0;  // its reciprocal
  if (info == 0) {
    ASSAY_RETURN_IF_ERROR(
        Done("dgecon", LAPACKE_dgecon(LAPACK_ROW_MAJOR, '1', n, Data(&lu), n,
                                      norm, &condition)));
  }
  if (condition < kEpsilon) {
    return absl::FailedPreconditionError(
        absl::StrCat("a: expected an invertible matrix, got reciprocal ",
                     "condition ", condition));
  }
  ASSAY_RETURN_IF_ERROR(
      Done("dgetrs",
           LAPACKE_dgetrs(LAPACK_ROW_MAJOR, 'N', n, Int(b.columns), Data(&lu),
                          n, pivots.data(), Data(&x), Int(b.columns))));
  return x;
}

absl::StatusOr<Matrix> LeastSquares(const Matrix& a, const Matrix& b) {
  ASSAY_RETURN_IF_ERROR(Check(a, "a"));
  ASSAY_RETURN_IF_ERROR(CheckRows(a, b));
  // The routine leaves x where b was: room for the larger of both.
  const int64_t rows = std::max(a.rows, a.columns);
  Matrix work = a, x(rows, b.columns);
  std::copy(b.values.begin(), b.values.end(), x.values.begin());
  std::vector<double> s(static_cast<size_t>(std::min(a.rows, a.columns)));
  lapack_int rank = 0;
  ASSAY_RETURN_IF_ERROR(Done(
      "dgelsd", LAPACKE_dgelsd(LAPACK_ROW_MAJOR, Int(a.rows), Int(a.columns),
                               Int(b.columns), Data(&work), Int(a.columns),
                               Data(&x), Int(b.columns), s.data(),
                               kEpsilon * static_cast<double>(rows), &rank)));
  x.rows = a.columns;
  x.values.resize(static_cast<size_t>(x.rows * x.columns));
  return x;
}

absl::StatusOr<Matrix> Ridge(const Matrix& a, const Matrix& b, double penalty) {
  ASSAY_RETURN_IF_ERROR(Check(a, "a"));
  ASSAY_RETURN_IF_ERROR(CheckRows(a, b));
  if (!(penalty > 0) || !std::isfinite(penalty)) {
    return absl::InvalidArgumentError(
        absl::StrCat("penalty: expected a number above 0, got ", penalty));
  }
  ASSAY_ASSIGN_OR_RETURN(Matrix normal, Multiply(a, a, true));
  for (int64_t i = 0; i < normal.rows; ++i) normal(i, i) += penalty;
  ASSAY_ASSIGN_OR_RETURN(const Matrix right, Multiply(a, b, true));
  return SolvePositive(normal, right);
}

}  // namespace assay
