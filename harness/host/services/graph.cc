#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"
#include "harness/graph/gradient.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/graph/rewrites/training.h"
#include "harness/graph/text.h"
#include "harness/host/services/graph_access.h"
#include "harness/host/services/graph_read.h"
#include "harness/host/services/substitute.h"
#include "harness/host/services/tables.h"
#include "harness/ops/ops.h"
#include "harness/train/loss.h"

namespace assay {
namespace {

using graph_service::Consumers;
using graph_service::FindOutput;
using graph_service::FindValue;

assay_status* Make(assay_host* host, assay_text name, assay_graph** out) {
  return Serve(host, "graph.make", [&]() -> absl::Status {
    Graph graph(StandardOps());
    graph.set_name(Text(name));
    *out = AddGraph(host, std::move(graph));
    return absl::OkStatus();
  });
}

assay_status* Clone(assay_host* host, const assay_graph* graph,
                    assay_graph** out) {
  return Serve(host, "graph.clone", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    *out = AddGraph(host, g->graph);
    return absl::OkStatus();
  });
}

assay_status* FromText(assay_host* host, assay_text text, assay_graph** out) {
  return Serve(host, "graph.from_text", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(Graph graph, ParseGraph(View(text), StandardOps()));
    *out = AddGraph(host, std::move(graph));
    return absl::OkStatus();
  });
}

void Free(assay_host* host, assay_graph* graph) {
  const auto g = host->handles().Find(graph, "graph.free");
  if (g.ok() && !(*g)->lent) {
    for (const auto& [id, tensor] : (*g)->constants) {
      host->handles().Remove(tensor);
    }
  }
  const absl::Status status = host->handles().Free(graph, "graph.free");
  if (!status.ok()) host->sink().Misbehaviour(status.message());
}

absl::StatusOr<TensorType> ToType(int32_t dtype, const int64_t* shape,
                                  uint32_t rank) {
  TensorType type;
  ASSAY_ASSIGN_OR_RETURN(type.dtype, ToDType(dtype));
  ASSAY_ASSIGN_OR_RETURN(type.shape, ToShape(shape, rank));
  return type;
}

absl::Status CheckValue(const Graph& graph, ValueId value, const char* what) {
  if (value >= 0 && value < graph.value_count()) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat("graph.", what, ": there are ",
                                            graph.value_count(),
                                            " values, got ", value));
}

assay_status* AddInput(assay_host* host, assay_graph* graph, assay_text name,
                       int32_t dtype, const int64_t* shape, uint32_t rank,
                       int32_t* value) {
  return Serve(host, "graph.add_input", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, WritableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(TensorType type, ToType(dtype, shape, rank));
    ASSAY_ASSIGN_OR_RETURN(*value,
                           g->graph.AddInput(Text(name), std::move(type)));
    return absl::OkStatus();
  });
}

assay_status* AddParameter(assay_host* host, assay_graph* graph,
                           assay_text name, int32_t dtype, const int64_t* shape,
                           uint32_t rank, int32_t* value) {
  return Serve(host, "graph.add_parameter", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, WritableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(TensorType type, ToType(dtype, shape, rank));
    ASSAY_ASSIGN_OR_RETURN(*value,
                           g->graph.AddParameter(Text(name), std::move(type)));
    return absl::OkStatus();
  });
}

assay_status* AddConstant(assay_host* host, assay_graph* graph,
                          const assay_tensor* tensor, int32_t* value) {
  return Serve(host, "graph.add_constant", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, WritableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(assay_tensor * t,
                           host->handles().Find(tensor, "tensor"));
    *value = g->graph.AddConstant(t->tensor.Clone());
    return absl::OkStatus();
  });
}

