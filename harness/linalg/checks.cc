#include "harness/linalg/checks.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

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

}  // namespace assay::linalg
