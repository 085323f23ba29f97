#include "harness/ops/fused/cpu/fused_cpu.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/backend/cpu/layout.h"
#include "harness/backend/cpu/support.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/ops/conv/cpu/conv_geometry.h"
#include "harness/ops/conv/cpu/conv_ways.h"
#include "harness/ops/conv/cpu/winograd_cpu.h"
#include "harness/ops/fused/cpu/depthwise_cpu.h"
#include "harness/ops/fused/cpu/epilogue_cpu.h"
#include "harness/ops/fused/cpu/sparse_cpu.h"
#include "harness/ops/matmul/cpu/strassen_cpu.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace assay::cpu {
namespace {

using dnnl::memory;
using Convolution = dnnl::convolution_forward;

bool IsByte(DType dtype) { return dtype == DType::kU8 || dtype == DType::kS8; }

// [rows, columns] over everything before the last axis.
memory::desc RowsDesc(DType dtype, const Shape& shape) {
  const int64_t columns = shape.back();
  return memory::desc({ElementCount(shape) / columns, columns}, DnnlType(dtype),
                      memory::dims{columns, 1});
}

}  // namespace

absl::Status MakeConv2dFused(ProgramBuilder& b) {
  if (b.node().attributes.Int("sparse", 0) != 0) return MakeSparseConv2d(b);
  if (IsDepthwise(b)) {
    if (b.options().own_depthwise) return MakeDepthwise(b);
    b.taken().library_depthwise = true;
  }
  const ValueId src = b.input(0), weights = b.input(1), bias = b.input(2);
  const ConvGeometry g = GeometryOf(b.node());
  const TensorType& w = b.type(weights);
  EpilogueCpu epilogue(b);
  const Shape& dst_shape = b.shape(b.output());
  const std::optional<TileEpilogue> in_tiles = epilogue.InTiles();
  if (in_tiles.has_value() && SuitsWinograd(b, g, src, b.output(), w.shape)) {
    const memory::desc desc = WinogradResult(b, src, {DType::kF32, dst_shape});
    const SlotId made = epilogue.Destination(desc, /*arguments=*/nullptr);
    AddWinograd(b, g, desc, *in_tiles, made);
    epilogue.Finish(made, desc);
    return absl::OkStatus();
  }
  const memory::desc any_dst = AnyDesc(epilogue.primitive_dtype(), dst_shape);
  const memory::desc bias_desc =
      bias == kNoValue ? memory::desc()
                       : PlainDesc(b.type(bias).dtype, b.shape(bias));
  // Output channels are the first axis, or the first two with groups.
  const dnnl::primitive_attr attr =
      epilogue.Attributes(g.groups > 1 ? 3 : 1, any_dst);
  const auto pd = ChooseForward(
      b, src, {epilogue.primitive_dtype(), dst_shape},
      [&](const ImageForms& forms) {
        return Convolution::primitive_desc(
            b.engine(), dnnl::prop_kind::forward_inference,
            dnnl::algorithm::convolution_direct, forms.src,
            AnyWeights(g, w.dtype, w.shape), bias_desc, forms.dst, g.strides,
            g.dilations, g.pads_begin, g.pads_end, attr,
            /*allow_empty=*/true);
      });
  if (!pd) {
    return absl::UnimplementedError("oneDNN has no convolution of this form");
  }
  std::vector<PrimitiveArgument> arguments = {
      {DNNL_ARG_SRC, b.Read(src, pd.src_desc()), pd.src_desc()},
      {DNNL_ARG_WEIGHTS,
       b.ReadAs(weights, PlainWeights(g, w.dtype, w.shape), pd.weights_desc()),
       pd.weights_desc()}};
  if (bias != kNoValue) {
    arguments.push_back({DNNL_ARG_BIAS, b.ReadPlain(bias), bias_desc});
  }
  const SlotId made = epilogue.Destination(pd.dst_desc(), &arguments);
  arguments.push_back({DNNL_ARG_DST, made, pd.dst_desc(), true});
  b.AddPrimitive(Convolution(pd), std::move(arguments), pd.scratchpad_desc());
  epilogue.Finish(made, pd.dst_desc());
  return absl::OkStatus();
}

absl::Status MakeLinearFused(ProgramBuilder& b) {
  if (b.node().attributes.Int("sparse", 0) != 0) return MakeSparseLinear(b);
  const ValueId src = b.input(0), weights = b.input(1), bias = b.input(2);
  const TensorType& w = b.type(weights);
  EpilogueCpu epilogue(b);
  const memory::desc src_desc = RowsDesc(b.type(src).dtype, b.shape(src));
  const memory::desc dst_desc =
      RowsDesc(epilogue.primitive_dtype(), b.shape(b.output()));
  const std::optional<ProductEpilogue> of_product = epilogue.OfProduct();
  if (of_product.has_value() && SuitsStrassen(b)) {
    const SlotId made = epilogue.Destination(dst_desc, /*arguments=*/nullptr);
    AddStrassen(b, *of_product, made);
    epilogue.Finish(made, dst_desc);
    return absl::OkStatus();
  }
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
  const bool packs = b.is_constant(weights) && b.options().pack_weights;
  b.taken().plain_weights |= b.is_constant(weights) && !packs;
  const dnnl::matmul::primitive_desc pd(
      b.engine(), src_desc, packs ? any_weights : plain_weights, bias_desc,
      dst_desc, epilogue.Attributes(1 << 1, dst_desc));
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
  if (node.attributes.Int("sparse", 0) != 0) {
    return SupportsSparse(graph, node);
  }
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
