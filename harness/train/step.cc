#include "harness/train/step.h"

#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/dtype.h"
#include "harness/core/status_macros.h"
#include "harness/graph/builder.h"
#include "harness/graph/gradient.h"
#include "harness/graph/rewrites/apply_masks.h"
#include "harness/graph/rewrites/constant_fold.h"
#include "harness/graph/rewrites/fuse_attention.h"
#include "harness/graph/rewrites/recompute.h"
#include "harness/graph/rewrites/to_bf16.h"
#include "harness/graph/rewrites/training.h"
#include "harness/graph/roles.h"

namespace assay {
namespace {

bool HasOp(const Graph& graph, absl::string_view op) {
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    if (graph.node(id).op == op) return true;
  }
  return false;
}

absl::StatusOr<Graph> WithFusedAttention(const Graph& graph) {
  ASSAY_ASSIGN_OR_RETURN(Graph fused,
                         FuseAttention(graph, AttentionUse::kTraining));
  if (!HasOp(fused, "attention_fused")) return graph;
  // Masks that are computed become known, and causal ones are seen.
  ASSAY_ASSIGN_OR_RETURN(fused, FoldConstants(fused));
  return FuseAttention(fused, AttentionUse::kTraining);
}

// The network as a step runs it, up to its logits.
absl::StatusOr<Graph> ForwardForm(const Graph& network,
                                  const StepOptions& options) {
  const std::vector<std::string> masked(options.rules.masked.begin(),
                                        options.rules.masked.end());
  ASSAY_ASSIGN_OR_RETURN(Graph graph, ApplyMasks(network, masked));
  ASSAY_ASSIGN_OR_RETURN(graph, ToTraining(graph, options.training));
  if (options.fuse_attention) {
    ASSAY_ASSIGN_OR_RETURN(graph, WithFusedAttention(graph));
  }
  if (options.bf16) {
    ASSAY_ASSIGN_OR_RETURN(graph, ToBf16(graph));
  }
  return graph;
}

bool Decays(Role role, const OptimizerOptions& options) {
  return options.decay_norms_and_biases ||
         (role != Role::kNormScale && role != Role::kNormShift &&
          role != Role::kBias);
}

// The stepped parameters with the gradients that `gradient` gives for each.
template <typename Function>
absl::StatusOr<std::vector<ParameterGradient>> Pair(const Graph& network,
                                                    GraphBuilder& b,
                                                    const StepOptions& options,
                                                    Function gradient) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                         SteppedParameters(network, options.rules));
  const std::vector<Role> roles = ParameterRoles(network);
  std::map<std::string, Role> role_of;
  for (size_t i = 0; i < roles.size(); ++i) {
    role_of[network.value(network.parameters()[i]).name] = roles[i];
  }
  std::vector<ParameterGradient> pairs;
  for (const std::string& name : names) {
    const TensorType& type = network.type(network.FindValue(name));
    pairs.push_back({b.Parameter(name, type.dtype, type.shape), gradient(name),
                     Decays(role_of.at(name), options.optimizer)});
  }
  ASSAY_RETURN_IF_ERROR(b.status());
  return pairs;
}

// Forward, loss and gradients by parameter name.
struct Differentiated {
  Graph graph;
  std::map<std::string, ValueId> gradients;
};

// What the forward pass reads for a parameter: itself, or parameter * mask.
ValueId Source(const Graph& graph, const std::string& name) {
  const ValueId masked = graph.FindValue(MaskedName(name));
  return masked != kNoValue ? masked : graph.FindValue(name);
}

absl::StatusOr<Differentiated> Named(Graph graph,
                                     const std::vector<ValueId>& gradients,
                                     const std::vector<std::string>& names) {
  Differentiated result{std::move(graph), {}};
  for (size_t i = 0; i < names.size(); ++i) {
    if (gradients[i] == kNoValue) {
      return absl::InvalidArgumentError(absl::StrCat(
          "graph \"", result.graph.name(), "\": the loss does not ",
          "depend on parameter \"", names[i], "\""));
    }
    result.gradients[names[i]] = gradients[i];
  }
  return result;
}

// Smaller results are not worth a node.
constexpr int64_t kLeastRecomputed = int64_t{1} << 16;

absl::StatusOr<Differentiated> WithRecomputation(
    const Graph& graph, ValueId loss, std::vector<ValueId> gradients,
    const std::vector<std::string>& names, const StepOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(
      Recomputed lean, options.recompute_segments > 0
                           ? Recompute(graph, loss, options.recompute_segments)
                           : RecomputeCheap(graph, loss, kLeastRecomputed));
  for (ValueId& gradient : gradients) {
    if (gradient == kNoValue) continue;
    gradient = lean.values[static_cast<size_t>(gradient)];
  }
  return Named(std::move(lean.graph), gradients, names);
}

