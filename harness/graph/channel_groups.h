// Which channels must be removed together, and their physical removal.
//
// Every axis of every value is a row of elements. Each op says which elements
// of its operands and results are one and the same channel (ChannelCoupler); a
// union-find over (value, axis, index) then gives the classes. A class that
// touches a graph input, a graph output or a frozen axis stays. The index maps
// of concat, flatten, split and grouped convolutions need no special case: they
// are couplings of single elements.
#ifndef ASSAY_HARNESS_GRAPH_CHANNEL_GROUPS_H_
#define ASSAY_HARNESS_GRAPH_CHANNEL_GROUPS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/core/tensor.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

// Indices of one parameter's axis that belong to a channel.
struct ChannelSlice {
  ValueId parameter;
  int axis;
  std::vector<int64_t> indices;  // ascending
};

// One removable channel: all slices that go with it.
struct Channel {
  std::vector<ChannelSlice> slices;  // ordered by (parameter, axis)
};

// Channels with the same pattern (the same parameters and axes): the outputs of
// one convolution, or one residual stream with everything that writes or reads
// it. A channel's number is its position here.
struct ChannelGroup {
  std::string
      name;  // the first producer's parameter name: "layer1.conv1.weights"
  std::vector<Channel> channels;
  // The parameter axes that every channel slices, ordered; slices[k] of a
  // channel belongs to pattern[k].
  struct Axis {
    ValueId parameter;
    int axis;
    bool producer;
  };  // producer: axis of output channels
  std::vector<Axis> pattern;
};

// Groups of a network in inference form, in the order of their first parameter.
// RESOURCE_EXHAUSTED: the axes of all values have more than 2^26 indices
// together, which no network has and a damaged file may say.
absl::StatusOr<std::vector<ChannelGroup>> FindChannelGroups(const Graph& graph);

// What an op's `couple` function sees.
class ChannelCoupler {
 public:
  virtual ~ChannelCoupler() = default;
  virtual const Graph& graph() const = 0;
  virtual const Node& node() const = 0;
  // a's index i along axis_a and b's index i along axis_b are one channel, for
  // all i.
  virtual void Same(ValueId a, int axis_a, ValueId b, int axis_b) = 0;
  // The single elements are one channel.
  virtual void Couple(ValueId a, int axis_a, int64_t i, ValueId b, int axis_b,
                      int64_t j) = 0;
  // No channel of this axis may go.
  virtual void Freeze(ValueId v, int axis) = 0;
  // Axis of `parameter` that makes channels (marks the producer side of a
  // group).
  virtual void Produces(ValueId parameter, int axis) = 0;
};

// Kept indices of one parameter's axis, in old coordinates, ascending.
struct KeptIndices {
  std::string parameter;
  int axis;
  std::vector<int64_t> indices;
};

// A network without the given channels: `removed[g]` holds channel numbers of
// group g of FindChannelGroups(graph). Parameters, constants and results
// shrink, and attributes that count channels follow (groups of convolutions,
// extents of reshape and broadcast_to, bounds of slice). `kept` (may be null)
// receives every parameter axis that lost channels, ordered by parameter and
// axis, for cutting tensors: values, optimiser state, masks.
// INVALID_ARGUMENT: a channel out of range or named twice, more lists than
// groups, or a group that would lose all its channels.
absl::StatusOr<Graph> RemoveChannels(
    const Graph& graph, absl::Span<const std::vector<int64_t>> removed,
    std::vector<KeptIndices>* kept);

// `tensor` with each axis that `kept` names cut to its kept indices, whatever
// parameter the entries name: a parameter's value or anything of its shape.
// INVALID_ARGUMENT: an axis or index that the tensor lacks.
absl::StatusOr<Tensor> CutTensor(const Tensor& tensor,
                                 absl::Span<const KeptIndices> kept);

// A store in which the parameters that `kept` names are cut; others share their
// tensors. NOT_FOUND names a parameter that the store lacks.
absl::StatusOr<ParameterStore> CutParameters(
    const ParameterStore& parameters, absl::Span<const KeptIndices> kept);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_CHANNEL_GROUPS_H_
