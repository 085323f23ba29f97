#include "harness/ops/elementwise/cpu/elementwise_cpu.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/backend/cpu/layout.h"
#include "harness/core/shape.h"
#include "harness/ops/elementwise/cpu/block_ops.h"
#include "harness/ops/elementwise/cpu/expression.h"

namespace assay::cpu {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool IsWide(DType dtype) {
  return dtype == DType::kF64 || dtype == DType::kS32 || dtype == DType::kS64;
}

// quantize_linear and its like: scale and zero point lie along one axis, and
// the zero point's integers are small.
bool HasGrid(const Node& node) {
  return node.op == "quantize_linear" || node.op == "dequantize_linear" ||
         node.op == "fake_quantize" || node.op == "lsq_quantize";
}

// Strides that walk a row-major tensor of `shape` over `extents` as NumPy
// broadcasts.
std::vector<int64_t> BroadcastStridesOver(const Shape& shape,
                                          const Shape& extents) {
  std::vector<int64_t> strides(extents.size(), 0);
  const std::vector<int64_t> own = RowMajorStrides(shape);
  const size_t lead = extents.size() - shape.size();
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] != 1) strides[lead + d] = own[d];
  }
  return strides;
}

class UnitExpression {
 public:
  explicit UnitExpression(ProgramBuilder& builder)
      : builder_(builder),
        result_(builder.graph().node(builder.unit().nodes.back()).outputs[0]),
        type_(builder.type(result_)) {}

