// Orthogonal factors, eigenvalues and singular values.
//
// Columns that are rotated or reflected together are kept as rows, so that the
// inner loops run over neighbours.
#include <algorithm>
#include <cmath>
#include <limits>
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
using linalg::CheckSymmetric;
using linalg::Dot;
using linalg::Extents;
using linalg::LowerFactor;
using linalg::RowOf;
using linalg::SolveLower;
using linalg::SolveLowerTransposed;
using linalg::Transposed;

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr int kSweeps = 60;

// x and y become c x - s y and s x + c y.
void Rotate(double* x, double* y, double c, double s, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const double before = x[i];
    x[i] = c * before - s * y[i];
    y[i] = s * before + c * y[i];
  }
}

void Negate(double* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) x[i] = -x[i];
}

// Whether the largest magnitude (the first of equal ones) is negative.
bool PointsDown(const double* x, int64_t n) {
  const double* most = std::max_element(
      x, x + n, [](double a, double b) { return std::abs(a) < std::abs(b); });
  return *most < 0;
}

// Positions of `values`, falling; equal ones keep their order.
std::vector<int64_t> FallingOrder(const std::vector<double>& values) {
  std::vector<int64_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return values[static_cast<size_t>(a)] > values[static_cast<size_t>(b)];
  });
  return order;
}

// Eigenvectors, given as rows, in the order of falling values with fixed signs.
Eigenpairs Falling(const std::vector<double>& values, const Matrix& rows) {
  Eigenpairs pairs{{}, Matrix(rows.columns, rows.rows)};
  for (const int64_t from : FallingOrder(values)) {
    const int64_t to = static_cast<int64_t>(pairs.values.size());
    const double* x = RowOf(rows, from);
    const double sign = PointsDown(x, rows.columns) ? -1 : 1;
    for (int64_t i = 0; i < rows.columns; ++i) {
      pairs.vectors(i, to) = sign * x[i];
    }
    pairs.values.push_back(values[static_cast<size_t>(from)]);
  }
  return pairs;
}

// Thin QR by Householder reflections, of a matrix given by its columns (the
// rows of `columns` [n,m]): q by its columns, r [n,n].
struct TransposedQr {
  Matrix q, r;
};

TransposedQr Reflect(Matrix columns) {
  const int64_t n = columns.rows, m = columns.columns;
  std::vector<double> scale(static_cast<size_t>(n), 0.0);
  TransposedQr qr{Matrix(n, m), Matrix(n, n)};
  for (int64_t k = 0; k < n; ++k) {
    double* v = RowOf(columns, k);
    const double norm = std::sqrt(Dot(v + k, v + k, m - k));
    for (int64_t i = 0; i < k; ++i) qr.r(i, k) = v[i];
    qr.r(k, k) = v[k] > 0 ? -norm : norm;
    if (norm == 0) continue;
    v[k] -= qr.r(k, k);
    scale[static_cast<size_t>(k)] = 2 / Dot(v + k, v + k, m - k);
    for (int64_t j = k + 1; j < n; ++j) {
      double* x = RowOf(columns, j);
      const double along = Dot(v + k, x + k, m - k);
      AddScaled(v + k, -scale[static_cast<size_t>(k)] * along, x + k, m - k);
    }
  }
  for (int64_t j = 0; j < n; ++j) {
    double* x = RowOf(qr.q, j);
    x[j] = 1;
    for (int64_t k = n - 1; k >= 0; --k) {
      const double* v = RowOf(columns, k);
      const double along = Dot(v + k, x + k, m - k);
      AddScaled(v + k, -scale[static_cast<size_t>(k)] * along, x + k, m - k);
    }
  }
  for (int64_t k = 0; k < n; ++k) {
    if (qr.r(k, k) >= 0) continue;
    Negate(RowOf(qr.r, k), n);
    Negate(RowOf(qr.q, k), m);
  }
  return qr;
}

