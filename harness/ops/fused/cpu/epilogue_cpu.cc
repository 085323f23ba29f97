#include "harness/ops/fused/cpu/epilogue_cpu.h"

#include <string>
#include <utility>

#include "harness/backend/cpu/layout.h"
#include "harness/backend/cpu/rounding.h"
#include "harness/ops/elementwise/cpu/block_ops.h"
#include "harness/ops/elementwise/cpu/expression.h"

namespace assay::cpu {
namespace {

using dnnl::memory;

bool IsByte(DType dtype) { return dtype == DType::kU8 || dtype == DType::kS8; }

}  // namespace

EpilogueCpu::EpilogueCpu(ProgramBuilder& builder)
    : b_(builder),
      attributes_(builder.node().attributes),
      dst_(UnitResult(builder)),
      residual_(builder.input(3)),
      dst_dtype_(builder.type(dst_).dtype),
      primitive_dtype_(dst_dtype_) {
  const DType src = builder.type(builder.input(0)).dtype;
  integers_ = IsByte(src);
  if (!integers_) primitive_dtype_ = IsByte(dst_dtype_) ? DType::kF32 : src;
  if (residual_ != kNoValue) {
    mode_ = builder.type(residual_).dtype == primitive_dtype_
                ? ResidualMode::kSum
                : ResidualMode::kBinary;
  }
}

void EpilogueCpu::AppendActivation(dnnl::post_ops* ops) const {
  using dnnl::algorithm;
  const std::string activation = attributes_.Text("activation", "none");
  if (activation == "relu") {
    // Saturation at a zero point of 0 does the same.
    const bool saturates = primitive_dtype_ == DType::kU8 &&
                           attributes_.Int("dst_zero_point", 0) == 0;
    if (!saturates) ops->append_eltwise(algorithm::eltwise_relu, 0, 0);
  } else if (activation == "relu6") {
    ops->append_eltwise(algorithm::eltwise_clip, 0, 6);
  } else if (activation == "hardswish") {
    ops->append_eltwise(algorithm::eltwise_hardswish, 1.0f / 6, 0.5f);
  } else if (activation == "gelu") {
    ops->append_eltwise(algorithm::eltwise_gelu_erf, 0, 0);
  } else if (activation == "silu") {
    ops->append_eltwise(algorithm::eltwise_swish, 1, 0);
  } else if (activation == "tanh") {
    ops->append_eltwise(algorithm::eltwise_tanh, 0, 0);
  }
}

dnnl::primitive_attr EpilogueCpu::Attributes(int weights_mask,
                                             const memory::desc& dst) const {
  dnnl::primitive_attr attr = UserScratchpad();
  if (integers_) {
    const bool per_channel =
        attributes_.Reals("weights_scales", {1}).size() > 1;
    attr.set_scales_mask(DNNL_ARG_WEIGHTS, per_channel ? weights_mask : 0);
    if (attributes_.Int("src_zero_point", 0) != 0) {
      attr.set_zero_points_mask(DNNL_ARG_SRC, 0);
    }
    if (IsByte(primitive_dtype_)) {
      attr.set_scales_mask(DNNL_ARG_DST, 0);
      if (attributes_.Int("dst_zero_point", 0) != 0) {
        attr.set_zero_points_mask(DNNL_ARG_DST, 0);
      }
    }
  }
  dnnl::post_ops ops;
  if (mode_ == ResidualMode::kSum) {
    const bool grid = IsByte(primitive_dtype_);
    ops.append_sum(
        grid ? static_cast<float>(attributes_.Real("residual_scale", 1)) : 1.0f,
        grid ? static_cast<int32_t>(attributes_.Int("residual_zero_point", 0))
             : 0,
        DnnlType(primitive_dtype_));
  } else if (mode_ == ResidualMode::kBinary) {
    ops.append_binary(
        dnnl::algorithm::binary_add,
        memory::desc(dst.get_dims(), DnnlType(b_.type(residual_).dtype),
                     memory::format_tag::any));
  }
  AppendActivation(&ops);
  attr.set_post_ops(ops);
  return attr;
}

void EpilogueCpu::AddVector(int id, const std::vector<float>& values,
                            std::vector<PrimitiveArgument>* arguments) const {
  const int64_t n = static_cast<int64_t>(values.size());
  arguments->push_back(
      {id, b_.Constant(values.data(), n * static_cast<int64_t>(sizeof(float))),
       memory::desc({n}, memory::data_type::f32, memory::format_tag::x)});
}

void EpilogueCpu::AddInteger(int id, int32_t value,
                             std::vector<PrimitiveArgument>* arguments) const {
  arguments->push_back(
      {id, b_.Constant(&value, sizeof(value)),
       memory::desc({1}, memory::data_type::s32, memory::format_tag::x)});
}

SlotId EpilogueCpu::Destination(const memory::desc& dst_desc,
                                std::vector<PrimitiveArgument>* arguments) {
  if (integers_) {
    // Both scales of a product as one.
    const double src_scale = attributes_.Real("src_scale", 1);
    std::vector<float> scales;
    for (const double scale : attributes_.Reals("weights_scales", {1})) {
      scales.push_back(static_cast<float>(src_scale * scale));
    }
    AddVector(DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS, scales, arguments);
    if (const int64_t zero = attributes_.Int("src_zero_point", 0); zero != 0) {
      AddInteger(DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC,
                 static_cast<int32_t>(zero), arguments);
    }
    if (IsByte(primitive_dtype_)) {
      AddVector(DNNL_ARG_ATTR_SCALES | DNNL_ARG_DST,
                {static_cast<float>(attributes_.Real("dst_scale", 1))},
                arguments);
      if (const int64_t zero = attributes_.Int("dst_zero_point", 0);
          zero != 0) {
        AddInteger(DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_DST,
                   static_cast<int32_t>(zero), arguments);
      }
    }
  }
  if (mode_ == ResidualMode::kSum) {
    return b_.TakeOver(residual_, dst_desc);
  }
  if (mode_ == ResidualMode::kBinary) {
    const memory::desc other = *WithType(dst_desc, b_.type(residual_).dtype);
    arguments->push_back({DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1,
                          b_.ReadReshaped(residual_, other), other});
  }
  return b_.Scratch(static_cast<int64_t>(dst_desc.get_size()));
}

bool EpilogueCpu::SingleInPlace() const {
  return !integers_ && primitive_dtype_ == DType::kF32 &&
         mode_ != ResidualMode::kBinary;
}

std::optional<ProductEpilogue> EpilogueCpu::OfProduct() const {
  if (!SingleInPlace()) return std::nullopt;
  ProductEpilogue product;
  product.add = mode_ == ResidualMode::kSum;
  const std::string activation = attributes_.Text("activation", "none");
  if (activation == "relu") {
    product.activation = ProductActivation::kRelu;
  } else if (activation == "gelu") {
    product.activation = ProductActivation::kGelu;
  } else if (activation != "none") {
    return std::nullopt;
  }
  return product;
}

std::optional<TileEpilogue> EpilogueCpu::InTiles() const {
  if (!SingleInPlace()) return std::nullopt;
  TileEpilogue tiles;
  tiles.add = mode_ == ResidualMode::kSum;
  const std::string activation = attributes_.Text("activation", "none");
  if (activation == "none") return tiles;
  tiles.low = 0;
  if (activation == "relu6") tiles.high = 6;
  return activation == "relu" || activation == "relu6"
             ? std::make_optional(tiles)
             : std::nullopt;
}

void EpilogueCpu::Finish(SlotId made, const memory::desc& dst_desc) {
  const TensorType& type = b_.type(dst_);
  // A matrix product has merged the leading axes: row-major then.
  const bool reshaped = dst_desc.get_dims() != DnnlDims(type.shape);
  if (primitive_dtype_ == dst_dtype_) {
    b_.Alias(dst_, made,
             reshaped ? PlainLayout(type) : LayoutOf(type, dst_desc));
    return;
  }
  const Layout layout = reshaped
                            ? PlainLayout(type)
                            : LayoutOf(type, *WithType(dst_desc, dst_dtype_));
  ExpressionSpec spec;
  spec.extents = {layout.bytes / SizeOf(dst_dtype_)};
  spec.inputs = {{made, primitive_dtype_, {1}}};
  spec.result = b_.Write(dst_, layout);
  spec.result_dtype = dst_dtype_;
  spec.threads = b_.threads();
  if (IsByte(dst_dtype_)) {
    const float scale = static_cast<float>(attributes_.Real("dst_scale", 1));
    const float zero = static_cast<float>(attributes_.Int("dst_zero_point", 0));
    spec.inputs.push_back({b_.Constant(&scale, 4), DType::kF32, {0}});
    spec.inputs.push_back({b_.Constant(&zero, 4), DType::kF32, {0}});
    spec.instructions = {{FindBlockOp("quantize_linear"), {0, 1, 2}}};
  } else {
    spec.instructions = {{FindBlockOp("cast"), {0}}};
  }
  const SlotId written = spec.result;
  b_.AddStep(MakeExpression(std::move(spec)), {made}, {written});
}

}  // namespace assay::cpu
