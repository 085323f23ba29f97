#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/channel_groups.h"
#include "harness/graph/rewrites/fold_batch_norm.h"
#include "harness/graph/rewrites/quantize.h"
#include "harness/host/services/graph_access.h"
#include "harness/host/services/parts.h"
#include "harness/host/services/recalibrate.h"
#include "harness/host/services/tables.h"

namespace assay {
namespace {

assay_status* Groups(assay_host* host, const assay_graph* graph,
                     assay_groups** out) {
  return Serve(host, "analysis.groups", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    auto groups = std::make_unique<assay_groups>();
    ASSAY_ASSIGN_OR_RETURN(groups->groups, FindChannelGroups(g->graph));
    for (ValueId v = 0; v < g->graph.value_count(); ++v) {
      groups->parameter_names.push_back(g->graph.value(v).name);
    }
    *out = host->handles().Add(std::move(groups));
    return absl::OkStatus();
  });
}

absl::StatusOr<assay_groups*> FindGroups(assay_host* host,
                                         const assay_groups* groups) {
  return host->handles().Find(groups, "groups");
}

absl::StatusOr<const ChannelGroup*> FindGroup(assay_host* host,
                                              const assay_groups* groups,
                                              uint32_t group) {
  ASSAY_ASSIGN_OR_RETURN(assay_groups * g, FindGroups(host, groups));
  if (group >= g->groups.size()) {
    return absl::OutOfRangeError(absl::StrCat("analysis: there are ",
                                              g->groups.size(),
                                              " groups, asked for ", group));
  }
  return &g->groups[group];
}

uint32_t GroupCount(assay_host* host, const assay_groups* groups) {
  const auto g = FindGroups(host, groups);
  return g.ok() ? static_cast<uint32_t>((*g)->groups.size()) : 0;
}

assay_status* Group(assay_host* host, const assay_groups* groups,
                    uint32_t group, assay_group_info* out) {
  return Serve(host, "analysis.group", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(const ChannelGroup* g,
                           FindGroup(host, groups, group));
    assay_group_info info{};
    info.axis_count = static_cast<uint32_t>(g->pattern.size());
    info.name = Lend(g->name);
    info.channels = static_cast<int64_t>(g->channels.size());
    Fill(info, out);
    return absl::OkStatus();
  });
}

absl::Status CheckAxis(const ChannelGroup& group, uint32_t axis) {
  if (axis < group.pattern.size()) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat("analysis: group ", group.name,
                                            " has ", group.pattern.size(),
                                            " axes, asked for ", axis));
}

assay_status* Axis(assay_host* host, const assay_groups* groups, uint32_t group,
                   uint32_t axis, assay_axis_info* out) {
  return Serve(host, "analysis.axis", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(const ChannelGroup* g,
                           FindGroup(host, groups, group));
    ASSAY_RETURN_IF_ERROR(CheckAxis(*g, axis));
    const ChannelGroup::Axis& a = g->pattern[axis];
    assay_axis_info info{};
    info.axis = a.axis;
    info.parameter =
        Lend(groups->parameter_names[static_cast<size_t>(a.parameter)]);
    info.value = a.parameter;
    info.producer = a.producer ? 1 : 0;
    Fill(info, out);
    return absl::OkStatus();
  });
}

assay_status* Indices(assay_host* host, const assay_groups* groups,
                      uint32_t group, uint32_t axis, int64_t channel,
                      const int64_t** indices, uint64_t* count) {
  return Serve(host, "analysis.indices", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(const ChannelGroup* g,
                           FindGroup(host, groups, group));
    ASSAY_RETURN_IF_ERROR(CheckAxis(*g, axis));
    if (channel < 0 || channel >= static_cast<int64_t>(g->channels.size())) {
      return absl::OutOfRangeError(
          absl::StrCat("analysis: group ", g->name, " has ", g->channels.size(),
                       " channels, asked for ", channel));
    }
    const ChannelSlice& slice =
        g->channels[static_cast<size_t>(channel)].slices[axis];
    *indices = slice.indices.data();
    *count = slice.indices.size();
    return absl::OkStatus();
  });
}

void FreeGroups(assay_host* host, assay_groups* groups) {
  const absl::Status status =
      host->handles().Free(groups, "analysis.free_groups");
  if (!status.ok()) host->sink().Misbehaviour(status.message());
}

// The entries of `kept` that a set's tensors have: it need not hold all.
absl::Status CutSet(assay_host* host, const std::vector<KeptIndices>& kept,
                    assay_parameters* set) {
  std::vector<KeptIndices> present;
  for (const KeptIndices& k : kept) {
    if (set->store.Has(k.parameter)) present.push_back(k);
  }
  ASSAY_ASSIGN_OR_RETURN(const ParameterStore cut,
                         CutParameters(set->store, present));
  for (const auto& [name, value] : cut.values()) {
    PutParameter(host, set, name, value);
  }
  return absl::OkStatus();
}

