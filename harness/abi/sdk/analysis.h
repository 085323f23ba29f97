// Channel groups, batch-norm and quantization rewrites.
#ifndef ASSAY_HARNESS_ABI_SDK_ANALYSIS_H_
#define ASSAY_HARNESS_ABI_SDK_ANALYSIS_H_

#include <string>

#include "graph.h"
#include "parameters.h"

namespace assay::sdk {

struct GroupAxis {
  std::string parameter;
  int axis = 0;
  ValueId value = kNoValue;
  bool producer = false;  // output channels of its layer
};

struct Group {
  std::string name;
  int64_t channels = 0;
  std::vector<GroupAxis> axes;
};

// The channel groups of one network.
class Groups {
 public:
  using Raw = Handle<assay_groups, assay_analysis_table, &Services::analysis,
                     &assay_analysis_table::free_groups>;
  Groups() = default;

  static StatusOr<Groups> Find(const Services& s, GraphRef graph) {
    assay_groups* raw = nullptr;
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(s, analysis, groups, graph.raw(), &raw));
    Groups groups;
    groups.s_ = &s;
    groups.handle_ = Raw(s, raw);
    ASSAY_RETURN_IF_ERROR(groups.Read());
    return groups;
  }

  size_t size() const { return groups_.size(); }
  const Group& operator[](size_t i) const { return groups_[i]; }
  auto begin() const { return groups_.begin(); }
  auto end() const { return groups_.end(); }

  // Indices along axis `axis` of group `group` that belong to a channel; empty
  // for numbers out of range. Valid as long as this object.
  Span<const int64_t> indices(size_t group, size_t axis,
                              int64_t channel) const {
    const int64_t* indices = nullptr;
    uint64_t count = 0;
    const Status status = ASSAY_SDK_CALL(
        *s_, analysis, indices, handle_.get(), static_cast<uint32_t>(group),
        static_cast<uint32_t>(axis), channel, &indices, &count);
    return status.ok() ? Span<const int64_t>(indices, count)
                       : Span<const int64_t>();
  }

  // A graph without channels removed[g] of each group g; `sets` are cut with
  // it.
  StatusOr<Graph> Remove(GraphRef graph,
                         const std::vector<std::vector<int64_t>>& removed,
                         const std::vector<Parameters*>& sets) const {
    if (removed.size() != groups_.size()) {
      return InvalidArgument("remove: one list of channels per group");
    }
    std::vector<const int64_t*> lists;
    std::vector<uint64_t> counts;
    std::vector<assay_parameters*> raw_sets;
    for (const auto& r : removed) {
      lists.push_back(r.data());
      counts.push_back(r.size());
    }
    for (const Parameters* set : sets) raw_sets.push_back(set->raw());
    assay_graph* raw = nullptr;
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(*s_, analysis, remove, graph.raw(), handle_.get(),
                       lists.data(), counts.data(), raw_sets.data(),
                       static_cast<uint32_t>(raw_sets.size()), &raw));
    return Graph(*s_, raw);
  }

  assay_groups* raw() const { return handle_.get(); }

 private:
  Status Read() {
    const uint32_t n = CallOr(s_->analysis, &assay_analysis_table::group_count,
                              s_->host, handle_.get());
    for (uint32_t g = 0; g < n; ++g) {
      assay_group_info info{};
      info.size = ASSAY_SIZE(assay_group_info);
      ASSAY_RETURN_IF_ERROR(
          ASSAY_SDK_CALL(*s_, analysis, group, handle_.get(), g, &info));
      Group group{ToString(info.name), info.channels, {}};
      for (uint32_t a = 0; a < info.axis_count; ++a) {
        assay_axis_info axis{};
        axis.size = ASSAY_SIZE(assay_axis_info);
        ASSAY_RETURN_IF_ERROR(
            ASSAY_SDK_CALL(*s_, analysis, axis, handle_.get(), g, a, &axis));
        group.axes.push_back({ToString(axis.parameter), axis.axis, axis.value,
                              axis.producer != 0});
      }
      groups_.push_back(std::move(group));
    }
    return OkStatus();
  }

  const Services* s_ = nullptr;
  Raw handle_;
  std::vector<Group> groups_;
};

// The u8 grid of an activation: [low, high] widened to hold 0.
struct ActivationRange {
  ValueId value = kNoValue;
  double low = 0;
  double high = 0;
};

// The s8 grid of a layer's weights, symmetric: one scale, or one for each
// output channel.
struct WeightScales {
  ValueId weights = kNoValue;
  std::vector<float> scales = {};
};

struct QuantizeOptions {
  std::vector<ActivationRange> activations = {};
  std::vector<WeightScales> weights = {};  // the layers to quantize
  bool additions = true;                   // residual branches stay integer
};

inline StatusOr<Graph> FoldBatchNorm(const Services& s, GraphRef graph,
                                     Parameters* set) {
  assay_graph* raw = nullptr;
  ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s, analysis, fold_batch_norm,
                                       graph.raw(), set->raw(), &raw));
  return Graph(s, raw);
}

// A network with quantize and dequantize nodes; see services/analysis.h.
inline StatusOr<Graph> Quantize(const Services& s, GraphRef graph,
                                Parameters* set, const QuantizeOptions& o) {
  std::vector<assay_quantizer> raw_quantizers;
  for (const ActivationRange& a : o.activations) {
    raw_quantizers.push_back(
        {ASSAY_SIZE(assay_quantizer), a.value, a.low, a.high, nullptr, 0});
  }
  for (const WeightScales& w : o.weights) {
    raw_quantizers.push_back({ASSAY_SIZE(assay_quantizer), w.weights, 0, 0,
                              w.scales.data(), w.scales.size()});
  }
  std::vector<const assay_quantizer*> pointers;
  for (const assay_quantizer& q : raw_quantizers) pointers.push_back(&q);
  assay_graph* raw = nullptr;
  ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(
      s, analysis, quantize, graph.raw(), set->raw(), pointers.data(),
      static_cast<uint32_t>(pointers.size()),
      o.additions ? uint32_t{ASSAY_QUANTIZE_ADDITIONS} : 0u, &raw));
  return Graph(s, raw);
}

}  // namespace assay::sdk

#endif  // ASSAY_HARNESS_ABI_SDK_ANALYSIS_H_
