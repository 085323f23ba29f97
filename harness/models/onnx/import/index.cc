// Ops that pick or place elements by integer positions.
#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/models/onnx/import/converter.h"
#include "harness/models/onnx/import/formulas.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

double Real(int64_t value) { return static_cast<double>(value); }

void Gather(NodeContext& c) {
  const ValueId x = c.In(0);
  const int64_t axis = c.Axis(c.Int("axis", 0), c.Rank(x));
  const ValueId at = FromTheFront(c, c.In(1), c.Dim(x, axis));
  c.Out(0, c.Op("gather", {x, at}, {{"axis", axis}}));
}

// Where elements of `shape` lie in a row-major tensor of `data`'s shape when
// their position along `axis` is `indices`.
ValueId FlatPositions(NodeContext& c, const Shape& data, ValueId indices,
                      int64_t axis) {
  Ints strides = RowMajorStrides(data);
  const int64_t stride = strides[static_cast<size_t>(axis)];
  strides[static_cast<size_t>(axis)] = 0;
  const ValueId at = FromTheFront(c, indices, data[static_cast<size_t>(axis)]);
  return c.Add(c.Scale(at, Real(stride)),
               Positions(c, c.shape(indices), strides));
}

// Checks indices of an elementwise gather or scatter.
bool CheckElements(NodeContext& c, ValueId x, ValueId indices) {
  if (!c.ok()) return false;
  const Shape data = c.shape(x), at = c.shape(indices);
  if (data.size() != at.size() || data.empty() ||
      ElementCount(data) > (int64_t{1} << 30)) {
    c.Invalid(absl::StrCat("indices ", ToString(at), " do not fit data ",
                           ToString(data)));
  }
  return c.ok();
}

ValueId Flat(NodeContext& c, ValueId x) {
  return c.Reshape(x, {ElementCount(c.shape(x))});
}

void GatherElements(NodeContext& c) {
  const ValueId x = c.In(0), indices = c.In(1);
  const int64_t axis = c.Axis(c.Int("axis", 0), c.Rank(x));
  if (!CheckElements(c, x, indices)) return;
  Shape whole = c.shape(x);
  whole[static_cast<size_t>(axis)] = c.Dim(indices, axis);
  if (whole == c.shape(indices)) {
    const ValueId at = FromTheFront(c, indices, c.Dim(x, axis));
    return c.Out(0, c.Op("gather_along", {x, at}, {{"axis", axis}}));
  }
  const ValueId at = FlatPositions(c, c.shape(x), indices, axis);
  c.Out(0, c.Op("gather", {Flat(c, x), at}, {{"axis", int64_t{0}}}));
}

// Rows of `x`, seen as [rows, rest..] over its first axes, named by the last
// axis of `indices`.
struct Rows {
  ValueId at = kNoValue;  // s32, indices' shape without the last axis
  int64_t count = 1;
  Shape rest;
};

Rows RowsOf(NodeContext& c, ValueId x, ValueId indices, int64_t batch_dims) {
  Rows rows;
  if (!c.ok()) return rows;
  const Shape data = c.shape(x), at = c.shape(indices);
  const int64_t depth = at.empty() ? 0 : at.back();
  const size_t batch = static_cast<size_t>(batch_dims);
  if (batch_dims < 0 || depth < 1 || batch + 1 > at.size() ||
      batch + static_cast<size_t>(depth) > data.size() ||
      ElementCount(data) > (int64_t{1} << 30) ||
      !std::equal(data.begin(), data.begin() + batch_dims, at.begin())) {
    c.Invalid(absl::StrCat("indices ", ToString(at), " do not fit data ",
                           ToString(data)));
    return rows;
  }
  const size_t used = batch + static_cast<size_t>(depth);
  const Shape leading(data.begin(), data.begin() + static_cast<int64_t>(used));
  rows.rest.assign(data.begin() + static_cast<int64_t>(used), data.end());
  rows.count = ElementCount(leading);
  const Ints strides = RowMajorStrides(leading);
  const int64_t last = static_cast<int64_t>(at.size()) - 1;
  const Shape outer(at.begin(), at.end() - 1);
  Ints batch_strides(outer.size(), 0);
  std::copy_n(strides.begin(), batch, batch_strides.begin());
  rows.at = Positions(c, outer, batch_strides);
  for (int64_t k = 0; k < depth && c.ok(); ++k) {
    const size_t axis = batch + static_cast<size_t>(k);
    const ValueId column = c.Reshape(c.Slice(indices, last, k, k + 1), outer);
    rows.at = c.Add(rows.at, c.Scale(FromTheFront(c, column, data[axis]),
                                     Real(strides[axis])));
  }
  return rows;
}

