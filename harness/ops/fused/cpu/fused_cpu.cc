#include "harness/ops/fused/cpu/fused_cpu.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/backend/cpu/layout.h"
#include "harness/backend/cpu/support.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/ops/conv/cpu/conv_geometry.h"
#include "harness/ops/conv/cpu/unfold.h"
#include "harness/ops/fused/cpu/epilogue_cpu.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace assay::cpu {
namespace {

using dnnl::memory;
using Convolution = dnnl::convolution_forward;

bool IsByte(DType dtype) { return dtype == DType::kU8 || dtype == DType::kS8; }

// A convolution as the primitive sees it.
struct ConvOperands {
  ConvGeometry geometry;
  memory::desc src_as_it_lies, any_src;
  memory::desc plain_weights, any_weights;
  bool unfolds = false;
};

memory::desc AnyOf(const memory::desc& desc) {
  return memory::desc(desc.get_dims(), desc.get_data_type(),
                      memory::format_tag::any);
}

ConvOperands OperandsOf(const ProgramBuilder& b) {
  const ValueId src = b.input(0);
  const TensorType& weights = b.type(b.input(1));
  ConvOperands o;
  o.geometry = GeometryOf(b.node());
  o.src_as_it_lies = PreferredDesc(b, src);
  o.any_src = AnyDesc(b.type(src).dtype, b.shape(src));
  o.plain_weights = PlainWeights(o.geometry, weights.dtype, weights.shape);
  o.any_weights = AnyOf(o.plain_weights);
  return o;
}

// One channel of bytes under several kernel columns: the processor multiplies
// four bytes at a time, so columns become channels.
bool CanUnfold(const ProgramBuilder& b) {
  const Shape& src = b.shape(b.input(0));
  const Shape& weights = b.shape(b.input(1));
  return IsByte(b.type(b.input(0)).dtype) && src[1] == 1 &&
         weights[3] % 4 == 0 && GeometryOf(b.node()).dilations[1] == 0;
}

// The source as [N, columns, H, positions] in channels-last order.
ConvOperands UnfoldedOperands(const ProgramBuilder& b) {
  const Shape& src = b.shape(b.input(0));
  const Shape& weights = b.shape(b.input(1));
  const int64_t kernel = weights[2] * weights[3];
  ConvOperands o;
  o.geometry = GeometryOf(b.node());
  o.geometry.strides[1] = 1;
  o.geometry.pads_begin[1] = o.geometry.pads_end[1] = 0;
  o.src_as_it_lies = o.any_src = memory::desc(
      {src[0], weights[3], src[2], b.shape(b.output())[3]},
      DnnlType(b.type(b.input(0)).dtype), memory::format_tag::nhwc);
  o.plain_weights =
      memory::desc({weights[0], weights[3], weights[2], 1},
                   memory::data_type::s8, {kernel, 1, weights[3], 1});
  o.any_weights = AnyOf(o.plain_weights);
  o.unfolds = true;
  return o;
}

SlotId AddUnfold(ProgramBuilder& b, const ConvOperands& operands) {
  const ConvGeometry g = GeometryOf(b.node());
  const Shape& src = b.shape(b.input(0));
  const memory::dims dims = operands.any_src.get_dims();
  const SlotId read = b.ReadPlain(b.input(0));
  const SlotId written =
      b.Scratch(static_cast<int64_t>(operands.any_src.get_size()));
  const int64_t zero = b.node().attributes.Int("src_zero_point", 0);
  b.AddStep(MakeUnfold({src[0] * src[2], src[3], dims[3], dims[1], g.strides[1],
                        g.pads_begin[1]},
                       static_cast<uint8_t>(zero), read, written, b.threads()),
            {read}, {written});
  return written;
}

memory::desc BiasDesc(const ProgramBuilder& b) {
  const ValueId bias = b.input(2);
  if (bias == kNoValue) return memory::desc();
  return PlainDesc(b.type(bias).dtype, b.shape(bias));
}

// Empty where oneDNN has none, or, with `fast`, none of its fast ones.
Convolution::primitive_desc FindConvolution(const ProgramBuilder& b,
                                            const ConvOperands& operands,
                                            const EpilogueCpu& epilogue,
                                            bool fast) {
  const ConvGeometry& g = operands.geometry;
  const memory::desc any_dst =
      AnyDesc(epilogue.primitive_dtype(), b.shape(b.output()));
  // Output channels are the first axis of weights, the first two with groups.
  const dnnl::primitive_attr attr =
      epilogue.Attributes(g.groups > 1 ? 3 : 1, any_dst);
  const auto made = ChooseDescriptor([&](bool as_it_lies) {
    return Convolution::primitive_desc(
        b.engine(), dnnl::prop_kind::forward_inference,
        dnnl::algorithm::convolution_direct,
        as_it_lies ? operands.src_as_it_lies : operands.any_src,
        operands.any_weights, BiasDesc(b), any_dst, g.strides, g.dilations,
        g.pads_begin, g.pads_end, attr, /*allow_empty=*/true);
  });
  if (fast && made && !IsFast(made.impl_info_str())) return {};
  return made;
}

// [rows, columns] over everything before the last axis.
memory::desc RowsDesc(DType dtype, const Shape& shape) {
  const int64_t columns = shape.back();
  return memory::desc({ElementCount(shape) / columns, columns}, DnnlType(dtype),
                      memory::dims{columns, 1});
}

}  // namespace

