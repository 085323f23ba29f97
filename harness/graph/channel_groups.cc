#include "harness/graph/channel_groups.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "harness/core/status_macros.h"
#include "harness/graph/channel_analysis.h"
#include "harness/graph/channel_classes.h"

namespace assay {
namespace {

using Pattern = std::vector<std::pair<ValueId, int>>;

// Channels by class, in the order of their first parameter element.
std::vector<Channel> CollectChannels(const ChannelClasses& classes) {
  const Graph& graph = classes.graph();
  std::vector<Channel> channels;
  absl::flat_hash_map<int64_t, size_t> by_class;
  for (const ValueId parameter : graph.parameters()) {
    const Shape& shape = graph.shape(parameter);
    for (int axis = 0; axis < static_cast<int>(shape.size()); ++axis) {
      for (int64_t i = 0; i < shape[static_cast<size_t>(axis)]; ++i) {
        const int64_t of = classes.ClassOf(parameter, axis, i);
        if (classes.frozen(of)) continue;
        const auto [it, fresh] = by_class.try_emplace(of, channels.size());
        if (fresh) channels.emplace_back();
        std::vector<ChannelSlice>& slices = channels[it->second].slices;
        if (slices.empty() || slices.back().parameter != parameter ||
            slices.back().axis != axis) {
          slices.push_back({parameter, axis, {}});
        }
        slices.back().indices.push_back(i);
      }
    }
  }
  return channels;
}

Pattern PatternOf(const Channel& channel) {
  Pattern pattern;
  for (const ChannelSlice& slice : channel.slices) {
    pattern.emplace_back(slice.parameter, slice.axis);
  }
  return pattern;
}

ChannelGroup NewGroup(const ChannelClasses& classes, const Pattern& pattern) {
  ChannelGroup group;
  for (const auto& [parameter, axis] : pattern) {
    const bool producer = classes.produces(parameter, axis);
    if (producer && group.name.empty()) {
      group.name = classes.graph().value(parameter).name;
    }
    group.pattern.push_back({parameter, axis, producer});
  }
  return group;
}

std::vector<ChannelGroup> GroupsOf(const ChannelClasses& classes) {
  std::vector<ChannelGroup> groups;
  std::map<Pattern, size_t> by_pattern;
  for (Channel& channel : CollectChannels(classes)) {
    Pattern pattern = PatternOf(channel);
    const bool made = std::any_of(
        pattern.begin(), pattern.end(),
        [&](const auto& at) { return classes.produces(at.first, at.second); });
    if (!made) continue;
    const auto [it, fresh] =
        by_pattern.try_emplace(std::move(pattern), groups.size());
    if (fresh) groups.push_back(NewGroup(classes, it->first));
    groups[it->second].channels.push_back(std::move(channel));
  }
  return groups;
}

}  // namespace

absl::StatusOr<std::vector<ChannelGroup>> FindChannelGroups(
    const Graph& graph) {
  ASSAY_ASSIGN_OR_RETURN(const ChannelClasses classes,
                         ChannelClasses::Of(graph));
  return GroupsOf(classes);
}

struct ChannelAnalysis::State {
  const Graph* graph;
  ChannelClasses classes;
  std::vector<ChannelGroup> groups;
};

absl::StatusOr<ChannelAnalysis> ChannelAnalysis::Of(const Graph& graph) {
  ASSAY_ASSIGN_OR_RETURN(ChannelClasses classes, ChannelClasses::Of(graph));
  std::vector<ChannelGroup> groups = GroupsOf(classes);
  return ChannelAnalysis(std::make_shared<const State>(
      State{&graph, std::move(classes), std::move(groups)}));
}

const std::vector<ChannelGroup>& ChannelAnalysis::groups() const {
  return state_->groups;
}

absl::StatusOr<Graph> ChannelAnalysis::Remove(
    absl::Span<const std::vector<int64_t>> removed,
    std::vector<KeptIndices>* kept) const {
  return RemoveClasses(*state_->graph, state_->classes, state_->groups, removed,
                       kept);
}

absl::StatusOr<Graph> RemoveChannels(
    const Graph& graph, absl::Span<const std::vector<int64_t>> removed,
    std::vector<KeptIndices>* kept) {
  ASSAY_ASSIGN_OR_RETURN(const ChannelAnalysis analysis,
                         ChannelAnalysis::Of(graph));
  return analysis.Remove(removed, kept);
}

}  // namespace assay
