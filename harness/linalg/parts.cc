#include "harness/linalg/parts.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"

namespace assay::linalg {
namespace {

constexpr double kSymmetry = 1e-9;  // of the largest magnitude

}  // namespace

std::string Extents(const Matrix& a) {
  return absl::StrCat("[", a.rows, ",", a.columns, "]");
}

absl::Status Check(const Matrix& a, const char* name) {
  if (a.rows < 1 || a.columns < 1 ||
      static_cast<int64_t>(a.values.size()) / a.columns != a.rows ||
      static_cast<int64_t>(a.values.size()) % a.columns != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": expected a matrix with elements, got ",
                     Extents(a), " with ", a.values.size(), " values"));
  }
  for (size_t i = 0; i < a.values.size(); ++i) {
    if (std::isfinite(a.values[i])) continue;
    const int64_t at = static_cast<int64_t>(i);
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": element (", at / a.columns, ",", at % a.columns,
                     "): expected a finite number, got ", a.values[i]));
  }
  return absl::OkStatus();
}

absl::Status CheckSquare(const Matrix& a, const char* name) {
  ASSAY_RETURN_IF_ERROR(Check(a, name));
  if (a.rows == a.columns) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, ": expected a square matrix, got ", Extents(a)));
}

absl::Status CheckSymmetric(const Matrix& a, const char* name) {
  ASSAY_RETURN_IF_ERROR(CheckSquare(a, name));
  double most = 0;
  for (const double value : a.values) most = std::max(most, std::abs(value));
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t j = 0; j < i; ++j) {
      if (std::abs(a(i, j) - a(j, i)) <= kSymmetry * most) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          name, ": expected a symmetric matrix, got ", a(i, j), " at (", i, ",",
          j, ") and ", a(j, i), " at (", j, ",", i, ")"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckRows(const Matrix& a, const Matrix& b) {
  ASSAY_RETURN_IF_ERROR(Check(b, "b"));
  if (b.rows == a.rows) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("b: expected ", a.rows, " rows as a has, got ", Extents(b)));
}

double* RowOf(Matrix& a, int64_t i) { return a.values.data() + i * a.columns; }
const double* RowOf(const Matrix& a, int64_t i) {
  return a.values.data() + i * a.columns;
}

void SolveLower(const Matrix& l, Matrix* x) {
  for (int64_t i = 0; i < l.rows; ++i) {
    for (int64_t j = 0; j < i; ++j) {
      AddScaled(RowOf(*x, j), -l(i, j), RowOf(*x, i), x->columns);
    }
    for (int64_t c = 0; c < x->columns; ++c) (*x)(i, c) /= l(i, i);
  }
}
void SolveLowerTransposed(const Matrix& l, Matrix* x) {
  for (int64_t i = l.rows - 1; i >= 0; --i) {
    for (int64_t c = 0; c < x->columns; ++c) (*x)(i, c) /= l(i, i);
    for (int64_t j = 0; j < i; ++j) {
      AddScaled(RowOf(*x, i), -l(i, j), RowOf(*x, j), x->columns);
    }
  }
}

Matrix Transposed(const Matrix& a) {
  Matrix t(a.columns, a.rows);
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t j = 0; j < a.columns; ++j) t(j, i) = a(i, j);
  }
  return t;
}

double Dot(const double* a, const double* b, int64_t n) {
  double parts[8] = {0, 0, 0, 0, 0, 0, 0, 0};
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (int64_t k = 0; k < 8; ++k) parts[k] += a[i + k] * b[i + k];
  }
  for (; i < n; ++i) parts[0] += a[i] * b[i];
  return ((parts[0] + parts[1]) + (parts[2] + parts[3])) +
         ((parts[4] + parts[5]) + (parts[6] + parts[7]));
}

absl::StatusOr<Matrix> LowerFactor(const Matrix& a, const char* name) {
  ASSAY_RETURN_IF_ERROR(CheckSymmetric(a, name));
  Matrix l(a.rows, a.rows);
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t j = 0; j < i; ++j) {
      l(i, j) = (a(i, j) - Dot(RowOf(l, i), RowOf(l, j), j)) / l(j, j);
    }
    const double square = a(i, i) - Dot(RowOf(l, i), RowOf(l, i), i);
    if (!(square > 0)) {
      return absl::FailedPreconditionError(absl::StrCat(
          name, ": expected a positive definite matrix, got pivot ", square,
          " in row ", i));
    }
    l(i, i) = std::sqrt(square);
  }
  return l;
}

void AddScaled(const double* from, double factor, double* to, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] += factor * from[i];
}

}  // namespace assay::linalg