absl::StatusOr<Attributes> ToAttributes(const assay_attribute* const* list,
                                        uint32_t count) {
  Attributes attributes;
  for (uint32_t i = 0; i < count; ++i) {
    ASSAY_ASSIGN_OR_RETURN(
        const assay_attribute a,
        Receive(list[i], assay_attribute{}, "graph.add_node attribute"));
    switch (a.type) {
      case ASSAY_ATTRIBUTE_INTEGER:
        attributes.Set(Text(a.name), a.integer);
        break;
      case ASSAY_ATTRIBUTE_REAL:
        attributes.Set(Text(a.name), a.real);
        break;
      case ASSAY_ATTRIBUTE_TEXT:
        attributes.Set(Text(a.name), Text(a.text));
        break;
      case ASSAY_ATTRIBUTE_INTEGERS:
        attributes.Set(Text(a.name),
                       std::vector<int64_t>(a.integers, a.integers + a.count));
        break;
      case ASSAY_ATTRIBUTE_REALS:
        attributes.Set(Text(a.name),
                       std::vector<double>(a.reals, a.reals + a.count));
        break;
      default:
        return absl::InvalidArgumentError(
            absl::StrCat("graph.add_node: attribute ", View(a.name),
                         ": expected a type from 0 to 4, got ", a.type));
    }
  }
  return attributes;
}

assay_status* AddNode(assay_host* host, assay_graph* graph, assay_text op,
                      const int32_t* inputs, uint32_t input_count,
                      const assay_attribute* const* attributes,
                      uint32_t attribute_count, assay_text name,
                      int32_t* node) {
  return Serve(host, "graph.add_node", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, WritableGraph(host, graph));
    std::vector<ValueId> operands(inputs, inputs + input_count);
    for (ValueId v : operands) {
      if (v != kNoValue) {
        ASSAY_RETURN_IF_ERROR(CheckValue(g->graph, v, "add_node"));
      }
    }
    ASSAY_ASSIGN_OR_RETURN(Attributes values,
                           ToAttributes(attributes, attribute_count));
    ASSAY_ASSIGN_OR_RETURN(*node,
                           g->graph.AddNode(Text(op), std::move(operands),
                                            std::move(values), Text(name)));
    return absl::OkStatus();
  });
}

assay_status* AddOutput(assay_host* host, assay_graph* graph, assay_text name,
                        int32_t value) {
  return Serve(host, "graph.add_output", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, WritableGraph(host, graph));
    ASSAY_RETURN_IF_ERROR(CheckValue(g->graph, value, "add_output"));
    return g->graph.AddOutput(Text(name), value);
  });
}

assay_status* AddUpdate(assay_host* host, assay_graph* graph, int32_t parameter,
                        int32_t value) {
  return Serve(host, "graph.add_update", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, WritableGraph(host, graph));
    ASSAY_RETURN_IF_ERROR(CheckValue(g->graph, parameter, "add_update"));
    ASSAY_RETURN_IF_ERROR(CheckValue(g->graph, value, "add_update"));
    return g->graph.AddUpdate(parameter, value);
  });
}

void ClearOutputs(assay_host* host, assay_graph* graph) {
  const auto g = WritableGraph(host, graph);
  if (g.ok()) (*g)->graph.ClearOutputs();
}

void ClearUpdates(assay_host* host, assay_graph* graph) {
  const auto g = WritableGraph(host, graph);
  if (g.ok()) (*g)->graph.ClearUpdates();
}

