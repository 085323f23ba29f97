#include "harness/ops/pool/cpu/pool_cpu.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "harness/backend/cpu/layout.h"
#include "harness/backend/cpu/parallel.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace assay::cpu {
namespace {

using dnnl::memory;
using Forward = dnnl::pooling_forward;
using Backward = dnnl::pooling_backward;

struct Window {
  memory::dims kernel, strides, pads_begin, pads_end;
};

Window WindowOf(const Node& node) {
  const Attributes& a = node.attributes;
  const std::vector<int64_t> pads = a.Ints("pads", {0, 0, 0, 0});
  return {a.Ints("kernel", {1, 1}),
          a.Ints("strides", {1, 1}),
          {pads[0], pads[1]},
          {pads[2], pads[3]}};
}

dnnl::algorithm AverageOf(const Node& node) {
  return node.attributes.Int("count_include_pad", 0) != 0
             ? dnnl::algorithm::pooling_avg_include_padding
             : dnnl::algorithm::pooling_avg_exclude_padding;
}

Forward::primitive_desc ForwardDescriptor(const ProgramBuilder& b,
                                          dnnl::algorithm algorithm,
                                          dnnl::prop_kind kind,
                                          const memory::desc& src,
                                          const memory::desc& dst) {
  const Window w = WindowOf(b.node());
  return Forward::primitive_desc(b.engine(), kind, algorithm, src, dst,
                                 w.strides, w.kernel, {0, 0}, w.pads_begin,
                                 w.pads_end, UserScratchpad());
}

absl::Status MakeForward(ProgramBuilder& b, dnnl::algorithm algorithm) {
  const ValueId src = b.input(0), dst = b.output();
  const memory::desc& src_desc = b.layout(src).desc;
  const Forward::primitive_desc pd =
      ForwardDescriptor(b, algorithm, dnnl::prop_kind::forward_inference,
                        src_desc, AnyDesc(b.type(dst).dtype, b.shape(dst)));
  const SlotId read = b.Read(src);
  const SlotId written = b.Write(dst, LayoutOf(b.type(dst), pd.dst_desc()));
  b.AddPrimitive(Forward(pd),
                 {{DNNL_ARG_SRC, read, src_desc},
                  {DNNL_ARG_DST, written, pd.dst_desc(), true}},
                 pd.scratchpad_desc());
  return absl::OkStatus();
}

// Row-major loops over windows.
struct PoolGeometry {
  int64_t planes, height, width, out_height, out_width;
  int64_t kernel[2], strides[2], pads[2];
};

PoolGeometry GeometryOf(const Node& node, const Shape& src, const Shape& dst) {
  const Window w = WindowOf(node);
  return {src[0] * src[1],
          src[2],
          src[3],
          dst[2],
          dst[3],
          {w.kernel[0], w.kernel[1]},
          {w.strides[0], w.strides[1]},
          {w.pads_begin[0], w.pads_begin[1]}};
}

// Index in the plane of the first maximum (or NaN) of a window.
template <typename T>
int64_t FirstMaximum(const PoolGeometry& g, const T* plane, int64_t oy,
                     int64_t ox) {
  const int64_t y0 = oy * g.strides[0] - g.pads[0];
  const int64_t x0 = ox * g.strides[1] - g.pads[1];
  const int64_t y_end = std::min(g.height, y0 + g.kernel[0]);
  const int64_t x_end = std::min(g.width, x0 + g.kernel[1]);
  int64_t best = -1;
  float top = 0;
  for (int64_t y = std::max<int64_t>(y0, 0); y < y_end; ++y) {
    for (int64_t x = std::max<int64_t>(x0, 0); x < x_end; ++x) {
      const int64_t at = y * g.width + x;
      const float value = static_cast<float>(plane[at]);
      if (best < 0 || value > top || (value != value && top == top)) {
        best = at;
        top = value;
      }
    }
  }
  return best;
}

template <typename T>
T Sum(T a, T b) {
  return T(static_cast<float>(a) + static_cast<float>(b));
}

// Scatters `values` (one per window) to the maxima of `src`, or gathers them
// from there.
template <typename T>
class MaximumKernel final : public Kernel {
 public:
  MaximumKernel(const PoolGeometry& geometry, bool scatter, SlotId values,
                SlotId src, SlotId dst, int threads)
      : g_(geometry),
        scatter_(scatter),
        values_(values),
        src_(src),
        dst_(dst),
        parts_(static_cast<int>(std::min<int64_t>(
            ThreadsFor(threads, g_.planes * g_.height * g_.width),
            g_.planes))) {}

