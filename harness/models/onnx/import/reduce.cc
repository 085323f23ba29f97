// Reductions over axes, positions of extremes, sums along an axis.
#include <algorithm>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/models/onnx/import/converter.h"

namespace assay {
namespace {

struct Axes {
  std::vector<int64_t> axes;
  bool keep = true;
  bool nothing = false;  // the operand itself
};

// From the attribute, or from operand 1 in later opsets.
Axes AxesOf(NodeContext& c, ValueId x) {
  Axes result;
  result.keep = c.Int("keepdims", 1) != 0;
  std::vector<int64_t> axes =
      c.Has(1) ? c.IntsIn(1, "the axes") : c.IntList("axes", {});
  if (axes.empty()) {
    result.nothing = c.Int("noop_with_empty_axes", 0) != 0;
    axes.resize(static_cast<size_t>(c.Rank(x)));
    std::iota(axes.begin(), axes.end(), 0);
  }
  for (int64_t& axis : axes) axis = c.Axis(axis, c.Rank(x));
  std::sort(axes.begin(), axes.end());
  result.axes = std::move(axes);
  return result;
}

// `before` runs on the operand, `after` on the result.
template <typename Before, typename After>
void Reduce(NodeContext& c, const char* op, const Before& before,
            const After& after) {
  ValueId x = c.In(0);
  const Axes a = AxesOf(c, x);
  if (!c.ok()) return;
  const DType type = c.dtype(x);
  const bool byte = type == DType::kU8 || type == DType::kS8;
  x = before(byte ? c.Cast(x, DType::kS32) : x);
  const ValueId reduced =
      a.nothing || a.axes.empty()
          ? x
          : c.Op(op, {x}, {{"axes", a.axes}, {"keep", int64_t{a.keep}}});
  c.Out(0, c.Cast(after(reduced), type));
}

ValueId Same(ValueId x) { return x; }

void ReduceSum(NodeContext& c) { Reduce(c, "reduce_sum", Same, Same); }
void ReduceMean(NodeContext& c) { Reduce(c, "reduce_mean", Same, Same); }
void ReduceMax(NodeContext& c) { Reduce(c, "reduce_max", Same, Same); }

void ReduceMin(NodeContext& c) {
  const auto neg = [&](ValueId x) { return c.Op("neg", {x}); };
  Reduce(c, "reduce_max", neg, neg);
}

void ReduceL1(NodeContext& c) {
  Reduce(
      c, "reduce_sum", [&](ValueId x) { return c.Op("abs", {x}); }, Same);
}

void ReduceSumSquare(NodeContext& c) {
  Reduce(
      c, "reduce_sum", [&](ValueId x) { return c.Mul(x, x); }, Same);
}

void ReduceL2(NodeContext& c) {
  Reduce(
      c, "reduce_sum", [&](ValueId x) { return c.Mul(x, x); },
      [&](ValueId x) { return c.Op("sqrt", {x}); });
}

void ReduceLogSum(NodeContext& c) {
  Reduce(c, "reduce_sum", Same, [&](ValueId x) { return c.Op("log", {x}); });
}

// m + log(sum(exp(x - m))) with the maximum m.
void ReduceLogSumExp(NodeContext& c) {
  const ValueId x = c.In(0);
  const Axes a = AxesOf(c, x);
  if (!c.ok() || a.nothing) return c.Out(0, x);
  const ValueId maximum =
      c.Op("reduce_max", {x}, {{"axes", a.axes}, {"keep", int64_t{1}}});
  const ValueId sum = c.Sum(c.Op("exp", {c.Sub(x, maximum)}), a.axes, true);
  const ValueId kept = c.Add(maximum, c.Op("log", {sum}));
  // Sums over axes of extent 1 drop them.
  c.Out(0, a.keep ? kept : c.Sum(kept, a.axes, false));
}

// Products halve the axis until one element is left.
ValueId Product(NodeContext& c, ValueId x, int64_t axis) {
  while (c.ok() && c.Dim(x, axis) > 1) {
    const int64_t extent = c.Dim(x, axis), half = extent / 2;
    const ValueId product =
        c.Mul(c.Slice(x, axis, 0, half), c.Slice(x, axis, half, 2 * half));
    x = extent % 2 == 0
            ? product
            : c.Concat({product, c.Slice(x, axis, extent - 1, extent)}, axis);
  }
  return x;
}

void ReduceProd(NodeContext& c) {
  ValueId x = c.In(0);
  const Axes a = AxesOf(c, x);
  if (!c.ok() || a.nothing) return c.Out(0, x);
  for (const int64_t axis : a.axes) x = Product(c, x, axis);
  c.Out(0, a.keep || a.axes.empty() ? x : c.Sum(x, a.axes, false));
}

void ArgExtreme(NodeContext& c, bool minimum) {
  ValueId x = c.In(0);
  const int64_t rank = c.Rank(x), axis = c.Axis(c.Int("axis", 0), rank);
  const bool last = c.Int("select_last_index", 0) != 0;
  const bool keep = c.Int("keepdims", 1) != 0;
  const int64_t extent = c.Dim(x, axis);
  if (!c.ok()) return;
  if (minimum) x = c.Op("neg", {x});
  if (last) {
    std::vector<int64_t> back(static_cast<size_t>(extent));
    std::iota(back.rbegin(), back.rend(), 0);
    x = c.Pick(x, axis, back);
  }
  ValueId at = c.Op("argmax", {x}, {{"axis", axis}});
  if (last)
    at = c.Sub(c.Scalar(DType::kS32, static_cast<double>(extent - 1)), at);
  if (keep && c.ok()) {
    Shape shape = c.shape(at);
    shape.insert(shape.begin() + axis, 1);
    at = c.Reshape(at, shape);
  }
  c.Out(0, c.Cast(at, DType::kS64));
}

void ArgMax(NodeContext& c) { ArgExtreme(c, false); }
void ArgMin(NodeContext& c) { ArgExtreme(c, true); }

void CumSum(NodeContext& c) {
  const ValueId x = c.In(0);
  const int64_t axis =
      c.Axis(static_cast<int64_t>(c.RealIn(1, "the axis")), c.Rank(x));
  const int64_t reverse = c.Int("reverse", 0);
  const ValueId sum =
      c.Op("cumsum", {x}, {{"axis", axis}, {"reverse", reverse}});
  c.Out(0, c.Int("exclusive", 0) == 0 ? sum : c.Sub(sum, x));
}

constexpr const char* kAxes = "axes keepdims noop_with_empty_axes";
constexpr const char* kArg = "axis keepdims select_last_index";

constexpr OnnxConverter kConverters[] = {
    {"ArgMax", 1, ArgMax, 1, 1, kArg},
    {"ArgMin", 1, ArgMin, 1, 1, kArg},
    {"CumSum", 11, CumSum, 2, 2, "exclusive reverse"},
    {"ReduceL1", 1, ReduceL1, 1, 2, kAxes},
    {"ReduceL2", 1, ReduceL2, 1, 2, kAxes},
    {"ReduceLogSum", 1, ReduceLogSum, 1, 2, kAxes},
    {"ReduceLogSumExp", 1, ReduceLogSumExp, 1, 2, kAxes},
    {"ReduceMax", 1, ReduceMax, 1, 2, kAxes},
    {"ReduceMean", 1, ReduceMean, 1, 2, kAxes},
    {"ReduceMin", 1, ReduceMin, 1, 2, kAxes},
    {"ReduceProd", 1, ReduceProd, 1, 2, kAxes},
    {"ReduceSum", 1, ReduceSum, 1, 2, kAxes},
    {"ReduceSumSquare", 1, ReduceSumSquare, 1, 2, kAxes},
};

}  // namespace

absl::Span<const OnnxConverter> ReduceConverters() { return kConverters; }

}  // namespace assay
