#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"
#include "harness/graph/elastic/depth.h"
#include "harness/graph/elastic/derive.h"
#include "harness/graph/elastic/permute.h"
#include "harness/graph/elastic/subnet.h"
#include "harness/graph/rewrites/recompute.h"
#include "harness/host/services/graph_access.h"
#include "harness/host/services/tables.h"

namespace assay {
namespace {

// The groups of this very graph, with what removal needs, made at first use.
absl::StatusOr<const ChannelAnalysis*> AnalysisOf(assay_host* host,
                                                  const Graph& graph,
                                                  assay_groups* groups) {
  ASSAY_ASSIGN_OR_RETURN(assay_groups * of,
                         host->handles().Find(groups, "groups"));
  if (of->analysis == nullptr) {
    auto analysis = std::make_unique<assay_groups::Analysis>(graph);
    ASSAY_ASSIGN_OR_RETURN(ChannelAnalysis made,
                           ChannelAnalysis::Of(analysis->graph));
    analysis->channels = std::make_unique<ChannelAnalysis>(std::move(made));
    of->analysis = std::move(analysis);
  }
  const Graph& own = of->analysis->graph;
  bool same = own.value_count() == graph.value_count() &&
              own.node_count() == graph.node_count() &&
              of->groups.size() == of->analysis->channels->groups().size();
  for (ValueId id = 0; same && id < graph.value_count(); ++id) {
    same = own.type(id) == graph.type(id);
  }
  if (!same) {
    return absl::InvalidArgumentError(
        "elastic: the groups are those of another graph");
  }
  return of->analysis->channels.get();
}

std::vector<std::vector<int64_t>> Lists(const ChannelAnalysis& analysis,
                                        const int64_t* const* removed,
                                        const uint64_t* counts) {
  std::vector<std::vector<int64_t>> lists;
  for (size_t g = 0; g < analysis.groups().size(); ++g) {
    lists.emplace_back(removed[g], removed[g] + counts[g]);
  }
  return lists;
}

assay_status* Subnet_(assay_host* host, const assay_graph* graph,
                      assay_groups* groups, const int64_t* const* removed,
                      const uint64_t* counts, assay_graph** sliced,
                      assay_graph** dense) {
  return Serve(host, "elastic.subnet", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(const ChannelAnalysis* analysis,
                           AnalysisOf(host, g->graph, groups));
    std::vector<KeptIndices> kept;
    ASSAY_ASSIGN_OR_RETURN(
        Graph small,
        analysis->Remove(Lists(*analysis, removed, counts), &kept));
    if (sliced != nullptr) {
      ASSAY_ASSIGN_OR_RETURN(Graph whole, ReadFromFull(small, g->graph, kept));
      *sliced = AddGraph(host, std::move(whole));
    }
    if (dense != nullptr) *dense = AddGraph(host, std::move(small));
    return absl::OkStatus();
  });
}

assay_status* Cut(assay_host* host, const assay_graph* graph,
                  assay_groups* groups, const int64_t* const* removed,
                  const uint64_t* counts, const assay_parameters* set,
                  assay_parameters** out) {
  return Serve(host, "elastic.cut", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, ReadableSet(host, set));
    ASSAY_ASSIGN_OR_RETURN(const ChannelAnalysis* analysis,
                           AnalysisOf(host, g->graph, groups));
    std::vector<KeptIndices> kept;
    ASSAY_RETURN_IF_ERROR(
        analysis->Remove(Lists(*analysis, removed, counts), &kept).status());
    ASSAY_ASSIGN_OR_RETURN(const ParameterStore cut, CutState(s->store, kept));
    auto made = std::make_unique<assay_parameters>();
    made->store = cut.Clone();
    *out = host->handles().Add(std::move(made));
    return absl::OkStatus();
  });
}

assay_status* Permute(assay_host* host, const assay_graph* graph,
                      assay_groups* groups, const int64_t* const* order,
                      assay_parameters* set) {
  return Serve(host, "elastic.permute", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * s, WritableSet(host, set));
    ASSAY_ASSIGN_OR_RETURN(const ChannelAnalysis* analysis,
                           AnalysisOf(host, g->graph, groups));
    std::vector<std::vector<int64_t>> orders;
    for (size_t i = 0; i < analysis->groups().size(); ++i) {
      const size_t count = analysis->groups()[i].channels.size();
      orders.emplace_back();
      if (order[i] != nullptr) {
        orders.back().assign(order[i], order[i] + count);
      }
    }
    ASSAY_ASSIGN_OR_RETURN(const std::vector<KeptIndices> sources,
                           ChannelOrder(g->graph, analysis->groups(), orders));
    ASSAY_ASSIGN_OR_RETURN(const ParameterStore moved,
                           CutState(s->store, sources));
    for (const auto& [name, value] : moved.values()) {
      PutParameter(host, s, name, value);
    }
    return absl::OkStatus();
  });
}

uint32_t BlockCount(assay_host* host, const assay_graph* graph) {
  const auto g = ReadableGraph(host, graph);
  return g.ok() ? static_cast<uint32_t>(FindResidualBlocks((*g)->graph).size())
                : 0;
}