absl::StatusOr<Differentiated> Differentiate(const Graph& network,
                                             const StepOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                         SteppedParameters(network, options.rules));
  ASSAY_ASSIGN_OR_RETURN(Graph graph, ForwardForm(network, options));
  ASSAY_ASSIGN_OR_RETURN(const ValueId loss, AttachLoss(&graph, options.loss));
  std::vector<ValueId> sources;
  for (const std::string& name : names) {
    sources.push_back(Source(graph, name));
  }
  ASSAY_ASSIGN_OR_RETURN(const std::vector<ValueId> gradients,
                         AddGradients(&graph, loss, kNoValue, sources));
  // The logits were there to hang the loss on; nobody fetches them in a step.
  const ValueId kept = graph.FindOutput("loss");
  graph.ClearOutputs();
  ASSAY_RETURN_IF_ERROR(graph.AddOutput("loss", kept));
  if (options.recompute_segments > 0 || options.recompute_cheap) {
    return WithRecomputation(graph, loss, gradients, names, options);
  }
  return Named(std::move(graph), gradients, names);
}

template <typename Names>
absl::Status CheckNames(const Graph& network,
                        const std::set<std::string>& known, const Names& names,
                        absl::string_view rule) {
  for (const auto& name : names) {
    if (known.count(name) == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "graph \"", network.name(), "\": the ", rule, " rule names \"", name,
          "\", which is no trainable parameter"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<std::string>> SteppedParameters(
    const Graph& network, const ParameterRules& rules) {
  std::set<std::string> known;
  std::vector<std::string> names;
  for (const ValueId id : TrainableParameters(network)) {
    const std::string& name = network.value(id).name;
    known.insert(name);
    if (rules.frozen.count(name) == 0) names.push_back(name);
  }
  ASSAY_RETURN_IF_ERROR(CheckNames(network, known, rules.frozen, "frozen"));
  ASSAY_RETURN_IF_ERROR(CheckNames(network, known, rules.masked, "mask"));
  std::vector<std::string> penalised;
  for (const auto& [name, coefficient] : rules.l1) penalised.push_back(name);
  ASSAY_RETURN_IF_ERROR(CheckNames(network, known, penalised, "L1"));
  return names;
}

absl::StatusOr<Graph> BuildStep(const Graph& network,
                                const StepOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(Differentiated step, Differentiate(network, options));
  GraphBuilder b(&step.graph);
  ASSAY_ASSIGN_OR_RETURN(
      const std::vector<ParameterGradient> pairs,
      Pair(network, b, options,
           [&](const std::string& name) { return step.gradients.at(name); }));
  ASSAY_RETURN_IF_ERROR(
      AppendOptimizer(b, pairs, options.optimizer, options.rules));
  step.graph.set_name(absl::StrCat(network.name(), "/step"));
  return std::move(step.graph);
}

absl::StatusOr<Graph> BuildBackward(const Graph& network,
                                    const StepOptions& options,
                                    bool accumulate) {
  ASSAY_ASSIGN_OR_RETURN(Differentiated step, Differentiate(network, options));
  GraphBuilder b(&step.graph);
  for (const auto& [name, gradient] : step.gradients) {
    const ValueId buffer =
        b.Parameter(GradientName(name), b.dtype(gradient), b.shape(gradient));
    b.Update(buffer, accumulate ? b.Add(buffer, gradient) : gradient);
  }
  ASSAY_RETURN_IF_ERROR(b.status());
  step.graph.set_name(
      absl::StrCat(network.name(), accumulate ? "/backward-add" : "/backward"));
  return std::move(step.graph);
}

absl::StatusOr<Graph> BuildApply(const Graph& network,
                                 const StepOptions& options) {
  Graph graph(network.ops());
  graph.set_name(absl::StrCat(network.name(), "/apply"));
  GraphBuilder b(&graph);
  ASSAY_ASSIGN_OR_RETURN(
      const std::vector<ParameterGradient> pairs,
      Pair(network, b, options, [&](const std::string& name) {
        const TensorType& type = network.type(network.FindValue(name));
        return b.Parameter(GradientName(name), type.dtype, type.shape);
      }));
  ASSAY_RETURN_IF_ERROR(
      AppendOptimizer(b, pairs, options.optimizer, options.rules));
  return graph;
}

}  // namespace assay