Shape Joined(Shape a, const Shape& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

void GatherNd(NodeContext& c) {
  const ValueId x = c.In(0);
  const Rows rows = RowsOf(c, x, c.In(1), c.Int("batch_dims", 0));
  if (!c.ok()) return;
  const ValueId table = c.Reshape(x, Joined({rows.count}, rows.rest));
  c.Out(0, c.Op("gather", {table, rows.at}, {{"axis", int64_t{0}}}));
}

// Rows of `table` [count, rest..] at `at` take `updates`, or these are added.
ValueId Scatter(NodeContext& c, ValueId table, ValueId at, ValueId updates,
                const std::string& reduction) {
  if (!c.ok()) return kNoValue;
  const int64_t count = c.Dim(table, 0);
  const Attributes rows = {{"rows", count}};
  const DType type = c.dtype(table);
  if (!c.IsFloat(table)) {
    c.Refuse(absl::StrCat("scattering ", Name(type)));
    return kNoValue;
  }
  const ValueId placed = c.Op("scatter_add", {at, updates}, rows);
  if (reduction == "add") return c.Add(table, placed);
  if (reduction != "none") {
    c.Refuse(absl::StrCat("attribute 'reduction': '", reduction, "'"));
    return kNoValue;
  }
  const ValueId ones = c.Broadcast(c.Scalar(type, 1), c.shape(at));
  const ValueId hits = c.Op("scatter_add", {at, ones}, rows);
  Shape column = c.shape(table);
  std::fill(column.begin() + (column.empty() ? 0 : 1), column.end(), 1);
  const ValueId hit = c.Greater(c.Reshape(hits, column), c.Scalar(type, 0));
  // A row that is named twice has no defined result; here it is the mean.
  const ValueId mean = c.Div(
      placed, c.Op("maximum", {c.Reshape(hits, column), c.Scalar(type, 1)}));
  return c.Where(hit, mean, table);
}

void ScatterElements(NodeContext& c) {
  const ValueId x = c.In(0), indices = c.In(1), updates = c.In(2);
  const int64_t axis = c.Axis(c.Int("axis", 0), c.Rank(x));
  if (!CheckElements(c, x, indices)) return;
  const ValueId at = FlatPositions(c, c.shape(x), indices, axis);
  const ValueId flat = Scatter(c, Flat(c, x), Flat(c, at), Flat(c, updates),
                               c.Text("reduction", "none"));
  c.Out(0, c.Reshape(flat, c.shape(x)));
}

void ScatterNd(NodeContext& c) {
  const ValueId x = c.In(0), updates = c.In(2);
  const Rows rows = RowsOf(c, x, c.In(1), 0);
  if (!c.ok()) return;
  const ValueId table = c.Reshape(x, Joined({rows.count}, rows.rest));
  const ValueId at = Flat(c, rows.at);
  const ValueId lines = c.Reshape(updates, Joined({c.Dim(at, 0)}, rows.rest));
  const ValueId result =
      Scatter(c, table, at, lines, c.Text("reduction", "none"));
  c.Out(0, c.Reshape(result, c.shape(x)));
}

// off + (on - off) * one_hot, with the new axis where `axis` says.
void OneHot(NodeContext& c) {
  const ValueId indices = c.In(0), values = c.In(2);
  const double depth_value = c.RealIn(1, "the depth");
  const int64_t rank = c.Rank(indices) + 1;
  const int64_t axis = c.Axis(c.Int("axis", -1), rank);
  if (!c.ok()) return;
  if (!(depth_value >= 1 && depth_value <= (1 << 24))) {
    return c.Invalid(absl::StrCat("the depth: got ", depth_value));
  }
  const int64_t depth = static_cast<int64_t>(depth_value);
  const ValueId at = FromTheFront(c, indices, depth);
  const ValueId hot = c.Cast(
      c.MoveAxis(c.Op("one_hot", {at}, {{"depth", depth}}), rank - 1, axis),
      DType::kBool);
  const ValueId off = c.Reshape(c.Slice(values, 0, 0, 1), {});
  const ValueId on = c.Reshape(c.Slice(values, 0, 1, 2), {});
  c.Out(0, c.Where(hot, on, off));
}

void Compress(NodeContext& c) {
  ValueId x = c.In(0);
  const Tensor* condition = c.KnownIn(1, "the condition");
  if (!c.HasAttribute("axis") && c.ok()) x = Flat(c, x);
  const int64_t axis = c.Axis(c.Int("axis", 0), c.Rank(x));
  if (!c.ok()) return;
  if (condition->dtype() != DType::kBool || condition->rank() != 1 ||
      condition->size() > c.Dim(x, axis)) {
    return c.Invalid(
        absl::StrCat("the condition: got ", condition->TypeString()));
  }
  Ints picked;
  for (int64_t i = 0; i < condition->size(); ++i) {
    if (condition->data<bool>()[i]) picked.push_back(i);
  }
  if (picked.empty()) return c.Refuse("the condition: nothing is left");
  c.Out(0, c.Pick(x, axis, picked));
}

void TopK(NodeContext& c) {
  const ValueId x = c.In(0);
  const Ints count = c.IntsIn(1, "k");
  const int64_t axis = c.Axis(c.Int("axis", -1), c.Rank(x));
  const int64_t largest = c.Int("largest", 1) != 0 ? 1 : 0;
  if (!c.ok()) return;
  const int64_t k = count.size() == 1 ? count[0] : 0;
  const std::vector<ValueId> top =
      c.Ops("top_k", {x}, {{"k", k}, {"axis", axis}, {"largest", largest}});
  if (!c.ok()) return;
  c.Out(0, top[0]);
  c.Out(1, c.Cast(top[1], DType::kS64));
}

// Each batch row's first lengths[b] steps backwards.
void ReverseSequence(NodeContext& c) {
  const ValueId x = c.In(0);
  const Ints lengths = c.IntsIn(1, "the lengths");
  const int64_t time = c.Axis(c.Int("time_axis", 0), c.Rank(x));
  const int64_t batch = c.Axis(c.Int("batch_axis", 1), c.Rank(x));
  if (!c.ok()) return;
  if (static_cast<int64_t>(lengths.size()) != c.Dim(x, batch)) {
    return c.Invalid("the lengths: not one per batch row");
  }
  std::vector<ValueId> rows;
  for (size_t b = 0; b < lengths.size() && c.ok(); ++b) {
    if (lengths[b] < 0 || lengths[b] > c.Dim(x, time)) {
      return c.Invalid(absl::StrCat("the lengths: got ", lengths[b]));
    }
    Ints order(static_cast<size_t>(c.Dim(x, time)));
    std::iota(order.begin(), order.end(), 0);
    std::reverse(order.begin(), order.begin() + lengths[b]);
    const int64_t row = static_cast<int64_t>(b);
    rows.push_back(c.Pick(c.Slice(x, batch, row, row + 1), time, order));
  }
  c.Out(0, c.Concat(rows, batch));
}

constexpr OnnxConverter kConverters[] = {
    {"Compress", 9, Compress, 2, 2, "axis"},
    {"Gather", 1, Gather, 2, 2, "axis"},
    {"GatherElements", 11, GatherElements, 2, 2, "axis"},
    {"GatherND", 11, GatherNd, 2, 2, "batch_dims"},
    {"OneHot", 9, OneHot, 3, 3, "axis"},
    {"ReverseSequence", 10, ReverseSequence, 2, 2, "batch_axis time_axis"},
    {"Scatter", 9, ScatterElements, 3, 3, "axis"},
    {"ScatterElements", 11, ScatterElements, 3, 3, "axis reduction"},
    {"ScatterND", 11, ScatterNd, 3, 3, "reduction"},
    {"TopK", 10, TopK, 2, 2, "axis largest sorted"},
};

}  // namespace

absl::Span<const OnnxConverter> IndexConverters() { return kConverters; }

}  // namespace assay
