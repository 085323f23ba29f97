#include "harness/ops/shape/along.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/support/couple.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/rows.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

absl::Status OutOfRange(int32_t index, int64_t at, int64_t extent) {
  return absl::OutOfRangeError(absl::StrCat("indices: element ", at,
                                            ": expected a value in [0, ",
                                            extent, "), got ", index));
}

absl::Status CheckRank(const Operand& operand) {
  return operand.rank() == 0 ? operand.Error("at least one axis")
                             : absl::OkStatus();
}

// Walks two tensors of equal extents but for one axis, line by line:
// visit(start in a, start in b).
template <typename Visit>
void ForEachLine(const Rows& a, const Rows& b, const Visit& visit) {
  std::vector<int64_t> starts;
  b.ForEach([&](int64_t start) { starts.push_back(start); });
  size_t line = 0;
  a.ForEach([&](int64_t start) { visit(start, starts[line++]); });
}

// --- gather_along

absl::Status InferGatherAlong(InferContext& context) {
  const Operand src(context, 0, "src"), indices(context, 1, "indices");
  ASSAY_RETURN_IF_ERROR(indices.Is(DType::kS32));
  ASSAY_RETURN_IF_ERROR(CheckRank(src));
  ASSAY_ASSIGN_OR_RETURN(
      const int64_t axis,
      NormalizeAxis(context.attributes.Int("axis", -1), src.rank()));
  Shape want = src.shape();
  if (indices.rank() == src.rank()) {
    want[static_cast<size_t>(axis)] = indices.dim(axis);
  }
  ASSAY_RETURN_IF_ERROR(indices.HasShape(want));
  return SetResults(context, {{src.dtype(), std::move(want)}});
}

absl::Status GatherAlongReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  const Tensor& indices = *context.inputs[1];
  const int64_t axis = context.attributes.Int("axis", -1);
  const Rows from(src.shape(), axis), to(indices.shape(), axis);
  const int32_t* index = indices.data<int32_t>();
  return VisitWidth(src.dtype(), [&]<typename T>() {
    const T* x = static_cast<const T*>(src.raw());
    T* y = static_cast<T*>(context.outputs[0]->raw());
    absl::Status status;
    ForEachLine(from, to, [&](int64_t source, int64_t target) {
      for (int64_t i = 0; i < to.length(); ++i) {
        const int64_t at = target + i * to.stride();
        if (index[at] < 0 || index[at] >= from.length()) {
          status.Update(OutOfRange(index[at], at, from.length()));
          return;
        }
        y[at] = x[source + index[at] * from.stride()];
      }
    });
    return status;
  });
}

absl::Status GatherAlongGradient(GradientBuilder& g) {
  if (!g.needs(0)) return absl::OkStatus();
  GraphBuilder& b = g.b();
  const Shape& src = b.shape(g.input(0));
  const int64_t axis = KnownAxis(g.attributes().Int("axis", -1),
                                 static_cast<int64_t>(src.size()));
  g.Set(0, b.Op("scatter_add_along", {g.input(1), g.gradient()},
                {{"axis", axis}, {"extent", src[static_cast<size_t>(axis)]}}));
  return absl::OkStatus();
}

// --- scatter_add_along

absl::Status InferScatterAddAlong(InferContext& context) {
  const Operand indices(context, 0, "indices"), updates(context, 1, "updates");
  ASSAY_RETURN_IF_ERROR(indices.Is(DType::kS32));
  ASSAY_RETURN_IF_ERROR(updates.IsFloat());
  ASSAY_RETURN_IF_ERROR(CheckRank(updates));
  ASSAY_RETURN_IF_ERROR(indices.HasShape(updates.shape()));
  ASSAY_ASSIGN_OR_RETURN(
      const int64_t axis,
      NormalizeAxis(context.attributes.Int("axis", -1), updates.rank()));
  const int64_t extent = context.attributes.Int("extent", 0);
  if (extent < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("extent: expected at least 1, got ", extent));
  }
  Shape shape = updates.shape();
  shape[static_cast<size_t>(axis)] = extent;
  return SetResults(context, {{updates.dtype(), std::move(shape)}});
}

absl::Status ScatterAddAlongReference(ReferenceContext& context) {
  const Tensor& indices = *context.inputs[0];
  const Tensor& updates = *context.inputs[1];
  Tensor& dst = *context.outputs[0];
  const int64_t axis = context.attributes.Int("axis", -1);
  const Rows from(updates.shape(), axis), to(dst.shape(), axis);
  const int32_t* index = indices.data<int32_t>();
  return VisitFloat(updates.dtype(), [&]<typename T>() {
    const T* x = updates.data<T>();
    std::vector<double> sums(static_cast<size_t>(dst.size()), 0.0);
    absl::Status status;
    ForEachLine(from, to, [&](int64_t source, int64_t target) {
      for (int64_t i = 0; i < from.length(); ++i) {
        const int64_t at = source + i * from.stride();
        if (index[at] < 0 || index[at] >= to.length()) {
          status.Update(OutOfRange(index[at], at, to.length()));
          return;
        }
        sums[static_cast<size_t>(target + index[at] * to.stride())] +=
            static_cast<double>(x[at]);
      }
    });
    std::transform(sums.begin(), sums.end(), dst.data<T>(),
                   [](double sum) { return static_cast<T>(sum); });
    return status;
  });
}

absl::Status ScatterAddAlongGradient(GradientBuilder& g) {
  if (g.needs(1)) {
    g.Set(1, g.b().Op("gather_along", {g.gradient(), g.input(0)},
                      {{"axis", g.attributes().Int("axis", -1)}}));
  }
  return absl::OkStatus();
}

