#include "harness/graph/rewrites/quantize.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"

namespace assay {
namespace {

constexpr double kLeastScale = 1e-8;

class Quantizer {
 public:
  Quantizer(const Graph& graph, const ParameterStore& parameters,
            const QuantizeOptions& options)
      : graph_(graph), options_(options), parameters_(parameters) {}

  absl::StatusOr<QuantizedNetwork> Run() {
    ASSAY_RETURN_IF_ERROR(CheckWeights());
    CopyHooks hooks;
    hooks.leaf = [this](GraphCopier& copier, ValueId id) {
      return Leaf(copier, id);
    };
    hooks.node = [this](GraphCopier& copier, NodeId id) {
      return CopyNode(copier, id);
    };
    ASSAY_ASSIGN_OR_RETURN(Graph copy, CopyGraph(graph_, hooks));
    return QuantizedNetwork{std::move(copy), std::move(parameters_)};
  }

 private:
  // The scales of a layer that is to be quantized, else null.
  const Tensor* ScalesOf(const Node& node) const {
    if (node.op != "conv2d" && node.op != "linear") return nullptr;
    const Value& weights = graph_.value(node.inputs[1]);
    const auto it = options_.weight_scales.find(weights.name);
    return it == options_.weight_scales.end() ? nullptr : &it->second;
  }

  // Every chosen parameter is the weights of chosen layers and nothing else.
  absl::Status CheckWeights() const {
    const auto readers = ConsumerIndex(graph_);
    for (const auto& [name, scales] : options_.weight_scales) {
      const ValueId id = graph_.FindValue(name);
      if (id == kNoValue || graph_.value(id).kind != ValueKind::kParameter ||
          graph_.type(id).dtype != DType::kF32) {
        return absl::InvalidArgumentError(absl::StrCat(
            "weight scales of '", name, "': expected an f32 parameter"));
      }
      const std::vector<NodeId>& nodes = readers[static_cast<size_t>(id)];
      const bool weights_only =
          !nodes.empty() &&
          std::all_of(nodes.begin(), nodes.end(), [&](NodeId n) {
            const Node& node = graph_.node(n);
            return ScalesOf(node) != nullptr &&
                   std::count(node.inputs.begin(), node.inputs.end(), id) ==
                       1 &&
                   node.inputs[1] == id;
          });
      if (!weights_only) {
        return absl::InvalidArgumentError(
            absl::StrCat("weight scales of '", name,
                         "': expected the weights of conv2d and linear alone"));
      }
      ASSAY_RETURN_IF_ERROR(CheckScales(name, graph_.shape(id), scales));
    }
    return absl::OkStatus();
  }

  static absl::Status CheckScales(const std::string& name, const Shape& weights,
                                  const Tensor& scales) {
    const bool shaped =
        scales.shape().empty() || scales.shape() == Shape{weights[0]};
    if (scales.dtype() != DType::kF32 || !shaped) {
      return absl::InvalidArgumentError(
          absl::StrCat("weight scales of '", name, "': expected f32[] or f32[",
                       weights[0], "], got ", scales.TypeString()));
    }
    for (const float scale : scales.span<float>()) {
      if (std::isfinite(scale) && scale > 0) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("weight scales of '", name,
                       "': expected positive numbers, got ", scale));
    }
    return absl::OkStatus();
  }

  // Chosen weights: an s8 parameter and its dequantize_linear.
  absl::StatusOr<bool> Leaf(GraphCopier& copier, ValueId id) {
    const Value& value = graph_.value(id);
    const auto it = options_.weight_scales.find(value.name);
    if (value.kind != ValueKind::kParameter ||
        it == options_.weight_scales.end()) {
      return false;
    }
    ASSAY_ASSIGN_OR_RETURN(const Tensor weights, parameters_.Get(value.name));
    if (weights.dtype() != DType::kF32 || weights.shape() != value.type.shape) {
      return absl::InvalidArgumentError(
          absl::StrCat("parameter '", value.name, "': expected ",
                       ToString(value.type), ", got ", weights.TypeString()));
    }
    const Tensor& scales = it->second;
    parameters_.Set(value.name, QuantizeWeights(weights, scales));
    GraphBuilder& b = copier.b();
    const ValueId stored =
        b.Parameter(value.name, DType::kS8, value.type.shape);
    copier.Set(id,
               b.Op("dequantize_linear",
                    {stored, b.Constant(scales.Clone(), value.name + ".scale"),
                     b.Constant(Tensor::Zeros(DType::kS32, scales.shape()),
                                value.name + ".zero_point")},
                    {{"axis", 0}}, value.name + ".dequantized"));
    return true;
  }

