#include "plugins/structured_baselines/group_scores.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "plugins/structured_baselines/filter_scores.h"

namespace assay::structured_baselines {
namespace {

bool IsStatistic(const Parameters& parameters, const sdk::GroupAxis& axis) {
  return parameters.at(axis.parameter).role == sdk::Role::kStatistic;
}

bool IsScale(const Parameters& parameters, const sdk::GroupAxis& axis) {
  return parameters.at(axis.parameter).role == sdk::Role::kNormScale;
}

// Sums of an axis' entries over the indices of each channel.
std::vector<double> PerChannel(const sdk::Groups& groups, size_t group,
                               size_t axis,
                               const std::vector<double>& entries) {
  std::vector<double> sums;
  for (int64_t c = 0; c < groups[group].channels; ++c) {
    double sum = 0;
    for (int64_t i : groups.indices(group, axis, c)) {
      sum += entries[static_cast<size_t>(i)];
    }
    sums.push_back(sum);
  }
  return sums;
}

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) /
         static_cast<double>(values.size());
}

// What one score makes of one axis of a group: which axes count, and how their
// entries are scored.
class Scorer {
 public:
  Scorer(std::string_view score, const Parameters& parameters,
         const sdk::Parameters& set)
      : score_(score), parameters_(parameters), set_(set) {}

  bool Counts(const sdk::GroupAxis& axis) const {
    if (score_ == "slimming") return IsScale(parameters_, axis);
    if (score_ == "depgraph") return !IsStatistic(parameters_, axis);
    return axis.producer && parameters_.at(axis.parameter).IsWeight();
  }

  sdk::StatusOr<std::vector<double>> Entries(const sdk::GroupAxis& axis) const {
    ASSAY_ASSIGN_OR_RETURN(auto values, set_.Floats(axis.parameter));
    const sdk::Span<const float> span = values.span();
    const std::vector<int64_t>& shape = parameters_.at(axis.parameter).shape;
    if (score_ == "fpgm" && axis.axis == 0) return DistanceSums(span, shape);
    return SliceSums(span, shape, axis.axis,
                     score_ == "depgraph" ? Term::kSquare : Term::kAbsolute);
  }

 private:
  std::string_view score_;
  const Parameters& parameters_;
  const sdk::Parameters& set_;
};

sdk::StatusOr<std::vector<double>> ScoreGroup(const Scorer& scorer,
                                              const sdk::Groups& groups,
                                              size_t g, bool depgraph) {
  std::vector<std::vector<double>> parts;
  for (size_t a = 0; a < groups[g].axes.size(); ++a) {
    if (!scorer.Counts(groups[g].axes[a])) continue;
    ASSAY_ASSIGN_OR_RETURN(std::vector<double> entries,
                           scorer.Entries(groups[g].axes[a]));
    parts.push_back(PerChannel(groups, g, a, entries));
  }
  if (parts.empty()) return std::vector<double>();
  if (parts.size() == 1 && !depgraph) return parts[0];
  std::vector<double> scores(parts[0].size(), 0.0);
  for (const std::vector<double>& part : parts) {
    // Producers of different sizes weigh alike: each is divided by its mean.
    const double unit = depgraph ? 1.0 : std::max(Mean(part), 1e-30);
    for (size_t c = 0; c < scores.size(); ++c) {
      scores[c] += part[c] / unit / static_cast<double>(parts.size());
    }
  }
  if (depgraph) {
    const double unit = std::max(Mean(scores), 1e-30);
    for (double& s : scores) s /= unit;
  }
  return scores;
}

}  // namespace

Parameters ParametersOf(sdk::GraphRef graph) {
  Parameters parameters;
  for (sdk::Parameter& p : graph.parameters()) {
    const std::string name = p.name;
    parameters.emplace(name, std::move(p));
  }
  return parameters;
}

bool MayPrune(const sdk::Group& group, const Parameters& parameters,
              bool streams) {
  int makers = 0;
  for (const sdk::GroupAxis& axis : group.axes) {
    const sdk::Role role = parameters.at(axis.parameter).role;
    const bool layer = role == sdk::Role::kConv || role == sdk::Role::kLinear;
    makers += axis.producer && layer ? 1 : 0;
  }
  return streams ? makers > 0 : makers == 1;
}

sdk::StatusOr<GroupScores> ScoreGroups(
    const sdk::Run& run, std::string_view score, sdk::GraphRef graph,
    const sdk::Groups& groups, const sdk::Parameters& set, bool streams) {
  const Parameters parameters = ParametersOf(graph);
  const Scorer scorer(score, parameters, set);
  GroupScores scores(groups.size());
  for (size_t g = 0; g < groups.size(); ++g) {
    if (!MayPrune(groups[g], parameters, streams)) continue;
    if (score == "random") {
      ASSAY_ASSIGN_OR_RETURN(sdk::Random random, run.Random("channels"));
      for (int64_t c = 0; c < groups[g].channels; ++c) {
        scores[g].push_back(random.Uniform());
      }
      continue;
    }
    ASSAY_ASSIGN_OR_RETURN(scores[g],
                           ScoreGroup(scorer, groups, g, score == "depgraph"));
  }
  return scores;
}

}  // namespace assay::structured_baselines
