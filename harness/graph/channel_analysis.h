// Removing channels again and again from one network.
#ifndef ASSAY_HARNESS_GRAPH_CHANNEL_ANALYSIS_H_
#define ASSAY_HARNESS_GRAPH_CHANNEL_ANALYSIS_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/graph/channel_groups.h"
#include "harness/graph/graph.h"

namespace assay {

// What removal needs to know about one network, found once for any number of
// removals (sub-networks of a supernet). Copies share it; immutable.
class ChannelAnalysis {
 public:
  // `graph` must outlive the analysis and stay as it is. Errors as
  // FindChannelGroups.
  static absl::StatusOr<ChannelAnalysis> Of(const Graph& graph);

  const std::vector<ChannelGroup>& groups() const;
  // As RemoveChannels.
  absl::StatusOr<Graph> Remove(absl::Span<const std::vector<int64_t>> removed,
                               std::vector<KeptIndices>* kept) const;

 private:
  struct State;
  explicit ChannelAnalysis(std::shared_ptr<const State> state)
      : state_(std::move(state)) {}

  std::shared_ptr<const State> state_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_CHANNEL_ANALYSIS_H_
