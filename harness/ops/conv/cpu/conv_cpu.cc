#include "harness/ops/conv/cpu/conv_cpu.h"

#include <utility>
#include <vector>

#include "harness/backend/cpu/layout.h"
#include "harness/ops/conv/cpu/conv_geometry.h"
#include "harness/ops/conv/cpu/conv_ways.h"
#include "harness/ops/conv/cpu/winograd_cpu.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace assay::cpu {
namespace {

using dnnl::memory;
using Forward = dnnl::convolution_forward;
using BackwardData = dnnl::convolution_backward_data;
using BackwardWeights = dnnl::convolution_backward_weights;

// A forward convolution of these descriptors; backward ones want it as a hint.
Forward::primitive_desc ForwardDescriptor(const ProgramBuilder& builder,
                                          const ConvGeometry& g,
                                          const memory::desc& src,
                                          const memory::desc& weights,
                                          const memory::desc& bias,
                                          const memory::desc& dst) {
  return Forward::primitive_desc(
      builder.engine(), dnnl::prop_kind::forward_training,
      dnnl::algorithm::convolution_direct, src, weights, bias, dst, g.strides,
      g.dilations, g.pads_begin, g.pads_end, UserScratchpad(),
      /*allow_empty=*/true);
}

memory::desc Any(const ProgramBuilder& builder, ValueId value) {
  return AnyDesc(builder.type(value).dtype, builder.shape(value));
}

memory::desc Preferred(const ProgramBuilder& builder, ValueId value,
                       bool as_it_lies) {
  return as_it_lies ? PreferredDesc(builder, value) : Any(builder, value);
}

absl::Status NoPrimitive() {
  return absl::UnimplementedError("oneDNN has no convolution of this form");
}

// Weights [I, O/groups, kh, kw] as oneDNN sees those of a deconvolution:
// [O, I, kh, kw], with the groups as an axis in front where there are several.
memory::dims TransposedDims(const ConvGeometry& g, const Shape& w) {
  if (g.groups == 1) return {w[1], w[0], w[2], w[3]};
  return {g.groups, w[1], w[0] / g.groups, w[2], w[3]};
}

memory::desc PlainTransposed(const ConvGeometry& g, DType dtype,
                             const Shape& w) {
  const memory::dim taps = w[2] * w[3], row = w[1] * taps;
  memory::dims strides = {taps, row, w[3], 1};
  if (g.groups > 1) strides.insert(strides.begin(), w[0] / g.groups * row);
  return memory::desc(TransposedDims(g, w), DnnlType(dtype), strides);
}

}  // namespace

absl::Status MakeConv2d(ProgramBuilder& b) {
  const ValueId src = b.input(0), weights = b.input(1), bias = b.input(2);
  const ValueId dst = b.output();
  const ConvGeometry g = GeometryOf(b.node());
  const TensorType& w = b.type(weights);
  if (SuitsWinograd(b, g, src, dst, w.shape)) {
    MakeWinogradForward(b, g);
    return absl::OkStatus();
  }
  const memory::desc bias_desc =
      bias == kNoValue ? memory::desc()
                       : PlainDesc(b.type(bias).dtype, b.shape(bias));
  const Forward::primitive_desc pd =
      ChooseForward(b, src, b.type(dst), [&](const ImageForms& forms) {
        return ForwardDescriptor(b, g, forms.src,
                                 AnyWeights(g, w.dtype, w.shape), bias_desc,
                                 forms.dst);
      });
  if (!pd) return NoPrimitive();
  std::vector<PrimitiveArgument> arguments = {
      {DNNL_ARG_SRC, b.Read(src, pd.src_desc()), pd.src_desc()},
      {DNNL_ARG_WEIGHTS,
       b.ReadAs(weights, PlainWeights(g, w.dtype, w.shape), pd.weights_desc()),
       pd.weights_desc()}};
  if (bias != kNoValue) {
    arguments.push_back({DNNL_ARG_BIAS, b.ReadPlain(bias), bias_desc});
  }
  const SlotId written = b.Write(dst, LayoutOf(b.type(dst), pd.dst_desc()));
  arguments.push_back({DNNL_ARG_DST, written, pd.dst_desc(), true});
  b.AddPrimitive(Forward(pd), std::move(arguments), pd.scratchpad_desc());
  return absl::OkStatus();
}

absl::Status MakeConvTranspose2d(ProgramBuilder& b) {
  using Deconvolution = dnnl::deconvolution_forward;
  const ValueId src = b.input(0), weights = b.input(1), bias = b.input(2);
  const ValueId dst = b.output();
  ConvGeometry g = GeometryOf(b.node());
  const std::vector<int64_t> extra =
      b.node().attributes.Ints("output_padding", {0, 0});
  for (size_t i = 0; i < 2; ++i) g.pads_end[i] -= extra[i];
  const TensorType& w = b.type(weights);
  const memory::desc any_weights(TransposedDims(g, w.shape), DnnlType(w.dtype),
                                 memory::format_tag::any);
  const memory::desc bias_desc =
      bias == kNoValue ? memory::desc()
                       : PlainDesc(b.type(bias).dtype, b.shape(bias));
  const Deconvolution::primitive_desc pd =
      ChooseDescriptor([&](bool as_it_lies) {
        return Deconvolution::primitive_desc(
            b.engine(), dnnl::prop_kind::forward_training,
            dnnl::algorithm::deconvolution_direct,
            Preferred(b, src, as_it_lies), any_weights, bias_desc, Any(b, dst),
            g.strides, g.dilations, g.pads_begin, g.pads_end, UserScratchpad(),
            /*allow_empty=*/true);
      });
  if (!pd) return NoPrimitive();
  std::vector<PrimitiveArgument> arguments = {
      {DNNL_ARG_SRC, b.Read(src, pd.src_desc()), pd.src_desc()},
      {DNNL_ARG_WEIGHTS,
       b.ReadAs(weights, PlainTransposed(g, w.dtype, w.shape),
                pd.weights_desc()),
       pd.weights_desc()}};
  if (bias != kNoValue) {
    arguments.push_back({DNNL_ARG_BIAS, b.ReadPlain(bias), bias_desc});
  }
  const SlotId written = b.Write(dst, LayoutOf(b.type(dst), pd.dst_desc()));
  arguments.push_back({DNNL_ARG_DST, written, pd.dst_desc(), true});
  b.AddPrimitive(Deconvolution(pd), std::move(arguments), pd.scratchpad_desc());
  return absl::OkStatus();
}

