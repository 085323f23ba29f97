#include "harness/ops/reduce/reduce.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>

#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/support/couple.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/strided.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

absl::StatusOr<std::vector<int64_t>> AxesOf(const Attributes& attributes,
                                            int64_t rank) {
  if (attributes.Has("axes")) {
    return NormalizeAxes(attributes.Ints("axes", {}), rank);
  }
  std::vector<int64_t> axes(static_cast<size_t>(rank));
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

// True for each axis of a rank that is reduced; the axes are known to be good.
std::vector<bool> Reduced(const Attributes& attributes, size_t rank) {
  std::vector<bool> reduced(rank, false);
  const absl::StatusOr<std::vector<int64_t>> axes =
      AxesOf(attributes, static_cast<int64_t>(rank));
  for (const int64_t axis : *axes) reduced[static_cast<size_t>(axis)] = true;
  return reduced;
}

// `shape` with extent 1 on the reduced axes.
Shape KeptShape(Shape shape, const std::vector<bool>& reduced) {
  for (size_t i = 0; i < shape.size(); ++i) {
    if (reduced[i]) shape[i] = 1;
  }
  return shape;
}

absl::Status InferReduce(InferContext& context, const Operand& src) {
  const bool keep = context.attributes.Int("keep", 0) != 0;
  ASSAY_ASSIGN_OR_RETURN(const std::vector<int64_t> axes,
                         AxesOf(context.attributes, src.rank()));
  Shape shape;
  for (int64_t i = 0; i < src.rank(); ++i) {
    if (!std::binary_search(axes.begin(), axes.end(), i)) {
      shape.push_back(src.dim(i));
    } else if (keep) {
      shape.push_back(1);
    }
  }
  return SetResults(context, {{src.dtype(), std::move(shape)}});
}

absl::Status InferNumericReduce(InferContext& context) {
  const Operand src(context, 0, "src");
  ASSAY_RETURN_IF_ERROR(src.IsNumeric());
  return InferReduce(context, src);
}

absl::Status InferFloatReduce(InferContext& context) {
  const Operand src(context, 0, "src");
  ASSAY_RETURN_IF_ERROR(src.IsFloat());
  return InferReduce(context, src);
}

// visit(group, element): flat positions in dst and src, in src's order.
template <typename Visit>
void WalkGroups(const ReferenceContext& context, const Visit& visit) {
  const Shape& shape = context.inputs[0]->shape();
  const Shape kept =
      KeptShape(shape, Reduced(context.attributes, shape.size()));
  WalkStrided<2>(shape, {BroadcastStrides(kept, shape), RowMajorStrides(shape)},
                 [&](const std::array<int64_t, 2>& at) {
                   visit(static_cast<size_t>(at[0]), at[1]);
                 });
}

// Floats are summed in double, integers modulo 2^64.
template <typename T>
using SumType = std::conditional_t<std::is_integral_v<T>, uint64_t, double>;

template <typename T>
std::vector<SumType<T>> Sums(const ReferenceContext& context) {
  std::vector<SumType<T>> sums(static_cast<size_t>(context.outputs[0]->size()));
  const T* src = context.inputs[0]->data<T>();
  WalkGroups(context, [&](size_t group, int64_t i) {
    sums[group] += static_cast<SumType<T>>(src[i]);
  });
  return sums;
}

absl::Status ReduceSumReference(ReferenceContext& context) {
  return VisitNumeric(context.inputs[0]->dtype(), [&]<typename T>() {
    T* dst = context.outputs[0]->data<T>();
    for (const SumType<T> sum : Sums<T>(context)) {
      *dst++ = static_cast<T>(sum);
    }
    return absl::OkStatus();
  });
}

absl::Status ReduceMeanReference(ReferenceContext& context) {
  const double count = static_cast<double>(context.inputs[0]->size()) /
                       static_cast<double>(context.outputs[0]->size());
  return VisitFloat(context.inputs[0]->dtype(), [&]<typename T>() {
    T* dst = context.outputs[0]->data<T>();
    for (const double sum : Sums<T>(context)) {
      *dst++ = static_cast<T>(sum / count);
    }
    return absl::OkStatus();
  });
}

absl::Status ReduceMaxReference(ReferenceContext& context) {
  return VisitNumeric(context.inputs[0]->dtype(), [&]<typename T>() {
    const T* src = context.inputs[0]->data<T>();
    T* dst = context.outputs[0]->data<T>();
    std::vector<bool> started(static_cast<size_t>(context.outputs[0]->size()));
    WalkGroups(context, [&](size_t group, int64_t i) {
      const bool is_nan = src[i] != src[i];
      if (!started[group] || src[i] > dst[group] || is_nan) dst[group] = src[i];
      started[group] = true;
    });
    return absl::OkStatus();
  });
}

// `dy` with the reduced axes back as extents of 1.
ValueId WithKeptAxes(GradientBuilder& g, ValueId dy) {
  const Shape& shape = g.b().shape(g.input(0));
  return g.b().Reshape(dy,
                       KeptShape(shape, Reduced(g.attributes(), shape.size())));
}

ValueId BroadcastToSource(GradientBuilder& g, ValueId dy) {
  return g.b().Op("broadcast_to", {WithKeptAxes(g, dy)},
                  {{"shape", g.b().shape(g.input(0))}});
}

absl::Status ReduceSumGradient(GradientBuilder& g) {
  g.Set(0, BroadcastToSource(g, g.gradient()));
  return absl::OkStatus();
}

absl::Status ReduceMeanGradient(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const double ratio = static_cast<double>(ElementCount(b.shape(g.output(0)))) /
                       static_cast<double>(ElementCount(b.shape(g.input(0))));
  g.Set(0, BroadcastToSource(g, b.Scale(g.gradient(), ratio)));
  return absl::OkStatus();
}

// 1 at the first maximum of each group, else 0: with the reduced axes brought
// to the back as one, argmax finds it and one_hot marks it.
ValueId FirstMaximumMask(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const ValueId src = g.input(0);
  const Shape shape = b.shape(src);
  const std::vector<bool> reduced = Reduced(g.attributes(), shape.size());
  std::vector<int64_t> order(shape.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_partition(order.begin(), order.end(), [&](int64_t axis) {
    return !reduced[static_cast<size_t>(axis)];
  });
  std::vector<int64_t> back(order.size());
  Shape moved;
  for (size_t i = 0; i < order.size(); ++i) {
    back[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
    moved.push_back(shape[static_cast<size_t>(order[i])]);
  }
  const int64_t groups = ElementCount(b.shape(g.output(0)));
  const int64_t length = ElementCount(shape) / groups;
  const ValueId rows = b.Reshape(b.Transpose(src, order), {groups, length});
  const ValueId first = b.Op("argmax", {rows}, {{"axis", int64_t{1}}});
  const ValueId mask =
      b.Op("one_hot", {first},
           {{"depth", length}, {"dtype", std::string(Name(b.dtype(src)))}});
  return b.Transpose(b.Reshape(mask, moved), back);
}

absl::Status ReduceMaxGradient(GradientBuilder& g) {
  g.Set(0, g.b().Mul(FirstMaximumMask(g), WithKeptAxes(g, g.gradient())));
  return absl::OkStatus();
}

// Kept axes go on as they are. A reduced axis ends: summing ignores channels
// that are zero, while the mean and the maximum depend on their number.
void CoupleKept(ChannelCoupler& coupler, bool freeze_reduced) {
  const ValueId src = coupler.node().inputs[0];
  const ValueId dst = coupler.node().outputs[0];
  const size_t rank = coupler.graph().shape(src).size();
  const std::vector<bool> reduced = Reduced(coupler.node().attributes, rank);
  const bool keep = coupler.node().attributes.Int("keep", 0) != 0;
  int to = 0;
  for (size_t axis = 0; axis < rank; ++axis) {
    if (!reduced[axis]) {
      coupler.Same(src, static_cast<int>(axis), dst, to++);
      continue;
    }
    if (freeze_reduced) coupler.Freeze(src, static_cast<int>(axis));
    if (keep) coupler.Freeze(dst, to++);
  }
}

OpSchema ReduceSchema(std::string name) {
  return {.name = std::move(name),
          .operands = "src",
          .attributes = {{"axes", "ints"}, {"keep", "int"}},
          .couple = [](ChannelCoupler& c) { CoupleKept(c, true); }};
}

}  // namespace

OpSchema ReduceSumSchema() {
  OpSchema schema = ReduceSchema("reduce_sum");
  schema.infer = InferNumericReduce;
  schema.reference = ReduceSumReference;
  schema.gradient = ReduceSumGradient;
  schema.couple = [](ChannelCoupler& c) { CoupleKept(c, false); };
  return schema;
}

OpSchema ReduceMeanSchema() {
  OpSchema schema = ReduceSchema("reduce_mean");
  schema.infer = InferFloatReduce;
  schema.reference = ReduceMeanReference;
  schema.gradient = ReduceMeanGradient;
  return schema;
}

OpSchema ReduceMaxSchema() {
  OpSchema schema = ReduceSchema("reduce_max");
  schema.infer = InferNumericReduce;
  schema.reference = ReduceMaxReference;
  schema.gradient = ReduceMaxGradient;
  return schema;
}

}  // namespace assay
