#include "harness/graph/rewrites/to_bf16.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"

namespace assay {
namespace {

enum class Kind {
  kMultiply,  // bf16
  kAttend,    // bf16 but for the mask
  kSource,    // the source bf16, the rest as it is
  kNorm,      // the source as it is, the rest f32
  kFollow,    // bf16 when all activations are
  kExact,     // f32
};

Kind KindOf(absl::string_view op) {
  static const auto* kinds = new absl::flat_hash_map<absl::string_view, Kind>{
      {"conv2d", Kind::kMultiply},        {"conv_transpose2d", Kind::kMultiply},
      {"linear", Kind::kMultiply},        {"matmul", Kind::kMultiply},
      {"attention_fused", Kind::kAttend}, {"linear_u4", Kind::kSource},
      {"batch_norm", Kind::kNorm},        {"batch_norm_training", Kind::kNorm},
      {"layer_norm", Kind::kNorm},        {"rms_norm", Kind::kNorm}};
  static const auto* followers = new absl::flat_hash_set<absl::string_view>{
      "add",        "sub",         "mul",     "maximum",      "minimum",
      "neg",        "abs",         "relu",    "relu6",        "clip",
      "tanh",       "sigmoid",     "silu",    "hardswish",    "gelu",
      "identity",   "dropout",     "where",   "max_pool",     "avg_pool",
      "reduce_max", "reduce_mean", "reshape", "transpose",    "slice",
      "pad",        "concat",      "rope",    "repeat_heads", "broadcast_to"};
  const auto it = kinds->find(op);
  if (it != kinds->end()) return it->second;
  return followers->contains(op) ? Kind::kFollow : Kind::kExact;
}

class Caster {
 public:
  // Casts a value of the copy, once; anything but f32 and bf16 stays.
  ValueId To(GraphCopier& copier, ValueId id, DType dtype) {
    if (id == kNoValue) return id;
    const DType have = copier.b().dtype(id);
    if (have == dtype || (have != DType::kF32 && have != DType::kBF16)) {
      return id;
    }
    ValueId& cast = casts_.try_emplace({id, dtype}, kNoValue).first->second;
    if (cast == kNoValue) {
      cast = copier.b().Op(
          "cast", {id}, {{"dtype", std::string(Name(dtype))}},
          absl::StrCat(copier.to().value(id).name, ".", Name(dtype)));
      casts_[{cast, have}] = id;  // back again is no work
    }
    return cast;
  }

 private:
  absl::flat_hash_map<std::pair<ValueId, DType>, ValueId> casts_;
};

class Bf16Form {
 public:
  explicit Bf16Form(const Graph& graph)
      : stored_(static_cast<size_t>(graph.value_count())) {
    for (ValueId id = 0; id < graph.value_count(); ++id) {
      const ValueKind kind = graph.value(id).kind;
      stored_[static_cast<size_t>(id)] =
          kind == ValueKind::kParameter || kind == ValueKind::kConstant;
    }
  }

  absl::StatusOr<bool> Node(GraphCopier& copier, NodeId id) {
    const Graph& from = copier.from();
    const assay::Node& node = from.node(id);
    const std::vector<ValueId> results =
        copier.b().Ops(node.op, Operands(copier, node), node.attributes,
                       from.value(node.outputs[0]).name);
    ASSAY_RETURN_IF_ERROR(copier.b().status());
    for (size_t i = 0; i < results.size(); ++i) {
      copier.Set(node.outputs[i], results[i]);
    }
    MarkStored(node);
    return true;
  }

  // Outputs and updates have the types that they had.
  void Finish(GraphCopier& copier) {
    const Graph& from = copier.from();
    const auto restore = [&](ValueId id) {
      if (from.type(id).dtype == DType::kF32) {
        copier.Set(id, caster_.To(copier, copier.Map(id), DType::kF32));
      }
    };
    for (const Graph::Output& output : from.outputs()) restore(output.value);
    for (const Graph::Update& update : from.updates()) restore(update.value);
  }

 private:
  // Results of parameters and constants alone are weights, not activations.
  void MarkStored(const assay::Node& node) {
    for (const ValueId input : node.inputs) {
      if (input != kNoValue && !stored_[static_cast<size_t>(input)]) return;
    }
    if (node.inputs.empty()) return;
    for (const ValueId output : node.outputs) {
      stored_[static_cast<size_t>(output)] = true;
    }
  }

  std::vector<ValueId> Operands(GraphCopier& copier, const assay::Node& node) {
    const Kind kind = KindOf(node.op);
    const bool bf16 = kind == Kind::kMultiply ||
                      (kind == Kind::kFollow && AllBf16(copier, node));
    std::vector<ValueId> operands;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId from = node.inputs[i];
      ValueId operand = copier.Map(from);
      const bool mixed =
          from != kNoValue && copier.from().type(from).dtype == DType::kF32;
      if (mixed && !(kind == Kind::kNorm && i == 0)) {
        const bool narrow = bf16 || (kind == Kind::kAttend && i < 3) ||
                            (kind == Kind::kSource && i == 0);
        operand =
            caster_.To(copier, operand, narrow ? DType::kBF16 : DType::kF32);
      }
      operands.push_back(operand);
    }
    return operands;
  }

  // Some activation is bf16 and no activation is f32.
  bool AllBf16(GraphCopier& copier, const assay::Node& node) const {
    bool any = false;
    for (const ValueId input : node.inputs) {
      if (input == kNoValue || stored_[static_cast<size_t>(input)]) continue;
      const DType dtype = copier.b().dtype(copier.Map(input));
      if (dtype == DType::kF32) return false;
      any = any || dtype == DType::kBF16;
    }
    return any;
  }

  std::vector<bool> stored_;  // by value of the original
  Caster caster_;
};

}  // namespace

absl::StatusOr<Graph> ToBf16(const Graph& graph) {
  Bf16Form form(graph);
  CopyHooks hooks;
  hooks.node = [&](GraphCopier& copier, NodeId id) {
    return form.Node(copier, id);
  };
  hooks.finish = [&](GraphCopier& copier) {
    form.Finish(copier);
    return copier.b().status();
  };
  return CopyGraph(graph, hooks);
}

}  // namespace assay
