// Predictors of what an architecture would measure, from those measured so far.
// Deterministic: the folds of the cross-validation are contiguous.
#ifndef ASSAY_HARNESS_ABI_SEARCH_PREDICTOR_H_
#define ASSAY_HARNESS_ABI_SEARCH_PREDICTOR_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "harness/abi/search/ridge.h"
#include "harness/abi/search/svr.h"

namespace assay::search {

// The genes of `x` as 0/1 columns, values[i] of them for gene i, all 0 for a
// gene that `present` denies (one entry per gene; empty: all are present).
inline Row OneHot(const std::vector<size_t>& x,
                  const std::vector<size_t>& values,
                  const std::vector<bool>& present = {}) {
  Row row;
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t start = row.size();
    row.resize(start + values[i], 0);
    if (present.empty() || present[i]) row[start + x[i]] = 1;
  }
  return row;
}

enum class PredictorKind {
  kRidge,
  kSvr,   // Gaussian kernel, gamma = 1 / columns, epsilon = 0
  kAuto,  // the one with the smaller error in cross-validation; ridge on ties
};

class Predictor {
 public:
  // What the cross-validation chose.
  PredictorKind kind() const { return kind_; }
  double parameter() const { return parameter_; }  // alpha or C
  double error() const { return error_; }  // mean absolute percentage error

  double Predict(const Row& x) const { return scale_ * predict_(x); }

  // At least two rows of finite numbers, of equal length; nothing otherwise, or
  // where no candidate can be fitted. Targets are divided by a power of ten on
  // the way, so that one grid of parameters suits them all.
  //
  //   folds       of the cross-validation, at most one per row
  //   alphas      of ridge, each > 0
  //   costs       of the support vectors, each > 0
  static std::optional<Predictor> Fit(const Rows& x, const Row& y,
                                      PredictorKind kind, size_t folds = 5,
                                      const Row& alphas = Grid(0.1, 10, 100),
                                      const Row& costs = Grid(1, 100, 100)) {
    if (x.size() < 2 || x.size() != y.size()) return std::nullopt;
    Predictor best;
    best.scale_ = ScaleOf(y);
    Row scaled = y;
    for (double& v : scaled) v /= best.scale_;
    best.error_ = std::numeric_limits<double>::infinity();
    const auto consider = [&](PredictorKind k, const Row& parameters) {
      for (const double p : parameters) {
        const double error = CrossValidate(x, scaled, k, p, folds);
        if (!(error < best.error_)) continue;
        best.kind_ = k;
        best.parameter_ = p;
        best.error_ = error;
      }
    };
    if (kind != PredictorKind::kSvr) consider(PredictorKind::kRidge, alphas);
    if (kind != PredictorKind::kRidge) consider(PredictorKind::kSvr, costs);
    if (!std::isfinite(best.error_)) return std::nullopt;
    best.predict_ = FitOne(x, scaled, best.kind_, best.parameter_);
    return best;
  }

  // `n` values from `first` to `last`, evenly spaced.
  static Row Grid(double first, double last, size_t n) {
    Row grid;
    for (size_t i = 0; i < n; ++i) {
      grid.push_back(first + (last - first) * static_cast<double>(i) /
                                 static_cast<double>(n - 1));
    }
    return grid;
  }

 private:
  using Function = std::function<double(const Row&)>;

  // 10^(floor(log10 max|y|) - 1); 1 for zeros.
  static double ScaleOf(const Row& y) {
    double largest = 0;
    for (const double v : y) largest = std::max(largest, std::fabs(v));
    if (!(largest > 0)) return 1;
    return std::pow(10, std::floor(std::log10(largest)) - 1);
  }

  static Function FitOne(const Rows& x, const Row& y, PredictorKind kind,
                         double parameter) {
    if (kind == PredictorKind::kRidge) {
      const std::optional<Ridge> ridge = Ridge::Fit(x, y, parameter);
      if (!ridge) return nullptr;
      return [r = *ridge](const Row& row) { return r.Predict(row); };
    }
    SvrOptions options;
    options.gamma = 1 / static_cast<double>(x[0].size());
    options.cost = parameter;
    return [svr = Svr::Fit(x, y, options)](const Row& row) {
      return svr.Predict(row);
    };
  }

  // Mean absolute percentage error over the rows whose target is not 0.
  static double CrossValidate(const Rows& x, const Row& y, PredictorKind kind,
                              double parameter, size_t folds) {
    const size_t n = x.size();
    folds = std::clamp<size_t>(folds, 2, n);
    double sum = 0, count = 0;
    for (size_t fold = 0; fold < folds; ++fold) {
      const size_t begin = n * fold / folds, end = n * (fold + 1) / folds;
      Rows train;
      Row targets;
      for (size_t i = 0; i < n; ++i) {
        if (i >= begin && i < end) continue;
        train.push_back(x[i]);
        targets.push_back(y[i]);
      }
      const Function predict = FitOne(train, targets, kind, parameter);
      if (!predict) return std::numeric_limits<double>::infinity();
      for (size_t i = begin; i < end; ++i) {
        if (y[i] == 0) continue;
        sum += std::fabs((predict(x[i]) - y[i]) / y[i]);
        ++count;
      }
    }
    return count > 0 ? sum / count : 0;
  }

  PredictorKind kind_ = PredictorKind::kRidge;
  double parameter_ = 0, error_ = 0, scale_ = 1;
  Function predict_;
};

}  // namespace assay::search

#endif  // ASSAY_HARNESS_ABI_SEARCH_PREDICTOR_H_
