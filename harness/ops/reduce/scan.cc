#include "harness/ops/reduce/scan.h"

#include <algorithm>
#include <numeric>
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

absl::Status InferArgmax(InferContext& context) {
  const Operand src(context, 0, "src");
  ASSAY_RETURN_IF_ERROR(src.IsNumeric());
  ASSAY_ASSIGN_OR_RETURN(
      const int64_t axis,
      NormalizeAxis(context.attributes.Int("axis", -1), src.rank()));
  Shape shape = src.shape();
  shape.erase(shape.begin() + axis);
  return SetResults(context, {{DType::kS32, std::move(shape)}});
}

template <typename T>
int32_t FirstMaximum(const T* src, int64_t length, int64_t stride) {
  int64_t best = 0;
  for (int64_t i = 0; i < length; ++i) {
    const T value = src[i * stride], top = src[best * stride];
    if (top != top) break;  // NaN
    if (value > top || value != value) best = i;
  }
  return static_cast<int32_t>(best);
}

absl::Status ArgmaxReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  const Rows rows(src.shape(), context.attributes.Int("axis", -1));
  return VisitNumeric(src.dtype(), [&]<typename T>() {
    int32_t* dst = context.outputs[0]->data<int32_t>();
    rows.ForEach([&](int64_t start) {
      *dst++ =
          FirstMaximum(src.data<T>() + start, rows.length(), rows.stride());
    });
    return absl::OkStatus();
  });
}

// Whether a stands before b when the largest come first.
template <typename T>
bool Above(T a, T b) {
  if (a != a || b != b) return a != a && b == b;  // NaN
  return a > b;
}

absl::Status InferCumsum(InferContext& context) {
  const Operand src(context, 0, "src");
  ASSAY_RETURN_IF_ERROR(src.IsFloat());
  ASSAY_RETURN_IF_ERROR(
      NormalizeAxis(context.attributes.Int("axis", -1), src.rank()).status());
  return SetResults(context, {src.type()});
}

absl::Status CumsumReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  const Rows rows(src.shape(), context.attributes.Int("axis", -1));
  const bool reverse = context.attributes.Int("reverse", 0) != 0;
  return VisitFloat(src.dtype(), [&]<typename T>() {
    const T* from = src.data<T>();
    T* to = context.outputs[0]->data<T>();
    rows.ForEach([&](int64_t start) {
      double sum = 0;
      for (int64_t i = 0; i < rows.length(); ++i) {
        const int64_t step = reverse ? rows.length() - 1 - i : i;
        const int64_t at = start + step * rows.stride();
        sum += static_cast<double>(from[at]);
        to[at] = static_cast<T>(sum);
      }
    });
    return absl::OkStatus();
  });
}

absl::Status CumsumGradient(GradientBuilder& g) {
  const int64_t reverse = g.attributes().Int("reverse", 0) != 0 ? 0 : 1;
  g.Set(0, g.b().Op("cumsum", {g.gradient()},
                    {{"axis", g.attributes().Int("axis", -1)},
                     {"reverse", reverse}}));
  return absl::OkStatus();
}

absl::Status InferTopK(InferContext& context) {
  const Operand src(context, 0, "src");
  ASSAY_RETURN_IF_ERROR(src.IsNumeric());
  ASSAY_ASSIGN_OR_RETURN(
      const int64_t axis,
      NormalizeAxis(context.attributes.Int("axis", -1), src.rank()));
  const int64_t k = context.attributes.Int("k", 0);
  if (k < 1 || k > src.dim(axis)) {
    return absl::InvalidArgumentError(
        absl::StrCat("k: expected 1 to ", src.dim(axis), " elements, got ", k));
  }
  Shape shape = src.shape();
  shape[static_cast<size_t>(axis)] = k;
  return SetResults(context, {{src.dtype(), shape}, {DType::kS32, shape}});
}