// Copies `source` behind `graph`; the result stands for source's outputs.
absl::StatusOr<std::vector<ValueId>> AppendGraph(
    Graph* graph, const Graph& source, absl::Span<const ValueId> inputs) {
  if (inputs.size() != source.inputs().size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("graph.append: the source has ", source.inputs().size(),
                     " inputs, got ", inputs.size()));
  }
  GraphCopier copier(source, graph);
  for (size_t i = 0; i < inputs.size(); ++i) {
    ASSAY_RETURN_IF_ERROR(CheckValue(*graph, inputs[i], "append"));
    const ValueId input = source.inputs()[i];
    if (!(graph->type(inputs[i]) == source.type(input))) {
      return absl::InvalidArgumentError(
          absl::StrCat("graph.append: input ", source.value(input).name,
                       ": expected ", ToString(source.type(input)), ", got ",
                       ToString(graph->type(inputs[i]))));
    }
    copier.Set(input, inputs[i]);
  }
  for (ValueId v = 0; v < source.value_count(); ++v) {
    const ValueKind kind = source.value(v).kind;
    if (kind == ValueKind::kParameter || kind == ValueKind::kConstant) {
      ASSAY_RETURN_IF_ERROR(copier.CopyLeaf(v));
    }
  }
  for (NodeId n = 0; n < source.node_count(); ++n) {
    ASSAY_RETURN_IF_ERROR(copier.CopyNode(n));
  }
  for (const Graph::Update& u : source.updates()) {
    ASSAY_RETURN_IF_ERROR(
        graph->AddUpdate(copier.Map(u.parameter), copier.Map(u.value)));
  }
  std::vector<ValueId> outputs;
  for (const Graph::Output& o : source.outputs()) {
    outputs.push_back(copier.Map(o.value));
  }
  return outputs;
}

assay_status* Append(assay_host* host, assay_graph* graph,
                     const assay_graph* source, const int32_t* inputs,
                     uint32_t input_count, int32_t* outputs,
                     uint32_t output_count) {
  return Serve(host, "graph.append", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, WritableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(assay_graph * s, ReadableGraph(host, source));
    if (output_count > s->graph.outputs().size()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "graph.append: the source has ", s->graph.outputs().size(),
          " outputs, asked for ", output_count));
    }
    const Graph copy = s->graph;  // source may be the graph itself
    ASSAY_ASSIGN_OR_RETURN(
        const std::vector<ValueId> values,
        AppendGraph(&g->graph, copy, absl::MakeConstSpan(inputs, input_count)));
    std::copy_n(values.begin(), output_count, outputs);
    return absl::OkStatus();
  });
}

assay_status* AddGradients_(assay_host* host, assay_graph* graph,
                            int32_t target, int32_t seed,
                            const int32_t* sources, uint32_t source_count,
                            int32_t* gradients) {
  return Serve(host, "graph.add_gradients", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, WritableGraph(host, graph));
    ASSAY_RETURN_IF_ERROR(CheckValue(g->graph, target, "add_gradients"));
    if (seed != kNoValue) {
      ASSAY_RETURN_IF_ERROR(CheckValue(g->graph, seed, "add_gradients"));
    }
    const auto wanted = absl::MakeConstSpan(sources, source_count);
    for (ValueId v : wanted) {
      ASSAY_RETURN_IF_ERROR(CheckValue(g->graph, v, "add_gradients"));
    }
    ASSAY_ASSIGN_OR_RETURN(const std::vector<ValueId> made,
                           AddGradients(&g->graph, target, seed, wanted));
    std::copy(made.begin(), made.end(), gradients);
    return absl::OkStatus();
  });
}

// The task's loss as a graph of its own over logits of that type.
absl::StatusOr<Graph> LossGraph(const TensorType& logits,
                                const LossOptions& options) {
  Graph graph(StandardOps());
  ASSAY_ASSIGN_OR_RETURN(const ValueId input, graph.AddInput("logits", logits));
  ASSAY_RETURN_IF_ERROR(graph.AddOutput("logits", input));
  ASSAY_RETURN_IF_ERROR(AttachLoss(&graph, options).status());
  return graph;
}

