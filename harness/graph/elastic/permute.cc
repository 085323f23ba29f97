#include "harness/graph/elastic/permute.h"

#include <map>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

absl::Status CheckOrder(const ChannelGroup& group,
                        const std::vector<int64_t>& order) {
  const int64_t count = static_cast<int64_t>(group.channels.size());
  std::vector<bool> seen(group.channels.size());
  bool fits = static_cast<int64_t>(order.size()) == count;
  for (size_t i = 0; fits && i < order.size(); ++i) {
    fits = order[i] >= 0 && order[i] < count &&
           !seen[static_cast<size_t>(order[i])];
    if (fits) seen[static_cast<size_t>(order[i])] = true;
  }
  if (fits) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("group '", group.name, "': expected a permutation of [0, ",
                   count, "), got ", order.size(), " numbers"));
}

// By parameter and axis, the source of each index.
using Sources = std::map<std::pair<ValueId, int>, std::vector<int64_t>>;

absl::Status AddGroup(const Graph& graph, const ChannelGroup& group,
                      const std::vector<int64_t>& order, Sources* sources) {
  ASSAY_RETURN_IF_ERROR(CheckOrder(group, order));
  for (size_t i = 0; i < order.size(); ++i) {
    const Channel& to = group.channels[i];
    const Channel& from = group.channels[static_cast<size_t>(order[i])];
    for (size_t k = 0; k < to.slices.size(); ++k) {
      const ChannelSlice& slice = to.slices[k];
      const std::vector<int64_t>& other = from.slices[k].indices;
      if (other.size() != slice.indices.size()) {
        return absl::InvalidArgumentError(absl::StrCat(
            "group '", group.name, "': channels ", i, " and ", order[i],
            " differ in size in '", graph.value(slice.parameter).name, "'"));
      }
      std::vector<int64_t>& source = (*sources)[{slice.parameter, slice.axis}];
      if (source.empty()) {
        source.resize(static_cast<size_t>(
            graph.shape(slice.parameter)[static_cast<size_t>(slice.axis)]));
        std::iota(source.begin(), source.end(), 0);
      }
      for (size_t j = 0; j < other.size(); ++j) {
        source[static_cast<size_t>(slice.indices[j])] = other[j];
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<KeptIndices>> ChannelOrder(
    const Graph& graph, const std::vector<ChannelGroup>& groups,
    absl::Span<const std::vector<int64_t>> order) {
  if (order.size() > groups.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("ChannelOrder: expected at most ", groups.size(),
                     " groups, got ", order.size()));
  }
  Sources sources;
  for (size_t g = 0; g < order.size(); ++g) {
    if (order[g].empty()) continue;
    ASSAY_RETURN_IF_ERROR(AddGroup(graph, groups[g], order[g], &sources));
  }
  std::vector<KeptIndices> result;
  for (auto& [at, source] : sources) {
    result.push_back(
        {graph.value(at.first).name, at.second, std::move(source)});
  }
  return result;
}

bool BelongsTo(absl::string_view name, absl::string_view parameter) {
  absl::ConsumeSuffix(&name, ".mask");
  return name == parameter ||
         (absl::ConsumeSuffix(&name, parameter) && absl::EndsWith(name, "/"));
}

absl::StatusOr<ParameterStore> CutState(const ParameterStore& state,
                                        absl::Span<const KeptIndices> kept) {
  std::map<std::string, std::vector<KeptIndices>> by_parameter;
  for (const KeptIndices& cut : kept) {
    by_parameter[cut.parameter].push_back(cut);
  }
  ParameterStore result = state;
  for (const auto& [name, value] : state.values()) {
    for (const auto& [parameter, cuts] : by_parameter) {
      const bool fits = value.rank() > cuts.back().axis;
      if (!fits || !BelongsTo(name, parameter)) continue;
      ASSAY_ASSIGN_OR_RETURN(Tensor cut, CutTensor(value, cuts));
      result.Set(name, std::move(cut));
      break;
    }
  }
  return result;
}

}  // namespace assay