// Makes the rows of `x` orthogonal by plane rotations from the left, which are
// gathered in `turned` (one-sided Jacobi). False where that does not end.
bool Orthogonalise(Matrix* x, Matrix* turned) {
  const int64_t n = x->rows, m = x->columns;
  std::vector<double> square(static_cast<size_t>(n));
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    double most = 0;
    for (int64_t i = 0; i < n; ++i) {
      square[static_cast<size_t>(i)] = Dot(RowOf(*x, i), RowOf(*x, i), m);
      most = std::max(most, square[static_cast<size_t>(i)]);
    }
    // Rows that are nothing beside the longest are left as they are.
    const double nothing = most * kEpsilon * kEpsilon;
    bool rotated = false;
    for (int64_t p = 0; p < n; ++p) {
      for (int64_t q = p + 1; q < n; ++q) {
        double& pp = square[static_cast<size_t>(p)];
        double& qq = square[static_cast<size_t>(q)];
        if (pp <= nothing || qq <= nothing) continue;
        const double pq = Dot(RowOf(*x, p), RowOf(*x, q), m);
        if (std::abs(pq) <= 4 * kEpsilon * std::sqrt(pp) * std::sqrt(qq)) {
          continue;
        }
        rotated = true;
        const double zeta = (qq - pp) / (2 * pq);
        const double t = (zeta >= 0 ? 1 : -1) /
                         (std::abs(zeta) + std::sqrt(1 + zeta * zeta));
        const double c = 1 / std::sqrt(1 + t * t);
        Rotate(RowOf(*x, p), RowOf(*x, q), c, c * t, m);
        Rotate(RowOf(*turned, p), RowOf(*turned, q), c, c * t, turned->columns);
        pp -= t * pq;
        qq += t * pq;
      }
    }
    if (!rotated) return true;
  }
  return false;
}

// Makes row `k` of `rows` a unit vector orthogonal to those before it.
void Complete(Matrix* rows, int64_t k) {
  const int64_t m = rows->columns;
  double* x = RowOf(*rows, k);
  for (int64_t start = 0; start < m; ++start) {
    std::fill(x, x + m, 0.0);
    x[start] = 1;
    for (int pass = 0; pass < 2; ++pass) {
      for (int64_t j = 0; j < k; ++j) {
        AddScaled(RowOf(*rows, j), -Dot(RowOf(*rows, j), x, m), x, m);
      }
    }
    const double norm = std::sqrt(Dot(x, x, m));
    if (norm * norm * 2 * static_cast<double>(m) < 1) continue;
    for (int64_t i = 0; i < m; ++i) x[i] /= norm;
    return;
  }
}

// Singular values of a square matrix given by its rows, r: r = left' diag(s)
// right with orthonormal rows of left and right, falling.
absl::StatusOr<Svd> SquareSvd(Matrix r) {
  const int64_t n = r.rows;
  Matrix turned(n, n);
  for (int64_t i = 0; i < n; ++i) turned(i, i) = 1;
  if (!Orthogonalise(&r, &turned)) {
    return absl::InternalError(
        absl::StrCat("singular values of ", Extents(r), ": no convergence"));
  }
  std::vector<double> norms;
  for (int64_t i = 0; i < n; ++i) {
    norms.push_back(std::sqrt(Dot(RowOf(r, i), RowOf(r, i), n)));
  }
  Svd svd{Matrix(n, n), Matrix(n, n), {}};
  for (const int64_t from : FallingOrder(norms)) {
    const int64_t to = static_cast<int64_t>(svd.s.size());
    const double norm = norms[static_cast<size_t>(from)];
    std::copy_n(RowOf(turned, from), n, RowOf(svd.u, to));
    svd.s.push_back(norm);
    // A direction below the rounding of the largest is no direction.
    if (norm <= svd.s[0] * kEpsilon || norm == 0) {
      Complete(&svd.v, to);
    } else {
      for (int64_t i = 0; i < n; ++i) svd.v(to, i) = r(from, i) / norm;
    }
  }
  return svd;
}

}  // namespace

absl::StatusOr<Qr> ThinQr(const Matrix& a) {
  ASSAY_RETURN_IF_ERROR(Check(a, "a"));
  if (a.rows < a.columns) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a: expected at least as many rows as columns, got ", Extents(a)));
  }
  TransposedQr qr = Reflect(Transposed(a));
  return Qr{Transposed(qr.q), std::move(qr.r)};
}