assay_status* AddTaskLoss(assay_host* host, assay_graph* graph, int32_t logits,
                          double label_smoothing, int32_t* loss) {
  return Serve(host, "graph.add_task_loss", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, WritableGraph(host, graph));
    ASSAY_RETURN_IF_ERROR(CheckValue(g->graph, logits, "add_task_loss"));
    LossOptions options;
    options.label_smoothing =
        label_smoothing >= 0 ? label_smoothing
                             : host->task().spec().recipe.loss.label_smoothing;
    ASSAY_ASSIGN_OR_RETURN(const Graph source,
                           LossGraph(g->graph.type(logits), options));
    std::vector<ValueId> inputs;
    for (ValueId input : source.inputs()) {
      const Value& v = source.value(input);
      if (v.name == "logits") {
        inputs.push_back(logits);
        continue;
      }
      ValueId existing = g->graph.FindValue(v.name);
      if (existing == kNoValue) {
        ASSAY_ASSIGN_OR_RETURN(existing, g->graph.AddInput(v.name, v.type));
      }
      inputs.push_back(existing);
    }
    ASSAY_ASSIGN_OR_RETURN(const std::vector<ValueId> outputs,
                           AppendGraph(&g->graph, source, inputs));
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (source.outputs()[i].name == "loss") *loss = outputs[i];
    }
    return absl::OkStatus();
  });
}

assay_status* ToTraining_(assay_host* host, const assay_graph* graph,
                          int32_t batch_norm, assay_graph** out) {
  return Serve(host, "graph.to_training", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    TrainingOptions options;
    switch (batch_norm) {
      case ASSAY_BATCH_NORM_UPDATE:
        options.batch_norm = BatchNormMode::kUpdate;
        break;
      case ASSAY_BATCH_NORM_BATCH:
        options.batch_norm = BatchNormMode::kBatch;
        break;
      case ASSAY_BATCH_NORM_FROZEN:
        options.batch_norm = BatchNormMode::kFrozen;
        break;
      default:
        return absl::InvalidArgumentError(
            absl::StrCat("graph.to_training: batch norm: expected 0 to 2, got ",
                         batch_norm));
    }
    options.dropout_seed = host->SeedFor("dropout");
    ASSAY_ASSIGN_OR_RETURN(Graph training, ToTraining(g->graph, options));
    *out = AddGraph(host, std::move(training));
    return absl::OkStatus();
  });
}

assay_status* Rebatch_(assay_host* host, const assay_graph* graph,
                       int64_t batch, assay_graph** out) {
  return Serve(host, "graph.rebatch", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    ASSAY_ASSIGN_OR_RETURN(Graph result, Rebatch(g->graph, batch));
    *out = AddGraph(host, std::move(result));
    return absl::OkStatus();
  });
}

assay_status* Substitute(assay_host* host, const assay_graph* graph,
                         const int32_t* values, const int32_t* by,
                         uint32_t count, assay_graph** out) {
  return Serve(host, "graph.substitute", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_graph * g, ReadableGraph(host, graph));
    std::vector<std::pair<ValueId, ValueId>> pairs;
    for (uint32_t i = 0; i < count; ++i) pairs.emplace_back(values[i], by[i]);
    ASSAY_ASSIGN_OR_RETURN(Graph result, SubstituteValues(g->graph, pairs));
    *out = AddGraph(host, std::move(result));
    return absl::OkStatus();
  });
}

}  // namespace

const assay_graph_table* GraphTable() {
  namespace read = graph_service;
  static constexpr assay_graph_table kTable = {ASSAY_SIZE(assay_graph_table),
                                               1,
                                               &read::Reference,
                                               &Make,
                                               &Clone,
                                               &FromText,
                                               &read::ToText,
                                               &Free,
                                               &read::Info,
                                               &read::Value,
                                               &read::Node,
                                               &read::Attribute,
                                               &read::Parameter,
                                               &read::Input,
                                               &read::Output,
                                               &FindValue,
                                               &FindOutput,
                                               &Consumers,
                                               &AddInput,
                                               &AddParameter,
                                               &AddConstant,
                                               &AddNode,
                                               &AddOutput,
                                               &AddUpdate,
                                               &ClearOutputs,
                                               &ClearUpdates,
                                               &Append,
                                               &AddGradients_,
                                               &AddTaskLoss,
                                               &ToTraining_,
                                               &Rebatch_,
                                               &Substitute};
  return &kTable;
}

}  // namespace assay