absl::Status MakeConv2dFused(ProgramBuilder& b) {
  EpilogueCpu epilogue(b);
  ConvOperands operands = OperandsOf(b);
  if (CanUnfold(b)) {
    const ConvOperands unfolded = UnfoldedOperands(b);
    if (FindConvolution(b, unfolded, epilogue, /*fast=*/true)) {
      operands = unfolded;
    }
  }
  const Convolution::primitive_desc pd =
      FindConvolution(b, operands, epilogue, /*fast=*/false);
  if (!pd) {
    return absl::UnimplementedError("oneDNN has no convolution of this form");
  }
  const ValueId src = b.input(0), weights = b.input(1), bias = b.input(2);
  std::vector<PrimitiveArgument> arguments = {
      {DNNL_ARG_SRC,
       operands.unfolds ? AddUnfold(b, operands) : b.Read(src, pd.src_desc()),
       pd.src_desc()},
      {DNNL_ARG_WEIGHTS,
       b.ReadAs(weights, operands.plain_weights, pd.weights_desc()),
       pd.weights_desc()}};
  if (bias != kNoValue) {
    arguments.push_back({DNNL_ARG_BIAS, b.ReadPlain(bias), BiasDesc(b)});
  }
  const SlotId made = epilogue.Destination(pd.dst_desc(), &arguments);
  arguments.push_back({DNNL_ARG_DST, made, pd.dst_desc(), true});
  b.AddPrimitive(Convolution(pd), std::move(arguments), pd.scratchpad_desc());
  epilogue.Finish(made, pd.dst_desc());
  return absl::OkStatus();
}

absl::Status MakeLinearFused(ProgramBuilder& b) {
  const ValueId src = b.input(0), weights = b.input(1), bias = b.input(2);
  const TensorType& w = b.type(weights);
  EpilogueCpu epilogue(b);
  const memory::desc src_desc = RowsDesc(b.type(src).dtype, b.shape(src));
  const memory::desc dst_desc =
      RowsDesc(epilogue.primitive_dtype(), b.shape(b.output()));
  // Weights [O, I] are read as [I, O].
  const memory::dims transposed = {w.shape[1], w.shape[0]};
  const memory::desc plain_weights(transposed, DnnlType(w.dtype),
                                   memory::dims{1, w.shape[1]});
  const memory::desc any_weights(transposed, DnnlType(w.dtype),
                                 memory::format_tag::any);
  const memory::desc bias_desc =
      bias == kNoValue
          ? memory::desc()
          : memory::desc({1, w.shape[0]}, DnnlType(b.type(bias).dtype),
                         memory::dims{w.shape[0], 1});
  const dnnl::matmul::primitive_desc pd(
      b.engine(), src_desc,
      b.is_constant(weights) ? any_weights : plain_weights, bias_desc, dst_desc,
      epilogue.Attributes(1 << 1, dst_desc));
  std::vector<PrimitiveArgument> arguments = {
      {DNNL_ARG_SRC, b.ReadPlain(src), src_desc},
      {DNNL_ARG_WEIGHTS, b.ReadAs(weights, plain_weights, pd.weights_desc()),
       pd.weights_desc()}};
  if (bias != kNoValue) {
    arguments.push_back({DNNL_ARG_BIAS, b.ReadPlain(bias), bias_desc});
  }
  const SlotId made = epilogue.Destination(dst_desc, &arguments);
  arguments.push_back({DNNL_ARG_DST, made, dst_desc, true});
  b.AddPrimitive(dnnl::matmul(pd), std::move(arguments), pd.scratchpad_desc());
  epilogue.Finish(made, dst_desc);
  return absl::OkStatus();
}

absl::Status SupportsFused(const Graph& graph, const Node& node) {
  ASSAY_RETURN_IF_ERROR(SupportsNativeInteger(graph, node));
  if (node.inputs.size() < 4 || node.inputs[3] == kNoValue) {
    return absl::OkStatus();
  }
  const DType src = graph.type(node.inputs[0]).dtype;
  const DType dst = graph.type(node.outputs[0]).dtype;
  const DType residual = graph.type(node.inputs[3]).dtype;
  const bool served = IsByte(residual) ? IsByte(src) && residual == dst : true;
  if (served) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat(
      "cpu: ", Signature(graph, node), " to ", Name(dst),
      ": an 8-bit residual must have the type of an integer result"));
}

}  // namespace assay::cpu