  absl::StatusOr<bool> CopyNode(GraphCopier& copier, NodeId id) {
    const Node& node = graph_.node(id);
    std::vector<ValueId> operands = copier.Map(node.inputs);
    if (ScalesOf(node) != nullptr) {
      if (Range(node.inputs[0]) == nullptr) {
        return absl::InvalidArgumentError(
            absl::StrCat("quantize '", graph_.value(node.outputs[0]).name,
                         "': no range for its source '",
                         graph_.value(node.inputs[0]).name, "'"));
      }
      ASSAY_ASSIGN_OR_RETURN(operands[0], Wrap(copier, node.inputs[0]));
    } else if (IsResidualAdd(node) || IsProduct(node)) {
      for (size_t i : {0u, 1u}) {
        ASSAY_ASSIGN_OR_RETURN(operands[i], Wrap(copier, node.inputs[i]));
      }
    } else {
      return false;
    }
    copier.Set(node.outputs[0],
               copier.b().Op(node.op, std::move(operands), node.attributes,
                             graph_.value(node.outputs[0]).name));
    return true;
  }

  const ActivationRange* Range(ValueId id) const {
    const auto it = options_.activations.find(graph_.value(id).name);
    return it == options_.activations.end() ? nullptr : &it->second;
  }

  bool HasActivationsWithRanges(const Node& node) const {
    return std::all_of(
        node.inputs.begin(), node.inputs.end(), [&](ValueId operand) {
          const ValueKind kind = graph_.value(operand).kind;
          return kind != ValueKind::kParameter &&
                 kind != ValueKind::kConstant && Range(operand) != nullptr;
        });
  }

  bool IsResidualAdd(const Node& node) const {
    return options_.residual_adds && node.op == "add" &&
           HasActivationsWithRanges(node) &&
           graph_.type(node.inputs[0]) == graph_.type(node.inputs[1]);
  }

  bool IsProduct(const Node& node) const {
    return options_.products && node.op == "matmul" &&
           HasActivationsWithRanges(node);
  }

  // The value behind quantize_linear and dequantize_linear.
  absl::StatusOr<ValueId> Wrap(GraphCopier& copier, ValueId id) {
    ValueId& wrapped = wrapped_.try_emplace(id, kNoValue).first->second;
    if (wrapped != kNoValue) return wrapped;
    const std::string& name = graph_.value(id).name;
    const absl::StatusOr<ActivationGrid> grid = GridOf(*Range(id));
    if (!grid.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("range of '", name, "': ", grid.status().message()));
    }
    GraphBuilder& b = copier.b();
    const ValueId scale =
        b.Constant(Tensor::From<float>({}, {grid->scale}), name + ".scale");
    const ValueId zero_point = b.Constant(
        Tensor::From<int32_t>({}, {grid->zero_point}), name + ".zero_point");
    const ValueId quantized =
        b.Op("quantize_linear", {copier.Map(id), scale, zero_point},
             {{"dtype", "u8"}}, name + ".quantized");
    wrapped = b.Op("dequantize_linear", {quantized, scale, zero_point}, {},
                   name + ".dequantized");
    return wrapped;
  }

  const Graph& graph_;
  const QuantizeOptions& options_;
  ParameterStore parameters_;
  absl::flat_hash_map<ValueId, ValueId> wrapped_;
};

}  // namespace

absl::StatusOr<ActivationGrid> GridOf(const ActivationRange& range) {
  if (!std::isfinite(range.low) || !std::isfinite(range.high) ||
      range.low > range.high) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected finite low <= high, got [", range.low, ", ",
                     range.high, "]"));
  }
  const double low = std::min(range.low, 0.0), high = std::max(range.high, 0.0);
  ActivationGrid grid;
  grid.scale = static_cast<float>(std::max((high - low) / 255, kLeastScale));
  const double zero = std::nearbyint(-low / static_cast<double>(grid.scale));
  grid.zero_point = static_cast<int32_t>(std::clamp(zero, 0.0, 255.0));
  return grid;
}

Tensor WeightScales(const Tensor& weights, bool per_channel) {
  const int64_t channels = per_channel ? weights.dim(0) : 1;
  const int64_t each = weights.size() / channels;
  Tensor scales(DType::kF32, per_channel ? Shape{channels} : Shape{});
  for (int64_t c = 0; c < channels; ++c) {
    float most = 0;
    for (int64_t i = c * each; i < (c + 1) * each; ++i) {
      most = std::max(most, std::abs(weights.data<float>()[i]));
    }
    scales.data<float>()[c] = static_cast<float>(
        std::max(static_cast<double>(most) / 127, kLeastScale));
  }
  return scales;
}

Tensor QuantizeWeights(const Tensor& weights, const Tensor& scales) {
  Tensor quantized(DType::kS8, weights.shape());
  const int64_t each = weights.size() / scales.size();
  for (int64_t i = 0; i < weights.size(); ++i) {
    const float scale = scales.data<float>()[i / each];
    const float q = std::nearbyint(weights.data<float>()[i] / scale);
    quantized.data<int8_t>()[i] =
        static_cast<int8_t>(std::clamp(q, -127.0f, 127.0f));
  }
  return quantized;
}

absl::StatusOr<QuantizedNetwork> Quantize(const Graph& graph,
                                          const ParameterStore& parameters,
                                          const QuantizeOptions& options) {
  return Quantizer(graph, parameters, options).Run();
}

}  // namespace assay
