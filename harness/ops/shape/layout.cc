#include "harness/ops/shape/layout.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/support/couple.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/strided.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

// dst[to] = src[from] over `shape`, with strides and a first position for each.
struct Placement {
  Shape shape;
  Ints src_strides, dst_strides;
  int64_t src_start = 0, dst_start = 0;
};

absl::Status Place(const Tensor& src, Tensor& dst, const Placement& p) {
  return VisitWidth(src.dtype(), [&]<typename T>() {
    const T* from = static_cast<const T*>(src.raw()) + p.src_start;
    T* to = static_cast<T*>(dst.raw()) + p.dst_start;
    WalkStrided<2>(
        p.shape, {p.src_strides, p.dst_strides},
        [&](const std::array<int64_t, 2>& at) { to[at[1]] = from[at[0]]; });
    return absl::OkStatus();
  });
}

// --- transpose

absl::Status InferTranspose(InferContext& context) {
  const Operand src(context, 0, "src");
  const Ints permutation = context.attributes.Ints("permutation", {});
  Ints sorted = permutation, axes(src.shape().size());
  std::sort(sorted.begin(), sorted.end());
  std::iota(axes.begin(), axes.end(), 0);
  if (sorted != axes) {
    return absl::InvalidArgumentError(
        absl::StrCat("permutation: expected each of the ", src.rank(),
                     " axes once, got ", ToString(permutation)));
  }
  Shape shape;
  for (const int64_t axis : permutation) shape.push_back(src.dim(axis));
  return SetResults(context, {{src.dtype(), std::move(shape)}});
}

absl::Status TransposeReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  Tensor& dst = *context.outputs[0];
  const Ints strides = RowMajorStrides(src.shape());
  Ints moved;
  for (const int64_t axis : context.attributes.Ints("permutation", {})) {
    moved.push_back(strides[static_cast<size_t>(axis)]);
  }
  return Place(src, dst, {dst.shape(), moved, RowMajorStrides(dst.shape())});
}

absl::Status TransposeGradient(GradientBuilder& g) {
  const Ints permutation = g.attributes().Ints("permutation", {});
  Ints inverse(permutation.size());
  for (size_t i = 0; i < permutation.size(); ++i) {
    inverse[static_cast<size_t>(permutation[i])] = static_cast<int64_t>(i);
  }
  g.Set(0, g.b().Transpose(g.gradient(), std::move(inverse)));
  return absl::OkStatus();
}

void CoupleTranspose(ChannelCoupler& coupler) {
  const Node& node = coupler.node();
  int to = 0;
  for (const int64_t from : node.attributes.Ints("permutation", {})) {
    coupler.Same(node.inputs[0], static_cast<int>(from), node.outputs[0], to++);
  }
}

// --- slice

struct SliceAxis {
  int64_t start, end, step;
};

// Bounds of one axis, from the front.
SliceAxis Resolve(int64_t start, int64_t end, int64_t step, int64_t extent) {
  if (start < 0) start += extent;
  if (end < 0) end += extent;
  if (end == kSliceEnd) end = extent;
  return {start, end, step};
}

std::vector<SliceAxis> SliceOf(const Attributes& attributes,
                               const Shape& shape) {
  const Ints starts = attributes.Ints("starts", {});
  const Ints ends = attributes.Ints("ends", {});
  const Ints steps = attributes.Ints("steps", Ints(shape.size(), 1));
  std::vector<SliceAxis> axes;
  for (size_t i = 0; i < shape.size(); ++i) {
    axes.push_back(Resolve(starts[i], ends[i], steps[i], shape[i]));
  }
  return axes;
}

absl::Status InferSlice(InferContext& context) {
  const Operand src(context, 0, "src");
  const Shape& from = src.shape();
  for (const char* name : {"starts", "ends", "steps"}) {
    const bool optional = name == absl::string_view("steps");
    if (optional && !context.attributes.Has(name)) continue;
    const Ints values = context.attributes.Ints(name, {});
    if (values.size() != from.size()) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, ": expected ", from.size(), " values, got ", ToString(values)));
    }
  }
  Shape shape;
  const std::vector<SliceAxis> axes = SliceOf(context.attributes, from);
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto [start, end, step] = axes[i];
    if (start < 0 || end > from[i] || start >= end || step < 1) {
      return src.Error(absl::StrCat("axis ", i, " to hold a nonempty [", start,
                                    ", ", end, ") with a step of at least 1 (",
                                    step, ")"));
    }
    shape.push_back((end - start - 1) / step + 1);
  }
  return SetResults(context, {{src.dtype(), std::move(shape)}});
}