assay_status* Remove(assay_host* host, const assay_graph* graph,
                     const assay_groups* groups, const int64_t* const* removed,
                     const uint64_t* removed_counts,
                     assay_parameters* const* sets, uint32_t set_count,
                     assay_graph** out) {
  return Serve(host, "analysis.remove", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(assay_groups * of, FindGroups(host, groups));
    std::vector<std::vector<int64_t>> lists;
    for (size_t i = 0; i < of->groups.size(); ++i) {
      lists.emplace_back(removed[i], removed[i] + removed_counts[i]);
    }
    std::vector<assay_parameters*> writable;
    for (uint32_t i = 0; i < set_count; ++i) {
      ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, WritableSet(host, sets[i]));
      writable.push_back(s);
    }
    std::vector<KeptIndices> kept;
    ASSAY_ASSIGN_OR_RETURN(Graph smaller,
                           RemoveChannels(g->graph, lists, &kept));
    for (assay_parameters* s : writable) {
      ASSAY_RETURN_IF_ERROR(CutSet(host, kept, s));
    }
    *out = AddGraph(host, std::move(smaller));
    return absl::OkStatus();
  });
}

// Makes the set hold what `now` holds; tensors that the graph before read and
// the graph now does not are gone.
void ReplaceParameters(assay_host* host, assay_parameters* set,
                       const Graph& before, const ParameterStore& now) {
  for (ValueId id : before.parameters()) {
    const std::string& name = before.value(id).name;
    if (!now.Has(name)) set->store.Erase(name);
  }
  DropStaleTensors(host, set);
  for (const auto& [name, value] : now.values()) {
    PutParameter(host, set, name, value);
  }
}

assay_status* FoldBatchNorm_(assay_host* host, const assay_graph* graph,
                             assay_parameters* set, assay_graph** out) {
  return Serve(host, "analysis.fold_batch_norm", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, WritableSet(host, set));
    ASSAY_ASSIGN_OR_RETURN(FoldedNetwork folded,
                           FoldBatchNorm(g->graph, s->store));
    ReplaceParameters(host, s, g->graph, folded.parameters);
    *out = AddGraph(host, std::move(folded.graph));
    return absl::OkStatus();
  });
}

assay_status* Recalibrate(assay_host* host, const assay_graph* graph,
                          assay_parameters* set, const assay_part* part,
                          int64_t batches, int64_t batch_size,
                          assay_text stream) {
  return ServeRun(host, "analysis.recalibrate", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, WritableSet(host, set));
    const assay_part* p = host->Whole(Split::kTrain);
    if (part != nullptr) {
      ASSAY_ASSIGN_OR_RETURN(p, host->handles().Find(part, "part"));
    }
    if (stream.size == 0) {
      return absl::InvalidArgumentError(
          "analysis.recalibrate: the random stream has no name");
    }
    ASSAY_ASSIGN_OR_RETURN(
        const std::unique_ptr<BatchSource> source,
        TrainingSource(host, *p, batch_size, View(stream), false));
    const int64_t samples = batches * source->batch_size();
    ASSAY_RETURN_IF_ERROR(host->Afford(samples, 0, 0));
    ASSAY_ASSIGN_OR_RETURN(
        const ParameterStore statistics,
        RecalibratedStatistics(host->options().device, g->graph, s->store,
                               *source, batches));
    host->ledger().samples += samples;
    for (const auto& [name, value] : statistics.values()) {
      PutParameter(host, s, name, value);
    }
    return absl::OkStatus();
  });
}

absl::Status AddQuantizer(const Graph& graph, const assay_quantizer& q,
                          QuantizeOptions* options) {
  if (q.value < 0 || q.value >= graph.value_count()) {
    return absl::OutOfRangeError(absl::StrCat("analysis.quantize: there are ",
                                              graph.value_count(),
                                              " values, got ", q.value));
  }
  const Value& v = graph.value(q.value);
  if (q.scales == nullptr) {
    options->activations[v.name] = {q.low, q.high};
    return absl::OkStatus();
  }
  const auto count = static_cast<int64_t>(q.scale_count);
  Tensor scales(DType::kF32, count == 1 ? Shape() : Shape{count});
  std::copy_n(q.scales, q.scale_count, scales.data<float>());
  options->weight_scales[v.name] = std::move(scales);
  return absl::OkStatus();
}

assay_status* Quantize_(assay_host* host, const assay_graph* graph,
                        assay_parameters* set,
                        const assay_quantizer* const* quantizers,
                        uint32_t quantizer_count, uint32_t flags,
                        assay_graph** out) {
  return Serve(host, "analysis.quantize", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, WritableSet(host, set));
    QuantizeOptions options;
    options.residual_adds = (flags & ASSAY_QUANTIZE_ADDITIONS) != 0;
    for (uint32_t i = 0; i < quantizer_count; ++i) {
      ASSAY_ASSIGN_OR_RETURN(
          const assay_quantizer q,
          Receive(quantizers[i], assay_quantizer{}, "analysis.quantize"));
      ASSAY_RETURN_IF_ERROR(AddQuantizer(g->graph, q, &options));
    }
    ASSAY_ASSIGN_OR_RETURN(QuantizedNetwork quantized,
                           Quantize(g->graph, s->store, options));
    ReplaceParameters(host, s, g->graph, quantized.parameters);
    *out = AddGraph(host, std::move(quantized.graph));
    return absl::OkStatus();
  });
}

}  // namespace

const assay_analysis_table* AnalysisTable() {
  static constexpr assay_analysis_table kTable = {
      ASSAY_SIZE(assay_analysis_table),
      1,
      &Groups,
      &GroupCount,
      &Group,
      &Axis,
      &Indices,
      &FreeGroups,
      &Remove,
      &FoldBatchNorm_,
      &Recalibrate,
      &Quantize_};
  return &kTable;
}

}  // namespace assay