absl::Status MakeConv2dBackwardData(ProgramBuilder& b) {
  const ValueId diff_dst = b.input(0), weights = b.input(1);
  const ValueId diff_src = b.output();
  const ConvGeometry g = GeometryOf(b.node());
  const TensorType& w = b.type(weights);
  if (SuitsWinograd(b, g, diff_dst, diff_src, w.shape)) {
    MakeWinogradBackwardData(b, g);
    return absl::OkStatus();
  }
  const BackwardData::primitive_desc pd =
      ChooseDescriptor([&](bool as_it_lies) {
        const memory::desc dst = Preferred(b, diff_dst, as_it_lies);
        // The gradient in the form of its source, so that the way back keeps
        // one layout.
        memory::desc src = Any(b, diff_src);
        if (as_it_lies) {
          if (std::optional<memory::desc> like =
                  Relaid(b.layout(diff_dst), b.type(diff_src))) {
            src = *like;
          }
        }
        const memory::desc any_weights = AnyWeights(g, w.dtype, w.shape);
        const Forward::primitive_desc hint =
            ForwardDescriptor(b, g, Any(b, diff_src), any_weights,
                              memory::desc(), Any(b, diff_dst));
        if (!hint) return BackwardData::primitive_desc();
        return BackwardData::primitive_desc(
            b.engine(), dnnl::algorithm::convolution_direct, src, any_weights,
            dst, g.strides, g.dilations, g.pads_begin, g.pads_end, hint,
            UserScratchpad(), /*allow_empty=*/true);
      });
  if (!pd) return NoPrimitive();
  const SlotId gradient = b.Read(diff_dst, pd.diff_dst_desc());
  const SlotId packed =
      b.ReadAs(weights, PlainWeights(g, w.dtype, w.shape), pd.weights_desc());
  const SlotId written =
      b.Write(diff_src, LayoutOf(b.type(diff_src), pd.diff_src_desc()));
  b.AddPrimitive(BackwardData(pd),
                 {{DNNL_ARG_DIFF_DST, gradient, pd.diff_dst_desc()},
                  {DNNL_ARG_WEIGHTS, packed, pd.weights_desc()},
                  {DNNL_ARG_DIFF_SRC, written, pd.diff_src_desc(), true}},
                 pd.scratchpad_desc());
  return absl::OkStatus();
}

absl::Status MakeConv2dBackwardWeights(ProgramBuilder& b) {
  const ValueId src = b.input(0), diff_dst = b.input(1);
  const ValueId diff_weights = b.output();
  const ConvGeometry g = GeometryOf(b.node());
  const TensorType& w = b.type(diff_weights);
  if (SuitsWinograd(b, g, src, diff_dst, w.shape)) {
    MakeWinogradBackwardWeights(b, g);
    return absl::OkStatus();
  }
  const memory::desc any_weights = AnyWeights(g, w.dtype, w.shape);
  const BackwardWeights::primitive_desc pd =
      ChooseDescriptor([&](bool as_it_lies) {
        const Forward::primitive_desc hint = ForwardDescriptor(
            b, g, Any(b, src), AnyWeights(g, b.type(src).dtype, w.shape),
            memory::desc(), Any(b, diff_dst));
        if (!hint) return BackwardWeights::primitive_desc();
        return BackwardWeights::primitive_desc(
            b.engine(), dnnl::algorithm::convolution_direct,
            Preferred(b, src, as_it_lies), any_weights,
            Preferred(b, diff_dst, as_it_lies), g.strides, g.dilations,
            g.pads_begin, g.pads_end, hint, UserScratchpad(),
            /*allow_empty=*/true);
      });
  if (!pd) return NoPrimitive();
  const SlotId read_src = b.Read(src, pd.src_desc());
  const SlotId read_diff = b.Read(diff_dst, pd.diff_dst_desc());
  // Gradients of parameters meet row-major parameters next.
  const memory::desc plain = PlainWeights(g, w.dtype, w.shape);
  const memory::desc made = pd.diff_weights_desc();
  const SlotId written = b.WritePlain(diff_weights);
  const bool direct = SameMemory(made, plain);
  const SlotId packed =
      direct ? written : b.Scratch(static_cast<int64_t>(made.get_size()));
  b.AddPrimitive(BackwardWeights(pd),
                 {{DNNL_ARG_SRC, read_src, pd.src_desc()},
                  {DNNL_ARG_DIFF_DST, read_diff, pd.diff_dst_desc()},
                  {DNNL_ARG_DIFF_WEIGHTS, packed, made, true}},
                 pd.scratchpad_desc());
  if (!direct) b.AddReorder(packed, made, written, plain);
  return absl::OkStatus();
}

}  // namespace assay::cpu
