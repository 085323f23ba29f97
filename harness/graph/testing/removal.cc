#include "harness/graph/testing/removal.h"

#include <algorithm>
#include <utility>

namespace assay {
namespace {

void ZeroSlice(const ChannelSlice& slice, Tensor* tensor) {
  const std::vector<int64_t> strides = RowMajorStrides(tensor->shape());
  const size_t axis = static_cast<size_t>(slice.axis);
  for (int64_t i = 0; i < tensor->size(); ++i) {
    const int64_t at = i / strides[axis] % tensor->shape()[axis];
    if (std::binary_search(slice.indices.begin(), slice.indices.end(), at)) {
      tensor->data<double>()[i] = 0;
    }
  }
}

}  // namespace

Removal RandomRemoval(const std::vector<ChannelGroup>& groups,
                      RandomStream& stream) {
  Removal removed;
  for (const ChannelGroup& group : groups) {
    const int64_t count = static_cast<int64_t>(group.channels.size());
    std::vector<int64_t> order = stream.Permutation(count);
    order.resize(stream.Below(static_cast<uint64_t>(count)));
    std::sort(order.begin(), order.end());
    removed.push_back(std::move(order));
  }
  return removed;
}

ParameterStore MaskChannels(const Graph& graph,
                            const std::vector<ChannelGroup>& groups,
                            const Removal& removed,
                            const ParameterStore& store) {
  ParameterStore masked = store.Clone();
  for (size_t g = 0; g < removed.size(); ++g) {
    for (const int64_t c : removed[g]) {
      const Channel& channel = groups[g].channels[static_cast<size_t>(c)];
      for (const ChannelSlice& slice : channel.slices) {
        ZeroSlice(slice, masked.Find(graph.value(slice.parameter).name));
      }
    }
  }
  return masked;
}

}  // namespace assay
