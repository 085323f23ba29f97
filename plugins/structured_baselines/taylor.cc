#include "plugins/structured_baselines/taylor.h"

#include <algorithm>
#include <utility>

namespace assay::structured_baselines {
namespace {

constexpr double kMomentum = 0.9;

bool IsNorm(const sdk::Parameter& p) {
  return p.role == sdk::Role::kNormScale || p.role == sdk::Role::kNormShift;
}

}  // namespace

TaylorHooks::TaylorHooks(const sdk::Groups& groups, sdk::GraphRef graph,
                         bool streams)
    : groups_(groups),
      parameters_(ParametersOf(graph)),
      axes_(groups.size()),
      scores_(groups.size()) {
  for (size_t g = 0; g < groups.size(); ++g) {
    if (!MayPrune(groups[g], parameters_, streams)) continue;
    std::vector<size_t> norms, producers;
    for (size_t a = 0; a < groups[g].axes.size(); ++a) {
      const sdk::GroupAxis& axis = groups[g].axes[a];
      if (IsNorm(parameters_.at(axis.parameter))) norms.push_back(a);
      if (axis.producer) producers.push_back(a);
    }
    axes_[g] = norms.empty() ? producers : norms;
    scores_[g].resize(static_cast<size_t>(groups[g].channels), 0.0);
  }
}

sdk::StatusOr<std::vector<double>> TaylorHooks::Products(
    sdk::Event& e, const sdk::GroupAxis& axis) {
  ASSAY_ASSIGN_OR_RETURN(sdk::Tensor value, e.Value(axis.parameter));
  ASSAY_ASSIGN_OR_RETURN(sdk::Tensor gradient, e.Gradient(axis.parameter));
  const auto w = std::as_const(value).values();
  const auto g = std::as_const(gradient).values();
  const sdk::Shape& shape = parameters_.at(axis.parameter).shape;
  size_t inner = 1;
  for (size_t d = static_cast<size_t>(axis.axis) + 1; d < shape.size(); ++d) {
    inner *= static_cast<size_t>(shape[d]);
  }
  const auto extent =
      static_cast<size_t>(shape[static_cast<size_t>(axis.axis)]);
  std::vector<double> sums(extent, 0.0);
  for (size_t i = 0; i < w.size(); ++i) {
    sums[i / inner % extent] +=
        static_cast<double>(w[i]) * static_cast<double>(g[i]);
  }
  return sums;
}

sdk::StatusOr<std::vector<double>> TaylorHooks::Importance(sdk::Event& e,
                                                           size_t group) {
  std::vector<double> sums(scores_[group].size(), 0.0);
  for (size_t a : axes_[group]) {
    ASSAY_ASSIGN_OR_RETURN(std::vector<double> products,
                           Products(e, groups_[group].axes[a]));
    for (size_t c = 0; c < sums.size(); ++c) {
      for (int64_t i : groups_.indices(group, a, static_cast<int64_t>(c))) {
        sums[c] += products[static_cast<size_t>(i)];
      }
    }
  }
  for (double& s : sums) s *= s;
  return sums;
}

sdk::Status TaylorHooks::AfterBackward(sdk::Event& e) {
  for (size_t g = 0; g < scores_.size(); ++g) {
    if (scores_[g].empty()) continue;
    ASSAY_ASSIGN_OR_RETURN(std::vector<double> now, Importance(e, g));
    for (size_t c = 0; c < now.size(); ++c) {
      scores_[g][c] = started_
                          ? kMomentum * scores_[g][c] + (1 - kMomentum) * now[c]
                          : now[c];
    }
  }
  started_ = true;
  return sdk::OkStatus();
}

GroupScores Without(const GroupScores& scores, const Removed& removed) {
  GroupScores rest(scores.size());
  for (size_t g = 0; g < scores.size(); ++g) {
    for (size_t c = 0; c < scores[g].size(); ++c) {
      if (!std::binary_search(removed[g].begin(), removed[g].end(),
                              static_cast<int64_t>(c))) {
        rest[g].push_back(scores[g][c]);
      }
    }
  }
  return rest;
}

}  // namespace assay::structured_baselines