  absl::Status Run(void* const* slots) const override {
    ParallelRanges(parts_, g_.planes, [&](int, int64_t begin, int64_t end) {
      for (int64_t plane = begin; plane < end; ++plane) RunPlane(slots, plane);
    });
    return absl::OkStatus();
  }

 private:
  void RunPlane(void* const* slots, int64_t plane) const {
    const int64_t in = g_.height * g_.width, out = g_.out_height * g_.out_width;
    const T* src = At<const T>(slots, src_) + plane * in;
    const T* values =
        At<const T>(slots, values_) + plane * (scatter_ ? out : in);
    T* dst = At<T>(slots, dst_) + plane * (scatter_ ? in : out);
    if (scatter_) std::fill(dst, dst + in, T(0.0f));
    for (int64_t oy = 0; oy < g_.out_height; ++oy) {
      for (int64_t ox = 0; ox < g_.out_width; ++ox) {
        const int64_t from = FirstMaximum(g_, src, oy, ox);
        const int64_t window = oy * g_.out_width + ox;
        if (scatter_) {
          dst[from] = Sum(dst[from], values[window]);
        } else {
          dst[window] = values[from];
        }
      }
    }
  }

  PoolGeometry g_;
  bool scatter_;
  SlotId values_, src_, dst_;
  int parts_;
};

absl::Status MakeMaximum(ProgramBuilder& b, bool scatter) {
  const ValueId values = b.input(0), src = b.input(1), dst = b.output();
  const PoolGeometry g =
      GeometryOf(b.node(), b.shape(src), b.shape(scatter ? values : dst));
  const SlotId read_values = b.ReadPlain(values), read_src = b.ReadPlain(src);
  const SlotId written = b.WritePlain(dst);
  std::unique_ptr<Kernel> kernel;
  if (b.type(src).dtype == DType::kBF16) {
    kernel = std::make_unique<MaximumKernel<BFloat16>>(
        g, scatter, read_values, read_src, written, b.threads());
  } else {
    kernel = std::make_unique<MaximumKernel<float>>(
        g, scatter, read_values, read_src, written, b.threads());
  }
  b.AddStep(std::move(kernel), {read_values, read_src}, {written});
  return absl::OkStatus();
}

}  // namespace

absl::Status MakeMaxPool(ProgramBuilder& b) {
  return MakeForward(b, dnnl::algorithm::pooling_max);
}

absl::Status MakeAvgPool(ProgramBuilder& b) {
  return MakeForward(b, AverageOf(b.node()));
}

absl::Status MakeAvgPoolBackward(ProgramBuilder& b) {
  const ValueId diff_dst = b.input(0), diff_src = b.output();
  const memory::desc& dst_desc = b.layout(diff_dst).desc;
  // The gradient in the form of what arrives.
  const memory::desc src_desc =
      Relaid(b.layout(diff_dst), b.type(diff_src))
          .value_or(PlainDesc(b.type(diff_src).dtype, b.shape(diff_src)));
  const Forward::primitive_desc hint =
      ForwardDescriptor(b, AverageOf(b.node()),
                        dnnl::prop_kind::forward_training, src_desc, dst_desc);
  const Window w = WindowOf(b.node());
  const Backward::primitive_desc pd(
      b.engine(), AverageOf(b.node()), src_desc, dst_desc, w.strides, w.kernel,
      {0, 0}, w.pads_begin, w.pads_end, hint, UserScratchpad());
  const SlotId read = b.Read(diff_dst);
  const SlotId written =
      b.Write(diff_src, LayoutOf(b.type(diff_src), pd.diff_src_desc()));
  b.AddPrimitive(Backward(pd),
                 {{DNNL_ARG_DIFF_DST, read, dst_desc},
                  {DNNL_ARG_DIFF_SRC, written, pd.diff_src_desc(), true}},
                 pd.scratchpad_desc());
  return absl::OkStatus();
}

absl::Status MakeMaxPoolBackward(ProgramBuilder& b) {
  return MakeMaximum(b, true);
}

absl::Status MakeMaxPoolSelect(ProgramBuilder& b) {
  return MakeMaximum(b, false);
}

}  // namespace assay::cpu
