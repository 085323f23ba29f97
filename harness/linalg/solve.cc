// Products, triangular factors and what they solve.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/linalg/linalg.h"
#include "harness/linalg/parts.h"

namespace assay {
namespace {

using linalg::AddScaled;
using linalg::Check;
using linalg::CheckRows;
using linalg::CheckSquare;
using linalg::Extents;
using linalg::LowerFactor;
using linalg::RowOf;
using linalg::SolveLower;
using linalg::SolveLowerTransposed;
using linalg::Transposed;

// a, with its rows and columns exchanged so that the largest element that is
// left comes first (complete pivoting), as l and u in one matrix.
struct Factors {
  Matrix lu;
  std::vector<int64_t> rows, columns;
  int64_t rank = 0;
};

// Moves the largest magnitude from (k, k) on to (k, k); gives it.
double Pivot(Factors* f, int64_t k) {
  Matrix& a = f->lu;
  int64_t row = k, column = k;
  for (int64_t i = k; i < a.rows; ++i) {
    for (int64_t j = k; j < a.columns; ++j) {
      if (std::abs(a(i, j)) > std::abs(a(row, column))) row = i, column = j;
    }
  }
  std::swap_ranges(RowOf(a, k), RowOf(a, k) + a.columns, RowOf(a, row));
  for (int64_t i = 0; i < a.rows; ++i) std::swap(a(i, k), a(i, column));
  std::swap(f->rows[static_cast<size_t>(k)], f->rows[static_cast<size_t>(row)]);
  std::swap(f->columns[static_cast<size_t>(k)],
            f->columns[static_cast<size_t>(column)]);
  return std::abs(a(k, k));
}

Factors FactorSquare(const Matrix& a) {
  const int64_t n = a.rows;
  Factors f{a, std::vector<int64_t>(static_cast<size_t>(n)), {}, 0};
  std::iota(f.rows.begin(), f.rows.end(), 0);
  f.columns = f.rows;
  double threshold = 0;
  for (int64_t k = 0; k < n; ++k) {
    const double pivot = Pivot(&f, k);
    if (k == 0) threshold = pivot * static_cast<double>(n) * 2.3e-16;
    if (pivot <= threshold) break;
    ++f.rank;
    for (int64_t i = k + 1; i < n; ++i) {
      f.lu(i, k) /= f.lu(k, k);
      AddScaled(RowOf(f.lu, k) + k + 1, -f.lu(i, k), RowOf(f.lu, i) + k + 1,
                n - k - 1);
    }
  }
  return f;
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
      AddScaled(RowOf(y, k), x(i, k), RowOf(product, i), y.columns);
    }
  }
  return product;
}

absl::StatusOr<Matrix> Cholesky(const Matrix& a) { return LowerFactor(a, "a"); }

absl::StatusOr<Matrix> SolvePositive(const Matrix& a, const Matrix& b) {
  ASSAY_ASSIGN_OR_RETURN(const Matrix l, Cholesky(a));
  ASSAY_RETURN_IF_ERROR(CheckRows(a, b));
  Matrix x = b;
  SolveLower(l, &x);
  SolveLowerTransposed(l, &x);
  return x;
}

absl::StatusOr<Matrix> InversePositive(const Matrix& a) {
  Matrix identity(a.rows, a.rows);
  for (int64_t i = 0; i < a.rows; ++i) identity(i, i) = 1;
  return SolvePositive(a, identity);
}

absl::StatusOr<Matrix> Solve(const Matrix& a, const Matrix& b) {
  ASSAY_RETURN_IF_ERROR(CheckSquare(a, "a"));
  ASSAY_RETURN_IF_ERROR(CheckRows(a, b));
  const Factors f = FactorSquare(a);
  if (f.rank < a.rows) {
    return absl::FailedPreconditionError(absl::StrCat(
        "a: expected an invertible matrix, got rank ", f.rank, " of ", a.rows));
  }
  Matrix y(a.rows, b.columns), x(a.rows, b.columns);
  for (int64_t i = 0; i < a.rows; ++i) {
    std::copy_n(RowOf(b, f.rows[static_cast<size_t>(i)]), b.columns,
                RowOf(y, i));
    for (int64_t j = 0; j < i; ++j) {
      AddScaled(RowOf(y, j), -f.lu(i, j), RowOf(y, i), y.columns);
    }
  }
  for (int64_t i = a.rows - 1; i >= 0; --i) {
    for (int64_t j = i + 1; j < a.rows; ++j) {
      AddScaled(RowOf(y, j), -f.lu(i, j), RowOf(y, i), y.columns);
    }
    for (int64_t c = 0; c < y.columns; ++c) y(i, c) /= f.lu(i, i);
  }
  for (int64_t i = 0; i < a.rows; ++i) {
    std::copy_n(RowOf(y, i), y.columns,
                RowOf(x, f.columns[static_cast<size_t>(i)]));
  }
  return x;
}

// By singular values, so that what a does not see stays 0.
absl::StatusOr<Matrix> LeastSquares(const Matrix& a, const Matrix& b) {
  ASSAY_RETURN_IF_ERROR(Check(a, "a"));
  ASSAY_RETURN_IF_ERROR(CheckRows(a, b));
  ASSAY_ASSIGN_OR_RETURN(const Svd svd, ThinSvd(a));
  ASSAY_ASSIGN_OR_RETURN(Matrix along, Multiply(svd.u, b, true));
  const double least =
      svd.s[0] * 2.3e-16 * static_cast<double>(std::max(a.rows, a.columns));
  for (int64_t i = 0; i < along.rows; ++i) {
    const double s = svd.s[static_cast<size_t>(i)];
    const double factor = s > least ? 1 / s : 0;
    for (int64_t c = 0; c < along.columns; ++c) along(i, c) *= factor;
  }
  return Multiply(svd.v, along);
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
