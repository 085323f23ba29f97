// Networks that share weights; see services/elastic.h.
#ifndef ASSAY_HARNESS_ABI_SDK_ELASTIC_H_
#define ASSAY_HARNESS_ABI_SDK_ELASTIC_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis.h"

namespace assay::sdk {

// By group, the channels that go; or their new order.
using ChannelLists = std::vector<std::vector<int64_t>>;

// A sub-network: `sliced` reads the shared parameters in part, `dense` has
// small ones of its own.
struct Subnet {
  Graph sliced;
  Graph dense;
};

// A residual block.
struct Block {
  std::string name;
  ValueId skip = kNoValue;
  ValueId sum = kNoValue;
};

class Elastic {
 public:
  explicit Elastic(const Services& s) : s_(s) {}

  StatusOr<Subnet> TakeSubnet(GraphRef graph, const Groups& groups,
                              const ChannelLists& removed) const {
    const Lists lists(removed);
    assay_graph* sliced = nullptr;
    assay_graph* dense = nullptr;
    ASSAY_RETURN_IF_ERROR(lists.Check(groups));
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s_, elastic, subnet, graph.raw(),
                                         groups.raw(), lists.data(),
                                         lists.counts(), &sliced, &dense));
    return Subnet{Graph(s_, sliced), Graph(s_, dense)};
  }
  // `set` without those channels, optimiser state and masks included.
  StatusOr<Parameters> Cut(GraphRef graph, const Groups& groups,
                           const ChannelLists& removed,
                           ParametersRef set) const {
    const Lists lists(removed);
    assay_parameters* out = nullptr;
    ASSAY_RETURN_IF_ERROR(lists.Check(groups));
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s_, elastic, cut, graph.raw(),
                                         groups.raw(), lists.data(),
                                         lists.counts(), set.raw(), &out));
    return Parameters(s_, out);
  }
  // Channel order[g][i] of group g comes to place i; an empty order leaves its
  // group alone.
  Status Permute(GraphRef graph, const Groups& groups,
                 const ChannelLists& order, Parameters* set) const {
    const Lists lists(order);
    ASSAY_RETURN_IF_ERROR(lists.Check(groups));
    for (size_t g = 0; g < order.size(); ++g) {
      if (!order[g].empty() &&
          static_cast<int64_t>(order[g].size()) != groups[g].channels) {
        return InvalidArgument("permute: an order of all channels of " +
                               groups[g].name);
      }
    }
    return ASSAY_SDK_CALL(s_, elastic, permute, graph.raw(), groups.raw(),
                          lists.data(), set->raw());
  }

  std::vector<Block> Blocks(GraphRef graph) const {
    std::vector<Block> blocks;
    const uint32_t n = CallOr(s_.elastic, &assay_elastic_table::block_count,
                              s_.host, graph.raw());
    for (uint32_t i = 0; i < n; ++i) {
      assay_block_info info{};
      info.size = ASSAY_SIZE(assay_block_info);
      if (!ASSAY_SDK_CALL(s_, elastic, block, graph.raw(), i, &info).ok()) {
        break;
      }
      blocks.push_back({ToString(info.name), info.skip, info.sum});
    }
    return blocks;
  }
  StatusOr<Graph> DropBlocks(GraphRef graph,
                             const std::vector<uint32_t>& blocks) const {
    assay_graph* out = nullptr;
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(s_, elastic, drop_blocks, graph.raw(), blocks.data(),
                       static_cast<uint32_t>(blocks.size()), &out));
    return Graph(s_, out);
  }

  // Parameters by formulas: graphs with one output each.
  StatusOr<Graph> Derive(
      GraphRef graph,
      const std::vector<std::pair<std::string, GraphRef>>& formulas) const {
    std::vector<assay_text> names;
    std::vector<const assay_graph*> graphs;
    for (const auto& [name, formula] : formulas) {
      names.push_back(ToText(name));
      graphs.push_back(formula.raw());
    }
    assay_graph* out = nullptr;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(
        s_, elastic, derive, graph.raw(), names.data(), graphs.data(),
        static_cast<uint32_t>(names.size()), &out));
    return Graph(s_, out);
  }
  StatusOr<Graph> ShrinkKernel(GraphRef graph, std::string_view weights,
                               int64_t kernel,
                               std::string_view transform = "") const {
    assay_graph* out = nullptr;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s_, elastic, shrink_kernel,
                                         graph.raw(), ToText(weights), kernel,
                                         ToText(transform), &out));
    return Graph(s_, out);
  }
  StatusOr<Graph> ReshapeInput(GraphRef graph, std::string_view input,
                               const Shape& shape) const {
    assay_graph* out = nullptr;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(
        s_, elastic, reshape_input, graph.raw(), ToText(input), shape.data(),
        static_cast<uint32_t>(shape.size()), &out));
    return Graph(s_, out);
  }
  // Every parameter p becomes prefix + p.
  StatusOr<Graph> Prefix(GraphRef graph, std::string_view prefix) const {
    assay_graph* out = nullptr;
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(s_, elastic, prefix, graph.raw(), ToText(prefix), &out));
    return Graph(s_, out);
  }
  StatusOr<Graph> Recompute(GraphRef graph, ValueId loss,
                            int32_t segments) const {
    assay_graph* out = nullptr;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s_, elastic, recompute, graph.raw(),
                                         loss, segments, &out));
    return Graph(s_, out);
  }

 private:
  // Lists as the host reads them; an empty one is null.
  class Lists {
   public:
    explicit Lists(const ChannelLists& lists) {
      for (const auto& list : lists) {
        data_.push_back(list.empty() ? nullptr : list.data());
        counts_.push_back(list.size());
      }
    }
    Status Check(const Groups& groups) const {
      if (data_.size() == groups.size()) return OkStatus();
      return InvalidArgument("elastic: one list of channels per group");
    }
    const int64_t* const* data() const { return data_.data(); }
    const uint64_t* counts() const { return counts_.data(); }

   private:
    std::vector<const int64_t*> data_;
    std::vector<uint64_t> counts_;
  };

  const Services& s_;
};

}  // namespace assay::sdk

#endif  // ASSAY_HARNESS_ABI_SDK_ELASTIC_H_
