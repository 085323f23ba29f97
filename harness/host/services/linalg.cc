#include "harness/linalg/linalg.h"

#include <algorithm>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/host/services/service_host.h"
#include "harness/host/services/tables.h"

namespace assay {
namespace {

// No matrix of a method has more elements; beyond it, extents are a mistake.
constexpr int64_t kMostElements = int64_t{1} << 28;

absl::StatusOr<Matrix> Operand(const assay_matrix* given, const char* name) {
  ASSAY_ASSIGN_OR_RETURN(const assay_matrix raw,
                         Receive(given, assay_matrix{}, name));
  if (raw.values == nullptr || raw.rows < 1 || raw.columns < 1 ||
      raw.rows > kMostElements / raw.columns) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": expected a matrix with 1 to ", kMostElements,
                     " elements, got [", raw.rows, ",", raw.columns, "]",
                     raw.values == nullptr ? " without values" : ""));
  }
  return Matrix(
      raw.rows, raw.columns,
      std::vector<double>(raw.values, raw.values + raw.rows * raw.columns));
}

// Where results go: checked before anything is computed.
absl::Status CheckRoom(const assay_matrix* out, const char* name, int64_t rows,
                       int64_t columns) {
  ASSAY_ASSIGN_OR_RETURN(const assay_matrix raw,
                         Receive(out, assay_matrix{}, name));
  if (raw.values != nullptr && raw.rows == rows && raw.columns == columns) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      name, ": expected room for [", rows, ",", columns, "], got [", raw.rows,
      ",", raw.columns, "]", raw.values == nullptr ? " without values" : ""));
}

absl::Status CheckRoom(const double* out, const char* name) {
  if (out != nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, ": expected values"));
}

void Store(const std::vector<double>& values, double* out) {
  std::copy(values.begin(), values.end(), out);
}
void Store(const Matrix& result, assay_matrix* out) {
  Store(result.values, out->values);
}

assay_status* Svd_(assay_host* host, const assay_matrix* a, assay_matrix* u,
                   double* s, assay_matrix* v) {
  return Serve(host, "linalg.svd", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(const Matrix matrix, Operand(a, "a"));
    const int64_t k = std::min(matrix.rows, matrix.columns);
    ASSAY_RETURN_IF_ERROR(CheckRoom(u, "u", matrix.rows, k));
    ASSAY_RETURN_IF_ERROR(CheckRoom(s, "s"));
    ASSAY_RETURN_IF_ERROR(CheckRoom(v, "v", matrix.columns, k));
    ASSAY_ASSIGN_OR_RETURN(const Svd svd, ThinSvd(matrix));
    Store(svd.u, u);
    Store(svd.s, s);
    Store(svd.v, v);
    return absl::OkStatus();
  });
}

assay_status* Qr_(assay_host* host, const assay_matrix* a, assay_matrix* q,
                  assay_matrix* r) {
  return Serve(host, "linalg.qr", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(const Matrix matrix, Operand(a, "a"));
    const int64_t n = matrix.columns;
    ASSAY_RETURN_IF_ERROR(CheckRoom(q, "q", matrix.rows, n));
    ASSAY_RETURN_IF_ERROR(CheckRoom(r, "r", n, n));
    ASSAY_ASSIGN_OR_RETURN(const Qr qr, ThinQr(matrix));
    Store(qr.q, q);
    Store(qr.r, r);
    return absl::OkStatus();
  });
}

assay_status* Eigen(assay_host* host, const assay_matrix* a,
                    const assay_matrix* b, double* values,
                    assay_matrix* vectors) {
  return Serve(host, "linalg.eigen", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(const Matrix matrix, Operand(a, "a"));
    ASSAY_RETURN_IF_ERROR(CheckRoom(values, "values"));
    ASSAY_RETURN_IF_ERROR(
        CheckRoom(vectors, "vectors", matrix.rows, matrix.rows));
    absl::StatusOr<Eigenpairs> pairs;
    if (b == nullptr) {
      pairs = SymmetricEigen(matrix);
    } else {
      ASSAY_ASSIGN_OR_RETURN(const Matrix weight, Operand(b, "b"));
      pairs = GeneralisedEigen(matrix, weight);
    }
    ASSAY_RETURN_IF_ERROR(pairs.status());
    Store(pairs->values, values);
    Store(pairs->vectors, vectors);
    return absl::OkStatus();
  });
}

assay_status* Cholesky_(assay_host* host, const assay_matrix* a,
                        assay_matrix* l) {
  return Serve(host, "linalg.cholesky", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(const Matrix matrix, Operand(a, "a"));
    ASSAY_RETURN_IF_ERROR(CheckRoom(l, "l", matrix.rows, matrix.rows));
    ASSAY_ASSIGN_OR_RETURN(const Matrix lower, Cholesky(matrix));
    Store(lower, l);
    return absl::OkStatus();
  });
}

absl::StatusOr<Matrix> SolveBy(int32_t how, const Matrix& a, const Matrix& b) {
  switch (how) {
    case ASSAY_SOLVE_GENERAL:
      return Solve(a, b);
    case ASSAY_SOLVE_POSITIVE:
      return SolvePositive(a, b);
    case ASSAY_SOLVE_LEAST:
      return LeastSquares(a, b);
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("how: expected 0 to 2, got ", how));
  }
}

assay_status* Solve_(assay_host* host, const assay_matrix* a,
                     const assay_matrix* b, int32_t how, assay_matrix* x) {
  return Serve(host, "linalg.solve", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(const Matrix matrix, Operand(a, "a"));
    ASSAY_ASSIGN_OR_RETURN(const Matrix right, Operand(b, "b"));
    ASSAY_RETURN_IF_ERROR(CheckRoom(x, "x", matrix.columns, right.columns));
    ASSAY_ASSIGN_OR_RETURN(const Matrix solution, SolveBy(how, matrix, right));
    Store(solution, x);
    return absl::OkStatus();
  });
}

}  // namespace

const assay_linalg_table* LinalgTable() {
  static constexpr assay_linalg_table kTable = {ASSAY_SIZE(assay_linalg_table),
                                                1,
                                                &Svd_,
                                                &Qr_,
                                                &Eigen,
                                                &Cholesky_,
                                                &Solve_};
  return &kTable;
}

}  // namespace assay
