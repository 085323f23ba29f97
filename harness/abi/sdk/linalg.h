// Small dense linear algebra of the host; see services/linalg.h.
#ifndef ASSAY_HARNESS_ABI_SDK_LINALG_H_
#define ASSAY_HARNESS_ABI_SDK_LINALG_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "services.h"

namespace assay::sdk {

// Row-major.
struct Matrix {
  Matrix() = default;
  Matrix(int64_t r, int64_t c)
      : rows(r), columns(c), values(static_cast<size_t>(r * c)) {}
  Matrix(int64_t r, int64_t c, std::vector<double> v)
      : rows(r), columns(c), values(std::move(v)) {}

  double& operator()(int64_t i, int64_t j) {
    return values[static_cast<size_t>(i * columns + j)];
  }
  double operator()(int64_t i, int64_t j) const {
    return values[static_cast<size_t>(i * columns + j)];
  }

  int64_t rows = 0, columns = 0;
  std::vector<double> values;  // rows * columns
};

struct Svd {
  Matrix u, v;
  std::vector<double> s;
};
struct Qr {
  Matrix q, r;
};
struct Eigenpairs {
  std::vector<double> values;
  Matrix vectors;
};

class Linalg {
 public:
  explicit Linalg(const Services& s) : s_(s) {}

  StatusOr<Svd> TakeSvd(const Matrix& a) const {
    const int64_t k = std::min(a.rows, a.columns);
    Svd out{Matrix(a.rows, k), Matrix(a.columns, k),
            std::vector<double>(static_cast<size_t>(k))};
    const assay_matrix in = Raw(a);
    assay_matrix u = Raw(out.u), v = Raw(out.v);
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(s_, linalg, svd, &in, &u, out.s.data(), &v));
    return out;
  }
  StatusOr<Qr> TakeQr(const Matrix& a) const {
    Qr out{Matrix(a.rows, a.columns), Matrix(a.columns, a.columns)};
    const assay_matrix in = Raw(a);
    assay_matrix q = Raw(out.q), r = Raw(out.r);
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s_, linalg, qr, &in, &q, &r));
    return out;
  }
  // Of a x = value b x; without `b` of a x = value x.
  StatusOr<Eigenpairs> Eigen(const Matrix& a, const Matrix* b = nullptr) const {
    Eigenpairs out{std::vector<double>(static_cast<size_t>(a.rows)),
                   Matrix(a.rows, a.rows)};
    const assay_matrix in = Raw(a);
    const assay_matrix weight = b == nullptr ? assay_matrix{} : Raw(*b);
    assay_matrix vectors = Raw(out.vectors);
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s_, linalg, eigen, &in,
                                         b == nullptr ? nullptr : &weight,
                                         out.values.data(), &vectors));
    return out;
  }
  StatusOr<Matrix> Cholesky(const Matrix& a) const {
    Matrix out(a.rows, a.rows);
    const assay_matrix in = Raw(a);
    assay_matrix l = Raw(out);
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s_, linalg, cholesky, &in, &l));
    return out;
  }
  // `how` is ASSAY_SOLVE_...
  StatusOr<Matrix> Solve(const Matrix& a, const Matrix& b,
                         int32_t how = ASSAY_SOLVE_GENERAL) const {
    Matrix out(a.columns, b.columns);
    const assay_matrix left = Raw(a), right = Raw(b);
    assay_matrix x = Raw(out);
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(s_, linalg, solve, &left, &right, how, &x));
    return out;
  }

 private:
  // The host does not write to what it takes as const.
  static assay_matrix Raw(const Matrix& a) {
    return {ASSAY_SIZE(assay_matrix), 0, a.rows, a.columns,
            const_cast<double*>(a.values.data())};
  }

  const Services& s_;
};

}  // namespace assay::sdk

#endif  // ASSAY_HARNESS_ABI_SDK_LINALG_H_