absl::Status TopKReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  const int64_t axis = context.attributes.Int("axis", -1);
  const bool largest = context.attributes.Int("largest", 1) != 0;
  const Rows from(src.shape(), axis);
  const Rows to(context.outputs[0]->shape(), axis);
  std::vector<int64_t> targets;
  to.ForEach([&](int64_t start) { targets.push_back(start); });
  return VisitNumeric(src.dtype(), [&]<typename T>() {
    T* values = context.outputs[0]->data<T>();
    int32_t* positions = context.outputs[1]->data<int32_t>();
    std::vector<int32_t> order(static_cast<size_t>(from.length()));
    size_t row = 0;
    from.ForEach([&](int64_t start) {
      const T* x = src.data<T>() + start;
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](int32_t i, int32_t j) {
        const T a = x[i * from.stride()], b = x[j * from.stride()];
        return largest ? Above(a, b) : Above(b, a);
      });
      for (int64_t i = 0; i < to.length(); ++i) {
        const int32_t position = order[static_cast<size_t>(i)];
        const int64_t at = targets[row] + i * to.stride();
        values[at] = x[position * from.stride()];
        positions[at] = position;
      }
      ++row;
    });
    return absl::OkStatus();
  });
}

absl::Status TopKGradient(GradientBuilder& g) {
  if (!g.needs(0) || g.gradient(0) == kNoValue) return absl::OkStatus();
  GraphBuilder& b = g.b();
  const Shape& src = b.shape(g.input(0));
  const int64_t axis = KnownAxis(g.attributes().Int("axis", -1),
                                 static_cast<int64_t>(src.size()));
  g.Set(0, b.Op("scatter_add_along", {g.output(1), g.gradient(0)},
                {{"axis", axis}, {"extent", src[static_cast<size_t>(axis)]}}));
  return absl::OkStatus();
}

// The axis is frozen; the others go on, to both results.
void CoupleTopK(ChannelCoupler& coupler) {
  const Node& node = coupler.node();
  const ValueId src = node.inputs[0];
  const int64_t rank = RankOf(coupler, src);
  const int64_t axis = KnownAxis(node.attributes.Int("axis", -1), rank);
  for (int i = 0; i < rank; ++i) {
    for (const ValueId dst : node.outputs) {
      if (i == axis) {
        coupler.Freeze(dst, i);
      } else {
        coupler.Same(src, i, dst, i);
      }
    }
    if (i == axis) coupler.Freeze(src, i);
  }
}

// The axis is frozen; the others go on.
void CoupleArgmax(ChannelCoupler& coupler) {
  const ValueId src = coupler.node().inputs[0];
  const int64_t rank = RankOf(coupler, src);
  const int64_t axis =
      KnownAxis(coupler.node().attributes.Int("axis", -1), rank);
  int to = 0;
  for (int from = 0; from < rank; ++from) {
    if (from == axis) {
      coupler.Freeze(src, from);
    } else {
      coupler.Same(src, from, coupler.node().outputs[0], to++);
    }
  }
}

}  // namespace

OpSchema ArgmaxSchema() {
  return {.name = "argmax",
          .operands = "src",
          .attributes = {{"axis", "int"}},
          .infer = InferArgmax,
          .reference = ArgmaxReference,
          .couple = CoupleArgmax};
}

OpSchema CumsumSchema() {
  return {.name = "cumsum",
          .operands = "src",
          .attributes = {{"axis", "int"}, {"reverse", "int"}},
          .infer = InferCumsum,
          .reference = CumsumReference,
          .gradient = CumsumGradient,
          .couple = CoupleFreezingAxis};
}

OpSchema TopKSchema() {
  return {.name = "top_k",
          .operands = "src",
          .attributes = {{"k", "int"}, {"axis", "int"}, {"largest", "int"}},
          .infer = InferTopK,
          .reference = TopKReference,
          .gradient = TopKGradient,
          .couple = CoupleTopK};
}

}  // namespace assay
