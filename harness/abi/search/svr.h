// Epsilon support vector regression with a Gaussian kernel, solved by
// sequential minimal optimisation: the pair that violates the conditions of
// optimality most is improved until none violates them by more than the
// tolerance (Keerthi et al. 2001). Deterministic; concurrent calls are safe.
#ifndef ASSAY_HARNESS_ABI_SEARCH_SVR_H_
#define ASSAY_HARNESS_ABI_SEARCH_SVR_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "harness/abi/search/ridge.h"

namespace assay::search {

struct SvrOptions {
  double gamma = 1;    // kernel: exp(-gamma |a - b|^2)
  double cost = 1;     // bound of each multiplier, > 0
  double epsilon = 0;  // errors up to it cost nothing
  double tolerance = 1e-3;
  size_t iterations = 1000000;  // at most; the fit so far is then used
};

class Svr {
 public:
  // At least one row. Memory: rows^2 kernel values.
  static Svr Fit(const Rows& x, const Row& y, const SvrOptions& options) {
    Svr svr;
    svr.x_ = x;
    svr.gamma_ = options.gamma;
    Solver(svr.Kernels(), y, options).Solve(&svr.beta_, &svr.intercept_);
    return svr;
  }

  double Predict(const Row& x) const {
    double sum = intercept_;
    for (size_t i = 0; i < x_.size(); ++i) {
      if (beta_[i] != 0) sum += beta_[i] * Kernel(x_[i], x);
    }
    return sum;
  }

 private:
  // The dual with the two multipliers of row i, a_i and a*_i, as entries i and
  // n + i of one vector; beta = a - a*.
  class Solver {
   public:
    Solver(Rows kernels, const Row& y, const SvrOptions& options)
        : kernels_(std::move(kernels)),
          y_(y),
          options_(options),
          multipliers_(2 * y.size(), 0),
          fitted_(y.size(), 0) {}

    void Solve(Row* beta, double* intercept) {
      const size_t n = y_.size();
      Pair pair = MostViolating();
      for (size_t i = 0; i < options_.iterations && pair.gap() > Tolerance();
           ++i) {
        if (!Improve(pair)) break;
        pair = MostViolating();
      }
      beta->resize(n);
      for (size_t i = 0; i < n; ++i) {
        (*beta)[i] = multipliers_[i] - multipliers_[n + i];
      }
      *intercept = 0.5 * (pair.up + pair.low);
    }

   private:
    struct Pair {
      size_t i = 0, j = 0;
      double up = 0, low = 0;
      double gap() const { return up - low; }
    };

    double Tolerance() const { return options_.tolerance; }
    size_t Row_(size_t k) const { return k < y_.size() ? k : k - y_.size(); }
    double Sign(size_t k) const { return k < y_.size() ? 1 : -1; }
    // The intercept that would make entry k optimal.
    double Level(size_t k) const {
      return y_[Row_(k)] - fitted_[Row_(k)] - Sign(k) * options_.epsilon;
    }

    Pair MostViolating() const {
      Pair pair;
      pair.up = -std::numeric_limits<double>::infinity();
      pair.low = std::numeric_limits<double>::infinity();
      for (size_t k = 0; k < multipliers_.size(); ++k) {
        const bool grows = multipliers_[k] < options_.cost;
        const bool shrinks = multipliers_[k] > 0;
        const double level = Level(k);
        if ((Sign(k) > 0 ? grows : shrinks) && level > pair.up) {
          pair.up = level;
          pair.i = k;
        }
        if ((Sign(k) > 0 ? shrinks : grows) && level < pair.low) {
          pair.low = level;
          pair.j = k;
        }
      }
      return pair;
    }

    // Moves beta of i up and that of j down by the best step within bounds;
    // false where rounding leaves nothing to move.
    bool Improve(const Pair& pair) {
      const size_t i = Row_(pair.i), j = Row_(pair.j);
      const double curvature =
          kernels_[i][i] + kernels_[j][j] - 2 * kernels_[i][j];
      double step = pair.gap() / std::max(curvature, 1e-12);
      step =
          std::min(step, Sign(pair.i) > 0 ? options_.cost - multipliers_[pair.i]
                                          : multipliers_[pair.i]);
      step = std::min(step, Sign(pair.j) > 0
                                ? multipliers_[pair.j]
                                : options_.cost - multipliers_[pair.j]);
      if (!(step > 0)) return false;
      multipliers_[pair.i] += Sign(pair.i) * step;
      multipliers_[pair.j] -= Sign(pair.j) * step;
      for (size_t k = 0; k < fitted_.size(); ++k) {
        fitted_[k] += step * (kernels_[k][i] - kernels_[k][j]);
      }
      return true;
    }

    Rows kernels_;
    const Row& y_;
    const SvrOptions& options_;
    Row multipliers_, fitted_;
  };

  double Kernel(const Row& a, const Row& b) const {
    double distance = 0;
    for (size_t k = 0; k < a.size(); ++k) {
      distance += (a[k] - b[k]) * (a[k] - b[k]);
    }
    return std::exp(-gamma_ * distance);
  }

  Rows Kernels() const {
    Rows kernels(x_.size(), Row(x_.size()));
    for (size_t i = 0; i < x_.size(); ++i) {
      for (size_t j = 0; j <= i; ++j) {
        kernels[i][j] = kernels[j][i] = Kernel(x_[i], x_[j]);
      }
    }
    return kernels;
  }

  Rows x_;
  Row beta_;
  double gamma_ = 1, intercept_ = 0;
};

}  // namespace assay::search

#endif  // ASSAY_HARNESS_ABI_SEARCH_SVR_H_