// a = q r, and r = left' diag(s) right.
absl::StatusOr<Svd> ThinSvd(const Matrix& a) {
  ASSAY_RETURN_IF_ERROR(Check(a, "a"));
  const bool wide = a.rows < a.columns;
  const TransposedQr qr = Reflect(wide ? a : Transposed(a));
  ASSAY_ASSIGN_OR_RETURN(Svd inner, SquareSvd(qr.r));
  // Rows: the columns of q left', and of right'.
  ASSAY_ASSIGN_OR_RETURN(Matrix tall, Multiply(inner.u, qr.q));
  Matrix& small = inner.v;
  Matrix& u = wide ? small : tall;
  Matrix& v = wide ? tall : small;
  for (int64_t k = 0; k < u.rows; ++k) {
    if (!PointsDown(RowOf(u, k), u.columns)) continue;
    Negate(RowOf(u, k), u.columns);
    Negate(RowOf(v, k), v.columns);
  }
  return Svd{Transposed(u), Transposed(v), std::move(inner.s)};
}

absl::StatusOr<Matrix> Truncate(const Svd& svd, int64_t rank) {
  const int64_t most = static_cast<int64_t>(svd.s.size());
  if (rank < 1 || rank > most || svd.u.columns != most ||
      svd.v.columns != most) {
    return absl::InvalidArgumentError(
        absl::StrCat("rank: expected 1 to ", most, ", got ", rank));
  }
  Matrix left(svd.u.rows, rank), right(svd.v.rows, rank);
  for (int64_t k = 0; k < rank; ++k) {
    const double s = svd.s[static_cast<size_t>(k)];
    for (int64_t i = 0; i < left.rows; ++i) left(i, k) = svd.u(i, k) * s;
    for (int64_t i = 0; i < right.rows; ++i) right(i, k) = svd.v(i, k);
  }
  return Multiply(left, right, false, true);
}

int64_t RankOfEnergy(absl::Span<const double> s, double share) {
  double total = 0;
  for (const double value : s) total += value * value;
  double kept = 0;
  int64_t rank = 0;
  for (const double value : s) {
    if (rank > 0 && kept >= share * total) break;
    kept += value * value;
    ++rank;
  }
  return rank;
}

absl::StatusOr<Eigenpairs> SymmetricEigen(const Matrix& a) {
  ASSAY_RETURN_IF_ERROR(CheckSymmetric(a, "a"));
  const int64_t n = a.rows;
  // Moved up by a bound of its eigenvalues the matrix has none below 0, and its
  // singular vectors are its eigenvectors.
  double bound = 0;
  for (int64_t i = 0; i < n; ++i) {
    double sum = 0;
    for (int64_t j = 0; j < n; ++j) sum += std::abs(a(i, j));
    bound = std::max(bound, sum);
  }
  Matrix symmetric(n, n);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      symmetric(i, j) = (a(i, j) + a(j, i)) / 2;
    }
  }
  Matrix moved = symmetric;
  for (int64_t i = 0; i < n; ++i) moved(i, i) += bound;
  ASSAY_ASSIGN_OR_RETURN(const Svd svd, SquareSvd(std::move(moved)));
  ASSAY_ASSIGN_OR_RETURN(const Matrix images, Multiply(svd.u, symmetric));
  std::vector<double> values;
  for (int64_t k = 0; k < n; ++k) {
    values.push_back(Dot(RowOf(svd.u, k), RowOf(images, k), n));
  }
  return Falling(values, svd.u);
}

// With b = l l' the eigenvectors of inverse(l) a inverse(l') are l' x.
absl::StatusOr<Eigenpairs> GeneralisedEigen(const Matrix& a, const Matrix& b) {
  ASSAY_RETURN_IF_ERROR(CheckSymmetric(a, "a"));
  ASSAY_RETURN_IF_ERROR(CheckRows(a, b));
  ASSAY_ASSIGN_OR_RETURN(const Matrix l, LowerFactor(b, "b"));
  Matrix inner = a;
  SolveLower(l, &inner);
  inner = Transposed(inner);
  SolveLower(l, &inner);
  for (int64_t i = 0; i < inner.rows; ++i) {  // rounding
    for (int64_t j = 0; j < i; ++j) {
      inner(i, j) = inner(j, i) = (inner(i, j) + inner(j, i)) / 2;
    }
  }
  ASSAY_ASSIGN_OR_RETURN(Eigenpairs pairs, SymmetricEigen(inner));
  SolveLowerTransposed(l, &pairs.vectors);
  return Falling(pairs.values, Transposed(pairs.vectors));
}

}  // namespace assay