absl::Status SliceReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  Tensor& dst = *context.outputs[0];
  Placement p{dst.shape(), RowMajorStrides(src.shape()),
              RowMajorStrides(dst.shape())};
  const std::vector<SliceAxis> axes = SliceOf(context.attributes, src.shape());
  for (size_t i = 0; i < axes.size(); ++i) {
    p.src_start += axes[i].start * p.src_strides[i];
    p.src_strides[i] *= axes[i].step;
  }
  return Place(src, dst, p);
}

absl::Status SliceGradient(GradientBuilder& g) {
  const Shape& src = g.b().shape(g.input(0));
  const Shape& dst = g.b().shape(g.output(0));
  Ints before, after, between;
  const std::vector<SliceAxis> axes = SliceOf(g.attributes(), src);
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t covered = (dst[i] - 1) * axes[i].step + 1;
    before.push_back(axes[i].start);
    after.push_back(src[i] - axes[i].start - covered);
    between.push_back(axes[i].step - 1);
  }
  g.Set(0,
        g.b().Op("pad", {g.gradient()},
                 {{"before", before}, {"after", after}, {"between", between}}));
  return absl::OkStatus();
}

void CoupleSlice(ChannelCoupler& coupler) {
  const ValueId src = coupler.node().inputs[0];
  const ValueId dst = coupler.node().outputs[0];
  const Shape& shape = coupler.graph().shape(dst);
  const std::vector<SliceAxis> axes =
      SliceOf(coupler.node().attributes, coupler.graph().shape(src));
  for (size_t i = 0; i < axes.size(); ++i) {
    const int axis = static_cast<int>(i);
    if (axes[i].step != 1) {
      coupler.Freeze(src, axis);
      coupler.Freeze(dst, axis);
      continue;
    }
    for (int64_t j = 0; j < shape[i]; ++j) {
      coupler.Couple(src, axis, axes[i].start + j, dst, axis, j);
    }
  }
}

// --- pad

struct Padding {
  Ints before, after, between;
};

Padding PaddingOf(const Attributes& attributes, size_t rank) {
  return {attributes.Ints("before", Ints(rank, 0)),
          attributes.Ints("after", Ints(rank, 0)),
          attributes.Ints("between", Ints(rank, 0))};
}

absl::Status InferPad(InferContext& context) {
  const Operand src(context, 0, "src");
  const size_t rank = src.shape().size();
  for (const char* name : {"before", "after", "between"}) {
    ASSAY_RETURN_IF_ERROR(
        IntsOfSize(context.attributes, name, Ints(rank, 0), rank, 0).status());
  }
  const Padding p = PaddingOf(context.attributes, rank);
  Shape shape = src.shape();
  for (size_t i = 0; i < rank; ++i) {
    int64_t inner;
    if (__builtin_mul_overflow(shape[i] - 1, p.between[i] + 1, &inner) ||
        __builtin_add_overflow(inner, 1 + p.before[i] + p.after[i],
                               &shape[i])) {
      return src.Error("extents that stay below 2^63 when padded");
    }
  }
  return SetResults(context, {{src.dtype(), std::move(shape)}});
}

absl::Status FillWith(double value, Tensor& dst) {
  const Tensor one = Tensor::From<double>({}, {value}).Cast(dst.dtype());
  return VisitWidth(dst.dtype(), [&]<typename T>() {
    std::fill_n(static_cast<T*>(dst.raw()), dst.size(),
                *static_cast<const T*>(one.raw()));
    return absl::OkStatus();
  });
}

absl::Status PadReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  Tensor& dst = *context.outputs[0];
  ASSAY_RETURN_IF_ERROR(FillWith(context.attributes.Real("value", 0), dst));
  Placement p{src.shape(), RowMajorStrides(src.shape()),
              RowMajorStrides(dst.shape())};
  const Padding padding = PaddingOf(context.attributes, p.shape.size());
  for (size_t i = 0; i < p.shape.size(); ++i) {
    p.dst_start += padding.before[i] * p.dst_strides[i];
    p.dst_strides[i] *= padding.between[i] + 1;
  }
  return Place(src, dst, p);
}

absl::Status PadGradient(GradientBuilder& g) {
  const Shape& src = g.b().shape(g.input(0));
  const Padding p = PaddingOf(g.attributes(), src.size());
  Ints ends, steps;
  for (size_t i = 0; i < src.size(); ++i) {
    steps.push_back(p.between[i] + 1);
    ends.push_back(p.before[i] + (src[i] - 1) * steps[i] + 1);
  }
  g.Set(0, g.b().Op("slice", {g.gradient()},
                    {{"starts", p.before}, {"ends", ends}, {"steps", steps}}));
  return absl::OkStatus();
}

