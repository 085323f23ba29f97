#include "harness/graph/rewrites/training.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/random.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"

namespace assay {
namespace {

// Whether `id` is cut out of a parameter: a sub-network reads it.
bool IsPart(const Graph& graph, ValueId id) {
  bool part = false;
  while (graph.value(id).kind == ValueKind::kResult) {
    const Node& node = graph.node(graph.value(id).producer);
    if (node.op != "slice" && node.op != "gather") return false;
    id = node.inputs[0];
    part = true;
  }
  return part && graph.value(id).kind == ValueKind::kParameter;
}

class TrainingForm {
 public:
  explicit TrainingForm(const TrainingOptions& options) : options_(options) {}

  absl::StatusOr<bool> Node(GraphCopier& copier, NodeId id) {
    const std::string& op = copier.from().node(id).op;
    if (op == "batch_norm" && options_.batch_norm != BatchNormMode::kFrozen) {
      ASSAY_RETURN_IF_ERROR(BatchNorm(copier, id));
      return true;
    }
    if (op == "dropout" && options_.dropout) {
      ASSAY_RETURN_IF_ERROR(Dropout(copier, id));
      return true;
    }
    return false;
  }

  absl::Status Finish(GraphCopier& copier) {
    for (const auto& [parameter, value] : running_) {
      copier.b().Update(parameter, value);
    }
    return copier.b().status();
  }

 private:
  absl::Status BatchNorm(GraphCopier& copier, NodeId id) {
    const assay::Node& node = copier.from().node(id);
    const std::string& name = copier.from().value(node.outputs[0]).name;
    GraphBuilder& b = copier.b();
    const std::vector<ValueId> operands = copier.Map(node.inputs);
    const std::vector<ValueId> results =
        b.Ops("batch_norm_training", {operands[0], operands[1], operands[2]},
              node.attributes, name);
    ASSAY_RETURN_IF_ERROR(b.status());
    copier.Set(node.outputs[0], results[0]);
    if (options_.batch_norm == BatchNormMode::kBatch) return absl::OkStatus();

    const Shape& shape = b.shape(operands[0]);
    const int64_t per_channel = ElementCount(shape) / shape[1];
    if (per_channel < 2) {
      return absl::InvalidArgumentError(absl::StrCat(
          "batch_norm '", name,
          "': expected more than one value per channel to train on, got ",
          ToString(b.graph().type(operands[0]))));
    }
    const double n = static_cast<double>(per_channel);
    ASSAY_RETURN_IF_ERROR(Move(copier, operands[3], results[1], 1));
    return Move(copier, operands[4], results[2], n / (n - 1));
  }

  // running := (1 - momentum) * running + momentum * correction * batch.
  absl::Status Move(GraphCopier& copier, ValueId running, ValueId batch,
                    double correction) {
    GraphBuilder& b = copier.b();
    const Value& value = b.graph().value(running);
    if (IsPart(b.graph(), running)) return absl::OkStatus();
    if (value.kind != ValueKind::kParameter) {
      return absl::InvalidArgumentError(
          absl::StrCat("running statistic '", value.name,
                       "': expected a parameter that training can update"));
    }
    // Starts from what an earlier use of the same statistic has left.
    ValueId& current = running_.try_emplace(running, running).first->second;
    current = b.Add(b.Scale(current, 1 - options_.momentum),
                    b.Scale(batch, options_.momentum * correction));
    return b.status();
  }

  absl::Status Dropout(GraphCopier& copier, NodeId id) {
    const assay::Node& node = copier.from().node(id);
    const std::string& name = copier.from().value(node.outputs[0]).name;
    GraphBuilder& b = copier.b();
    const ValueId src = copier.Map(node.inputs[0]);
    const double rate = node.attributes.Real("rate", 0.5);
    if (rate <= 0) {
      copier.Set(node.outputs[0], src);
      return absl::OkStatus();
    }
    ASSAY_ASSIGN_OR_RETURN(const ValueId step, Step(copier));
    RandomStream stream(options_.dropout_seed, absl::StrCat("dropout/", name));
    const int64_t key = static_cast<int64_t>(stream.NextU64() >> 1);
    const ValueId uniform =
        b.Op("random_uniform", {step}, {{"key", key}, {"shape", b.shape(src)}});
    // Uniform in [0, 1): below `rate` with probability `rate`.
    const ValueId dropped =
        b.Op("greater", {b.Scalar(DType::kF32, rate), uniform});
    const ValueId mask =
        b.Op("where", {dropped, b.Scalar(b.dtype(src), 0),
                       b.Scalar(b.dtype(src), rate < 1 ? 1 / (1 - rate) : 0)});
    copier.Set(node.outputs[0], b.Op("mul", {src, mask}, {}, name));
    return b.status();
  }

  static absl::StatusOr<ValueId> Step(GraphCopier& copier) {
    const ValueId found = copier.b().graph().FindValue("step");
    if (found == kNoValue) {
      const ValueId step = copier.b().Input("step", DType::kS64, {});
      ASSAY_RETURN_IF_ERROR(copier.b().status());
      return step;
    }
    const Value& value = copier.b().graph().value(found);
    if (value.kind != ValueKind::kInput || value.type.dtype != DType::kS64 ||
        !value.type.shape.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "'step': expected an input of s64[], got ", ToString(value.type)));
    }
    return found;
  }

  const TrainingOptions& options_;
  std::map<ValueId, ValueId> running_;  // parameter -> its new value
};

}  // namespace

absl::StatusOr<Graph> ToTraining(const Graph& graph,
                                 const TrainingOptions& options) {
  TrainingForm form(options);
  CopyHooks hooks;
  hooks.node = [&](GraphCopier& copier, NodeId id) {
    return form.Node(copier, id);
  };
  hooks.finish = [&](GraphCopier& copier) { return form.Finish(copier); };
  return CopyGraph(graph, hooks);
}

}  // namespace assay
