// Ridge regression: |y - Xw - b|^2 + alpha |w|^2, the intercept b free. Pure;
// concurrent calls are safe.
#ifndef ASSAY_HARNESS_ABI_SEARCH_RIDGE_H_
#define ASSAY_HARNESS_ABI_SEARCH_RIDGE_H_

#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

namespace assay::search {

using Row = std::vector<double>;
using Rows = std::vector<Row>;

inline double Dot(const Row& a, const Row& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Solves A x = b in place (`x` holds b on entry) for a symmetric A by Cholesky;
// false, with both spoilt, where A is not positive definite to machine
// precision. O(n^3 / 6).
inline bool SolveCholesky(Rows* a, Row* x) {
  const size_t n = x->size();
  Rows& l = *a;
  for (size_t j = 0; j < n; ++j) {
    for (size_t k = 0; k < j; ++k) l[j][j] -= l[j][k] * l[j][k];
    if (!(l[j][j] > 0)) return false;
    l[j][j] = std::sqrt(l[j][j]);
    for (size_t i = j + 1; i < n; ++i) {
      for (size_t k = 0; k < j; ++k) l[i][j] -= l[i][k] * l[j][k];
      l[i][j] /= l[j][j];
    }
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < i; ++k) (*x)[i] -= l[i][k] * (*x)[k];
    (*x)[i] /= l[i][i];
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t k = i + 1; k < n; ++k) (*x)[i] -= l[k][i] * (*x)[k];
    (*x)[i] /= l[i][i];
  }
  return true;
}

class Ridge {
 public:
  // `alpha` > 0, at least one row. Solved in the smaller of rows and columns.
  // Nothing where the numbers do not allow it (NaN, infinities).
  static std::optional<Ridge> Fit(const Rows& x, const Row& y, double alpha) {
    const size_t n = x.size(), d = x[0].size();
    Ridge ridge;
    Row mean(d, 0), target(n);
    double level = 0;
    for (size_t i = 0; i < n; ++i) {
      for (size_t k = 0; k < d; ++k) mean[k] += x[i][k];
      level += y[i];
    }
    for (double& m : mean) m /= static_cast<double>(n);
    level /= static_cast<double>(n);
    Rows centred = x;
    for (size_t i = 0; i < n; ++i) {
      for (size_t k = 0; k < d; ++k) centred[i][k] -= mean[k];
      target[i] = y[i] - level;
    }
    if (!(d <= n ? ridge.SolvePrimal(centred, target, alpha)
                 : ridge.SolveDual(centred, target, alpha))) {
      return std::nullopt;
    }
    ridge.intercept_ = level - Dot(ridge.weights_, mean);
    return ridge;
  }

  double Predict(const Row& x) const { return Dot(weights_, x) + intercept_; }
  const Row& weights() const { return weights_; }
  double intercept() const { return intercept_; }

 private:
  // (X'X + alpha I) w = X'y
  bool SolvePrimal(const Rows& x, const Row& y, double alpha) {
    const size_t d = x[0].size();
    Rows gram(d, Row(d, 0));
    weights_.assign(d, 0);
    for (size_t i = 0; i < x.size(); ++i) {
      for (size_t a = 0; a < d; ++a) {
        for (size_t b = 0; b <= a; ++b) gram[a][b] += x[i][a] * x[i][b];
        weights_[a] += x[i][a] * y[i];
      }
    }
    for (size_t a = 0; a < d; ++a) gram[a][a] += alpha;
    return SolveCholesky(&gram, &weights_);
  }

  // w = X' (XX' + alpha I)^-1 y
  bool SolveDual(const Rows& x, const Row& y, double alpha) {
    const size_t n = x.size();
    Rows gram(n, Row(n, 0));
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j <= i; ++j) gram[i][j] = Dot(x[i], x[j]);
      gram[i][i] += alpha;
    }
    Row dual = y;
    if (!SolveCholesky(&gram, &dual)) return false;
    weights_.assign(x[0].size(), 0);
    for (size_t i = 0; i < n; ++i) {
      for (size_t k = 0; k < weights_.size(); ++k) {
        weights_[k] += dual[i] * x[i][k];
      }
    }
    return true;
  }

  Row weights_;
  double intercept_ = 0;
};

}  // namespace assay::search

#endif  // ASSAY_HARNESS_ABI_SEARCH_RIDGE_H_