void CouplePad(ChannelCoupler& coupler) {
  const ValueId src = coupler.node().inputs[0];
  const ValueId dst = coupler.node().outputs[0];
  const Shape& from = coupler.graph().shape(src);
  const Shape& to = coupler.graph().shape(dst);
  for (size_t i = 0; i < from.size(); ++i) {
    const int axis = static_cast<int>(i);
    if (from[i] == to[i]) {
      coupler.Same(src, axis, dst, axis);
    } else {
      coupler.Freeze(src, axis);
      coupler.Freeze(dst, axis);
    }
  }
}

// --- concat

absl::Status InferConcat(InferContext& context) {
  const Operand first(context, 0, "operand 0");
  ASSAY_ASSIGN_OR_RETURN(
      const int64_t axis,
      NormalizeAxis(context.attributes.Int("axis", 0), first.rank()));
  Shape shape = first.shape();
  int64_t& total = shape[static_cast<size_t>(axis)];
  for (size_t i = 1; i < context.inputs.size(); ++i) {
    const std::string name = absl::StrCat("operand ", i);
    const Operand next(context, i, name);
    ASSAY_RETURN_IF_ERROR(next.HasRank(first.rank(), "as operand 0 has"));
    Shape want = first.shape();
    want[static_cast<size_t>(axis)] = next.dim(axis);
    ASSAY_RETURN_IF_ERROR(next.Has(first.dtype(), want));
    if (__builtin_add_overflow(total, next.dim(axis), &total)) {
      return next.Error("a sum of extents below 2^63");
    }
  }
  return SetResults(context, {{first.dtype(), std::move(shape)}});
}

absl::Status ConcatReference(ReferenceContext& context) {
  Tensor& dst = *context.outputs[0];
  const size_t axis = static_cast<size_t>(
      KnownAxis(context.attributes.Int("axis", 0), dst.rank()));
  const Ints strides = RowMajorStrides(dst.shape());
  int64_t start = 0;
  for (const Tensor* src : context.inputs) {
    ASSAY_RETURN_IF_ERROR(Place(*src, dst,
                                {src->shape(), RowMajorStrides(src->shape()),
                                 strides, 0, start * strides[axis]}));
    start += src->shape()[axis];
  }
  return absl::OkStatus();
}

absl::Status ConcatGradient(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const Shape whole = b.shape(g.output(0));
  const size_t axis = static_cast<size_t>(KnownAxis(
      g.attributes().Int("axis", 0), static_cast<int64_t>(whole.size())));
  Ints starts(whole.size(), 0), ends = whole;
  for (size_t i = 0; i < g.input_count(); ++i) {
    ends[axis] = starts[axis] + b.shape(g.input(i))[axis];
    if (g.needs(i)) {
      g.Set(i, b.Op("slice", {g.gradient()},
                    {{"starts", starts}, {"ends", ends}}));
    }
    starts[axis] = ends[axis];
  }
  return absl::OkStatus();
}

void CoupleConcat(ChannelCoupler& coupler) {
  const Node& node = coupler.node();
  const ValueId dst = node.outputs[0];
  const int64_t rank = RankOf(coupler, dst);
  const int64_t joined = KnownAxis(node.attributes.Int("axis", 0), rank);
  int64_t offset = 0;
  for (const ValueId src : node.inputs) {
    const int64_t extent =
        coupler.graph().shape(src)[static_cast<size_t>(joined)];
    for (int axis = 0; axis < rank; ++axis) {
      if (axis != joined) coupler.Same(src, axis, dst, axis);
    }
    const int axis = static_cast<int>(joined);
    for (int64_t i = 0; i < extent; ++i) {
      coupler.Couple(src, axis, i, dst, axis, offset + i);
    }
    offset += extent;
  }
}

}  // namespace

OpSchema TransposeSchema() {
  return {.name = "transpose",
          .operands = "src",
          .attributes = {{"permutation", "ints"}},
          .infer = InferTranspose,
          .reference = TransposeReference,
          .gradient = TransposeGradient,
          .couple = CoupleTranspose};
}

OpSchema SliceSchema() {
  return {
      .name = "slice",
      .operands = "src",
      .attributes = {{"starts", "ints"}, {"ends", "ints"}, {"steps", "ints"}},
      .infer = InferSlice,
      .reference = SliceReference,
      .gradient = SliceGradient,
      .couple = CoupleSlice};
}

OpSchema PadSchema() {
  return {.name = "pad",
          .operands = "src",
          .attributes = {{"before", "ints"},
                         {"after", "ints"},
                         {"between", "ints"},
                         {"value", "real"}},
          .infer = InferPad,
          .reference = PadReference,
          .gradient = PadGradient,
          .couple = CouplePad};
}

OpSchema ConcatSchema() {
  return {.name = "concat",
          .max_inputs = -1,
          .operands = "src",
          .attributes = {{"axis", "int"}},
          .infer = InferConcat,
          .reference = ConcatReference,
          .gradient = ConcatGradient,
          .couple = CoupleConcat};
}

}  // namespace assay