absl::StatusOr<ResidualBlock> BlockOf(const std::vector<ResidualBlock>& blocks,
                                      uint32_t index) {
  if (index < blocks.size()) return blocks[index];
  return absl::OutOfRangeError(absl::StrCat(
      "elastic: there are ", blocks.size(), " blocks, asked for ", index));
}

assay_status* Block(assay_host* host, const assay_graph* graph, uint32_t index,
                    assay_block_info* out) {
  return Serve(host, "elastic.block", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(const ResidualBlock block,
                           BlockOf(FindResidualBlocks(g->graph), index));
    assay_block_info info{};
    info.skip = block.skip;
    info.sum = block.sum;
    // The graph's own text, which lives as long as the graph.
    info.name = Lend(g->graph.value(g->graph.FindValue(block.name)).name);
    Fill(info, out);
    return absl::OkStatus();
  });
}

assay_status* DropBlocks_(assay_host* host, const assay_graph* graph,
                          const uint32_t* blocks, uint32_t count,
                          assay_graph** out) {
  return Serve(host, "elastic.drop_blocks", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    const std::vector<ResidualBlock> all = FindResidualBlocks(g->graph);
    std::vector<ResidualBlock> chosen;
    for (uint32_t i = 0; i < count; ++i) {
      ASSAY_ASSIGN_OR_RETURN(ResidualBlock block, BlockOf(all, blocks[i]));
      chosen.push_back(std::move(block));
    }
    ASSAY_ASSIGN_OR_RETURN(Graph small, DropBlocks(g->graph, chosen));
    *out = AddGraph(host, std::move(small));
    return absl::OkStatus();
  });
}

assay_status* Derive(assay_host* host, const assay_graph* graph,
                     const assay_text* names,
                     const assay_graph* const* formulas, uint32_t count,
                     assay_graph** out) {
  return Serve(host, "elastic.derive", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    std::map<std::string, const Graph*> by_name;
    for (uint32_t i = 0; i < count; ++i) {
      ASSAY_ASSIGN_OR_RETURN(assay_graph * formula,
                             ReadableGraph(host, formulas[i]));
      by_name[Text(names[i])] = &formula->graph;
    }
    ASSAY_ASSIGN_OR_RETURN(Graph derived, DeriveParameters(g->graph, by_name));
    *out = AddGraph(host, std::move(derived));
    return absl::OkStatus();
  });
}

assay_status* ShrinkKernel_(assay_host* host, const assay_graph* graph,
                            assay_text weights, int64_t kernel,
                            assay_text transform, assay_graph** out) {
  return Serve(host, "elastic.shrink_kernel", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(Graph small, ShrinkKernel(g->graph, View(weights),
                                                     kernel, Text(transform)));
    *out = AddGraph(host, std::move(small));
    return absl::OkStatus();
  });
}

assay_status* ReshapeInput(assay_host* host, const assay_graph* graph,
                           assay_text input, const int64_t* shape,
                           uint32_t rank, assay_graph** out) {
  return Serve(host, "elastic.reshape_input", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(Shape wanted, ToShape(shape, rank));
    ASSAY_ASSIGN_OR_RETURN(
        Graph result, WithInputShape(g->graph, View(input), std::move(wanted)));
    *out = AddGraph(host, std::move(result));
    return absl::OkStatus();
  });
}

assay_status* Prefix(assay_host* host, const assay_graph* graph,
                     assay_text prefix, assay_graph** out) {
  return Serve(host, "elastic.prefix", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    CopyHooks hooks;
    hooks.leaf = [&](GraphCopier& copier, ValueId id) {
      const Value& value = copier.from().value(id);
      if (value.kind != ValueKind::kParameter) return false;
      copier.Set(id,
                 copier.b().Parameter(absl::StrCat(View(prefix), value.name),
                                      value.type.dtype, value.type.shape));
      return true;
    };
    Graph without = g->graph;
    without.ClearUpdates();
    ASSAY_ASSIGN_OR_RETURN(Graph result, CopyGraph(without, hooks));
    for (const Graph::Update& u : g->graph.updates()) {
      const std::string name =
          absl::StrCat(View(prefix), g->graph.value(u.parameter).name);
      ASSAY_RETURN_IF_ERROR(result.AddUpdate(result.FindValue(name), u.value));
    }
    *out = AddGraph(host, std::move(result));
    return absl::OkStatus();
  });
}

assay_status* Recompute_(assay_host* host, const assay_graph* graph,
                         int32_t loss, int32_t segments, assay_graph** out) {
  return Serve(host, "elastic.recompute", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(Recomputed lean,
                           Recompute(g->graph, loss, segments));
    *out = AddGraph(host, std::move(lean.graph));
    return absl::OkStatus();
  });
}

}  // namespace

const assay_elastic_table* ElasticTable() {
  static constexpr assay_elastic_table kTable = {
      ASSAY_SIZE(assay_elastic_table),
      1,
      &Subnet_,
      &Cut,
      &Permute,
      &BlockCount,
      &Block,
      &DropBlocks_,
      &Derive,
      &ShrinkKernel_,
      &ReshapeInput,
      &Prefix,
      &Recompute_};
  return &kTable;
}

}  // namespace assay