  absl::Status Make() {
    if (absl::Status s = Translate(); !s.ok()) return s;
    const std::optional<Layout> common = CommonLayout();
    std::vector<SlotId> reads;
    if (common.has_value()) {
      reads = ReadFlat(*common);
      spec_.result = builder_.Write(result_, LayoutFor(result_, *common));
    } else {
      reads = ReadBroadcast();
      spec_.result = builder_.WritePlain(result_);
    }
    spec_.result_dtype = type_.dtype;
    spec_.threads = builder_.threads();
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (builder_.type(inputs_[i]) == type_) {
        builder_.MayOverwrite(spec_.result, reads[i]);
      }
    }
    const SlotId written = spec_.result;
    builder_.AddStep(MakeExpression(std::move(spec_)), std::move(reads),
                     {written});
    return absl::OkStatus();
  }

 private:
  absl::Status Translate() {
    const Graph& graph = builder_.graph();
    // Inputs first: their registers come first.
    std::map<ValueId, int> registers;
    for (const NodeId id : builder_.unit().nodes) {
      for (const ValueId v : graph.node(id).outputs) registers[v] = -1;
    }
    for (const NodeId id : builder_.unit().nodes) {
      const Node& node = graph.node(id);
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        const ValueId v = node.inputs[i];
        if (registers.count(v) > 0) continue;
        registers[v] = static_cast<int>(inputs_.size());
        inputs_.push_back(v);
        views_.push_back(ViewOf(node, i));
      }
    }
    for (const NodeId id : builder_.unit().nodes) {
      const Node& node = graph.node(id);
      ExpressionInstruction instruction;
      instruction.op = OpOf(node);
      if (instruction.op == nullptr) {
        return absl::InternalError(
            absl::StrCat(node.op, " is not an elementwise op"));
      }
      keeps_zero_ = keeps_zero_ && KeepsZero(node, *instruction.op);
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        instruction.operands.push_back(registers[node.inputs[i]]);
        if (HasGrid(node) && i > 0) continue;
        spec_.wide = spec_.wide || IsWide(graph.type(node.inputs[i]).dtype);
      }
      spec_.wide = spec_.wide || IsWide(graph.type(node.outputs[0]).dtype);
      if (node.op == "clip") {
        instruction.p = node.attributes.Real("low", -kInfinity);
        instruction.q = node.attributes.Real("high", kInfinity);
      } else if (node.op == "pow_scalar") {
        instruction.p = node.attributes.Real("exponent", 1);
      } else if (node.op == "fake_quantize" || node.op == "lsq_quantize") {
        instruction.p = static_cast<double>(node.attributes.Int("low", 0));
        instruction.q = static_cast<double>(node.attributes.Int("high", 255));
      }
      registers[node.outputs[0]] =
          static_cast<int>(inputs_.size() + spec_.instructions.size());
      spec_.instructions.push_back(std::move(instruction));
    }
    return absl::OkStatus();
  }

  // The shape as which operand i broadcasts against the result.
  Shape ViewOf(const Node& node, size_t i) const {
    const Shape& shape = builder_.shape(node.inputs[i]);
    if (!HasGrid(node) || i == 0 || shape.size() != 1) return shape;
    int64_t axis = node.attributes.Int("axis", 0);
    if (axis < 0) axis += static_cast<int64_t>(type_.shape.size());
    Shape view(type_.shape.size(), 1);
    view[static_cast<size_t>(axis)] = shape[0];
    return view;
  }

  const BlockOp* OpOf(const Node& node) const {
    if (node.op == "gelu" &&
        node.attributes.Text("approximate", "none") == "tanh") {
      return FindBlockOp("gelu_tanh");
    }
    if (node.op == "div" && !IsFloat(builder_.type(node.outputs[0]).dtype)) {
      return FindBlockOp("div_truncated");
    }
    return FindBlockOp(node.op);
  }

  // A scalar is not 0 where the padding is.
  bool KeepsZero(const Node& node, const BlockOp& op) const {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (IsFull(node.inputs[i])) continue;
      const bool factor = node.op == "mul" || (node.op == "div" && i == 1);
      if (!factor) return false;
      return true;
    }
    return op.keeps_zero;
  }

  bool IsFull(ValueId v) const { return builder_.shape(v) == type_.shape; }
  bool IsScalar(ValueId v) const {
    return ElementCount(builder_.shape(v)) == 1;
  }

  // The layout of the first operand that is not row-major, if the expression
  // can run in it.
  std::optional<Layout> CommonLayout() const {
    const Layout* chosen = nullptr;
    for (const ValueId v : inputs_) {
      if (!IsFull(v) && !IsScalar(v)) return std::nullopt;
      if (DnnlType(builder_.type(v).dtype) == dnnl::memory::data_type::undef) {
        return std::nullopt;
      }
      const Layout& layout = builder_.layout(v);
      if (IsFull(v) && !layout.plain && chosen == nullptr) chosen = &layout;
    }
    if (chosen == nullptr || (chosen->padded && !keeps_zero_) ||
        DnnlType(type_.dtype) == dnnl::memory::data_type::undef) {
      return std::nullopt;
    }
    // Every type that takes part must exist in that layout.
    for (const ValueId v : inputs_) {
      if (IsFull(v) && !WithType(chosen->desc, builder_.type(v).dtype)) {
        return std::nullopt;
      }
    }
    if (!WithType(chosen->desc, type_.dtype)) return std::nullopt;
    return *chosen;
  }

  Layout LayoutFor(ValueId v, const Layout& common) const {
    const TensorType& type = builder_.type(v);
    return LayoutOf(type, *WithType(common.desc, type.dtype));
  }

  std::vector<SlotId> ReadFlat(const Layout& common) {
    const Layout own = LayoutFor(result_, common);
    spec_.extents = {own.bytes / SizeOf(type_.dtype)};
    std::vector<SlotId> slots;
    for (const ValueId v : inputs_) {
      const SlotId slot = IsFull(v)
                              ? builder_.Read(v, LayoutFor(v, common).desc)
                              : builder_.ReadPlain(v);
      slots.push_back(slot);
      spec_.inputs.push_back(
          {slot, builder_.type(v).dtype, {IsFull(v) ? 1 : 0}});
    }
    return slots;
  }

  std::vector<SlotId> ReadBroadcast() {
    spec_.extents = type_.shape;
    std::vector<SlotId> slots;
    for (size_t i = 0; i < inputs_.size(); ++i) {
      slots.push_back(builder_.ReadPlain(inputs_[i]));
      spec_.inputs.push_back({slots.back(), builder_.type(inputs_[i]).dtype,
                              BroadcastStridesOver(views_[i], type_.shape)});
    }
    return slots;
  }

  ProgramBuilder& builder_;
  ValueId result_;
  TensorType type_;
  std::vector<ValueId> inputs_;
  std::vector<Shape> views_;
  ExpressionSpec spec_;
  bool keeps_zero_ = true;
};

}  // namespace

absl::Status MakeElementwise(ProgramBuilder& builder) {
  return UnitExpression(builder).Make();
}

absl::Status MakeIdentity(ProgramBuilder& builder) {
  const ValueId src = builder.input(0);
  builder.Alias(builder.output(), builder.Read(src), builder.layout(src));
  return absl::OkStatus();
}

}  // namespace assay::cpu