// --- scatter_max

absl::Status InferScatterMax(InferContext& context) {
  const Operand indices(context, 0, "indices"), updates(context, 1, "updates");
  ASSAY_RETURN_IF_ERROR(indices.Is(DType::kS32));
  ASSAY_RETURN_IF_ERROR(updates.IsFloat());
  const int64_t rows = context.attributes.Int("rows", 0);
  if (rows < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("rows: expected at least 1, got ", rows));
  }
  const Shape& lead = indices.shape();
  if (updates.rank() < indices.rank() ||
      !std::equal(lead.begin(), lead.end(), updates.shape().begin())) {
    return updates.Error(
        absl::StrCat("a shape that begins with the indices' ", ToString(lead)));
  }
  // The gradient numbers the indices in f32.
  if (ElementCount(lead) > (int64_t{1} << 24)) {
    return indices.Error("at most 2^24 elements");
  }
  Shape shape(updates.shape().begin() + indices.rank(), updates.shape().end());
  shape.insert(shape.begin(), rows);
  return SetResults(context, {{updates.dtype(), shape}, {DType::kS32, shape}});
}

absl::Status ScatterMaxReference(ReferenceContext& context) {
  const Tensor& indices = *context.inputs[0];
  Tensor& dst = *context.outputs[0];
  Tensor& first = *context.outputs[1];
  const int64_t rows = dst.dim(0), width = dst.size() / rows;
  const int32_t* index = indices.data<int32_t>();
  int32_t* winner = first.data<int32_t>();
  std::fill(winner, winner + first.size(), -1);
  return VisitFloat(dst.dtype(), [&]<typename T>() {
    const T* from = context.inputs[1]->data<T>();
    T* to = dst.data<T>();
    std::fill(to, to + dst.size(), T(0));
    for (int64_t i = 0; i < indices.size(); ++i) {
      if (index[i] < 0 || index[i] >= rows) {
        return OutOfRange(index[i], i, rows);
      }
      for (int64_t j = 0; j < width; ++j) {
        const T value = from[i * width + j];
        const int64_t at = index[i] * width + j;
        const bool above =
            value > to[at] || (value != value && to[at] == to[at]);
        if (winner[at] >= 0 && !above) continue;
        to[at] = value;
        winner[at] = static_cast<int32_t>(i);
      }
    }
    return absl::OkStatus();
  });
}

// Each update takes its row's gradient where it is the first maximum there.
absl::Status ScatterMaxGradient(GradientBuilder& g) {
  if (!g.needs(1) || g.gradient(0) == kNoValue) return absl::OkStatus();
  GraphBuilder& b = g.b();
  const ValueId indices = g.input(0), updates = g.input(1);
  const Shape lead = b.shape(indices);
  const int64_t count = ElementCount(lead);
  const ValueId ones = b.Op("broadcast_to", {b.Scalar(DType::kF32, 1)},
                            {{"shape", std::vector<int64_t>{count}}});
  const ValueId number =
      b.Offset(b.Op("cumsum", {ones}, {{"axis", int64_t{0}}}), -1);
  Shape column = lead;
  column.resize(b.shape(updates).size(), 1);
  const ValueId position =
      b.Reshape(b.Op("cast", {number}, {{"dtype", "s32"}}), std::move(column));
  const ValueId first = b.Op("gather", {g.output(1), indices});
  const ValueId dy = b.Op("gather", {g.gradient(0), indices});
  g.Set(1, b.Op("where", {b.Op("equal", {first, position}), dy,
                          b.Scalar(b.dtype(updates), 0)}));
  return absl::OkStatus();
}

// The axis is frozen; the others go on.
void CoupleAlong(ChannelCoupler& coupler) {
  const Node& node = coupler.node();
  const ValueId a = node.inputs[0], b = node.inputs[1], dst = node.outputs[0];
  const int64_t rank = RankOf(coupler, dst);
  const int64_t axis = KnownAxis(node.attributes.Int("axis", -1), rank);
  for (int i = 0; i < rank; ++i) {
    for (const ValueId v : {a, b}) {
      if (i == axis) {
        coupler.Freeze(v, i);
      } else {
        coupler.Same(v, i, dst, i);
      }
    }
    if (i == axis) coupler.Freeze(dst, i);
  }
}

}  // namespace

OpSchema GatherAlongSchema() {
  return {.name = "gather_along",
          .min_inputs = 2,
          .max_inputs = 2,
          .operands = "src indices",
          .attributes = {{"axis", "int"}},
          .infer = InferGatherAlong,
          .reference = GatherAlongReference,
          .gradient = GatherAlongGradient,
          .couple = CoupleAlong};
}

OpSchema ScatterAddAlongSchema() {
  return {.name = "scatter_add_along",
          .min_inputs = 2,
          .max_inputs = 2,
          .operands = "indices updates",
          .attributes = {{"axis", "int"}, {"extent", "int"}},
          .infer = InferScatterAddAlong,
          .reference = ScatterAddAlongReference,
          .gradient = ScatterAddAlongGradient,
          .couple = CoupleAlong};
}

OpSchema ScatterMaxSchema() {
  return {.name = "scatter_max",
          .min_inputs = 2,
          .max_inputs = 2,
          .operands = "indices updates",
          .attributes = {{"rows", "int"}},
          .infer = InferScatterMax,
          .reference = ScatterMaxReference,
          .gradient = ScatterMaxGradient};
}

}  // namespace assay
