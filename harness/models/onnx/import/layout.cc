// Ops that move elements about by what is known at import.
#include <algorithm>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/models/onnx/import/converter.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

Ints Iota(int64_t size) {
  Ints values(static_cast<size_t>(size));
  std::iota(values.begin(), values.end(), 0);
  return values;
}

// A constant, even one without elements, under another shape.
ValueId ReshapeKnown(NodeContext& c, ValueId x, const Shape& shape) {
  const Tensor* known = c.Known(x);
  if (!c.ok() || known == nullptr || known->size() > 0) {
    return c.Reshape(x, shape);
  }
  return c.Constant(known->Reshaped(shape));
}

void Reshape(NodeContext& c) {
  const ValueId x = c.InOrEmpty(0);
  Shape shape = c.IntsIn(1, "the shape");
  const bool zero_is_zero = c.Int("allowzero", 0) != 0;
  if (!c.ok()) return;
  int64_t open = -1, known = 1;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && !zero_is_zero) {
      if (i >= c.shape(x).size()) {
        return c.Invalid(absl::StrCat("the shape: ", ToString(shape),
                                      " copies an extent that ",
                                      ToString(c.shape(x)), " lacks"));
      }
      shape[i] = c.Dim(x, static_cast<int64_t>(i));
    }
    if (shape[i] == -1 && open < 0) {
      open = static_cast<int64_t>(i);
    } else if (shape[i] < 0 ||
               __builtin_mul_overflow(known, shape[i], &known)) {
      return c.Invalid(absl::StrCat("the shape: ", ToString(shape)));
    }
  }
  const int64_t size = ElementCount(c.shape(x));
  if (open >= 0) {
    if (known == 0 || size % known != 0) {
      return c.Invalid(absl::StrCat("the shape: ", size,
                                    " elements do not fit ", ToString(shape)));
    }
    shape[static_cast<size_t>(open)] = size / known;
    known = size;
  }
  if (known != size) {
    return c.Invalid(absl::StrCat("the shape: ", size, " elements do not fit ",
                                  ToString(shape)));
  }
  c.Out(0, ReshapeKnown(c, x, shape));
}

void Flatten(NodeContext& c) {
  const ValueId x = c.In(0);
  int64_t axis = c.Int("axis", 1);
  const int64_t rank = c.Rank(x);
  if (axis != rank) axis = c.Axis(axis, rank);
  const Shape shape = c.shape(x);
  int64_t rows = 1, columns = 1;
  for (int64_t i = 0; i < rank; ++i) {
    (i < axis ? rows : columns) *= shape[static_cast<size_t>(i)];
  }
  c.Out(0, c.Reshape(x, {rows, columns}));
}

// The axes from operand 1, or from the attribute before opset 13.
Ints AxesOf(NodeContext& c, int64_t rank) {
  Ints axes = c.Has(1) ? c.IntsIn(1, "the axes") : c.IntList("axes", {});
  for (int64_t& axis : axes) axis = c.Axis(axis, rank);
  std::sort(axes.begin(), axes.end());
  if (c.ok() && std::adjacent_find(axes.begin(), axes.end()) != axes.end()) {
    c.Invalid("the axes: one stands twice");
  }
  return axes;
}

void Squeeze(NodeContext& c) {
  const ValueId x = c.InOrEmpty(0);
  const Ints axes = AxesOf(c, c.Rank(x));
  const bool all = !c.Has(1) && !c.HasAttribute("axes");
  if (!c.ok()) return;
  Shape shape;
  for (int64_t i = 0; i < c.Rank(x); ++i) {
    const bool named = std::binary_search(axes.begin(), axes.end(), i);
    if (named && c.Dim(x, i) != 1) {
      return c.Invalid(absl::StrCat("axis ", i, " of ", ToString(c.shape(x)),
                                    " has not extent 1"));
    }
    if (!named && !(all && c.Dim(x, i) == 1)) shape.push_back(c.Dim(x, i));
  }
  c.Out(0, ReshapeKnown(c, x, shape));
}

void Unsqueeze(NodeContext& c) {
  const ValueId x = c.InOrEmpty(0);
  const size_t added =
      c.Has(1) ? c.IntsIn(1, "the axes").size() : c.IntList("axes", {}).size();
  const int64_t rank = c.Rank(x) + static_cast<int64_t>(added);
  const Ints axes = AxesOf(c, rank);
  if (!c.ok()) return;
  Shape shape = c.shape(x);
  for (const int64_t axis : axes) shape.insert(shape.begin() + axis, 1);
  c.Out(0, ReshapeKnown(c, x, shape));
}

void Transpose(NodeContext& c) {
  const ValueId x = c.In(0);
  Ints order = Iota(c.Rank(x));
  std::reverse(order.begin(), order.end());
  c.Out(0, c.Transpose(x, c.IntList("perm", order)));
}

// Constants without elements add nothing.
void Concat(NodeContext& c) {
  std::vector<ValueId> parts;
  for (size_t i = 0; i < c.operand_count(); ++i) {
    parts.push_back(c.InOrEmpty(i));
  }
  if (!c.ok()) return;
  const int64_t axis = c.Axis(c.Int("axis", 0), c.Rank(parts[0]));
  const ValueId first = parts[0];
  parts.erase(
      std::remove_if(parts.begin(), parts.end(),
                     [&](ValueId v) { return ElementCount(c.shape(v)) == 0; }),
      parts.end());
  c.Out(0, parts.empty() ? first : c.Concat(parts, axis));
}

void Split(NodeContext& c) {
  const ValueId x = c.In(0);
  const int64_t axis = c.Axis(c.Int("axis", 0), c.Rank(x));
  const int64_t extent = c.Dim(x, axis);
  const int64_t parts = static_cast<int64_t>(c.result_count());
  Ints sizes = c.Has(1) ? c.IntsIn(1, "the sizes") : c.IntList("split", {});
  if (!c.ok()) return;
  if (c.Int("num_outputs", parts) != parts || parts == 0) {
    return c.Invalid(absl::StrCat("attribute 'num_outputs': the node has ",
                                  parts, " results"));
  }
  if (sizes.empty()) {
    const int64_t size = (extent + parts - 1) / parts;
    sizes.assign(static_cast<size_t>(parts), size);
    sizes.back() = extent - size * (parts - 1);
  }
  int64_t total = 0;
  for (const int64_t size : sizes) {
    if (size < 1 || __builtin_add_overflow(total, size, &total)) {
      return c.Refuse(absl::StrCat("the sizes: a part of extent ", size));
    }
  }
  if (total != extent || sizes.size() != c.result_count()) {
    return c.Invalid(absl::StrCat("the sizes: ", ToString(sizes), " for ",
                                  parts, " parts of extent ", extent));
  }
  int64_t start = 0;
  for (size_t i = 0; i < sizes.size(); start += sizes[i], ++i) {
    if (c.Wants(i)) c.Out(i, c.Slice(x, axis, start, start + sizes[i]));
  }
}

// One axis of a Slice node.
struct Range {
  int64_t start, end, step;
};

// ONNX's clamping: negative positions count from the end, then all are cut to
// the axis; with a negative step `end` may lie before the first element.
Range Clamp(Range r, int64_t extent) {
  if (r.start < 0) r.start += extent;
  if (r.end < 0) r.end = r.end < -extent ? -1 - extent : r.end + extent;
  if (r.step > 0) {
    r.start = std::clamp<int64_t>(r.start, 0, extent);
    r.end = std::clamp<int64_t>(r.end, 0, extent);
  } else {
    r.start = std::clamp<int64_t>(r.start, 0, extent - 1);
    r.end = std::clamp<int64_t>(r.end, -1, extent - 1);
  }
  return r;
}

ValueId SliceAxis(NodeContext& c, ValueId x, int64_t axis, Range r) {
  const int64_t extent = c.Dim(x, axis);
  if (r.step == 0 || r.step == std::numeric_limits<int64_t>::min()) {
    c.Invalid(absl::StrCat("the steps: got ", r.step));
    return kNoValue;
  }
  const bool whole = r.start == 0 && r.step == 1 && r.end >= extent;
  r = Clamp(r, extent);
  if (r.step < 0) {
    Ints picked;
    for (int64_t i = r.start; i > r.end; i += r.step) {
      picked.push_back(i);
      if (r.step < -extent) break;
    }
    if (!picked.empty()) return c.Pick(x, axis, picked);
  } else if (whole) {
    return x;
  } else if (r.start < r.end) {
    Ints starts(static_cast<size_t>(c.Rank(x)), 0);
    Ints ends(starts.size(), std::numeric_limits<int64_t>::max());
    Ints steps(starts.size(), 1);
    starts[static_cast<size_t>(axis)] = r.start;
    // The end itself fits any batch.
    if (r.end < extent) ends[static_cast<size_t>(axis)] = r.end;
    steps[static_cast<size_t>(axis)] = std::min(r.step, extent);
    return c.Op("slice", {x},
                {{"starts", starts}, {"ends", ends}, {"steps", steps}});
  }
  const Tensor* known = c.Known(x);
  if (known == nullptr) {
    c.Refuse(absl::StrCat("nothing is left of axis ", axis,
                          ", and tensors have at least one element"));
    return kNoValue;
  }
  Shape shape = known->shape();
  shape[static_cast<size_t>(axis)] = 0;
  return c.Constant(Tensor(known->dtype(), shape));
}

// The axes of a Slice node that are cut forwards, which takes one node for all
// of them.
class ForwardSlice {
 public:
  explicit ForwardSlice(int64_t rank)
      : starts_(static_cast<size_t>(rank), 0),
        ends_(starts_.size(), std::numeric_limits<int64_t>::max()),
        steps_(starts_.size(), 1),
        taken_(starts_.size(), false) {}

  // False: not forwards, nothing is left, or the axis stands twice.
  bool Take(int64_t axis, Range r, int64_t extent) {
    const auto at = static_cast<size_t>(axis);
    if (r.step <= 0 || taken_[at]) return false;
    const bool whole = r.start == 0 && r.step == 1 && r.end >= extent;
    r = Clamp(r, extent);
    if (r.start >= r.end) return false;
    taken_[at] = true;
    if (whole) return true;
    starts_[at] = r.start;
    // The end itself fits any batch.
    if (r.end < extent) ends_[at] = r.end;
    steps_[at] = std::min(r.step, extent);
    any_ = true;
    return true;
  }

  ValueId Of(NodeContext& c, ValueId x) const {
    if (!any_) return x;
    return c.Op("slice", {x},
                {{"starts", starts_}, {"ends", ends_}, {"steps", steps_}});
  }

 private:
  Ints starts_, ends_, steps_;
  std::vector<bool> taken_;
  bool any_ = false;
};

void Slice(NodeContext& c) {
  ValueId x = c.InOrEmpty(0);
  const bool operands = c.opset() >= 10;
  const Ints starts =
      operands ? c.IntsIn(1, "the starts") : c.IntList("starts", {});
  const Ints ends = operands ? c.IntsIn(2, "the ends") : c.IntList("ends", {});
  Ints axes = Iota(static_cast<int64_t>(starts.size()));
  Ints steps(starts.size(), 1);
  if (!operands) axes = c.IntList("axes", axes);
  if (operands && c.Has(3)) axes = c.IntsIn(3, "the axes");
  if (operands && c.Has(4)) steps = c.IntsIn(4, "the steps");
  if (!c.ok()) return;
  if (ends.size() != starts.size() || axes.size() != starts.size() ||
      steps.size() != starts.size()) {
    return c.Invalid("starts, ends, axes and steps are not equally many");
  }
  ForwardSlice forward(c.Rank(x));
  for (size_t i = 0; i < starts.size() && c.ok(); ++i) {
    const int64_t axis = c.Axis(axes[i], c.Rank(x));
    if (!c.ok()) return;
    const Range range = {starts[i], ends[i], steps[i]};
    if (c.Dim(x, axis) > 0 && !forward.Take(axis, range, c.Dim(x, axis))) {
      x = SliceAxis(c, x, axis, range);
    }
  }
  c.Out(0, c.ok() ? forward.Of(c, x) : x);
}

// Where padded position i of an axis reads, for modes other than constant.
int64_t PadSource(int64_t i, int64_t extent, const std::string& mode) {
  if (mode == "edge") return std::clamp<int64_t>(i, 0, extent - 1);
  if (mode == "wrap") return ((i % extent) + extent) % extent;
  const int64_t period = std::max<int64_t>(1, 2 * (extent - 1));
  i = ((i % period) + period) % period;
  return i < extent ? i : period - i;
}

ValueId PadAxis(NodeContext& c, ValueId x, int64_t axis, int64_t before,
                int64_t after, const std::string& mode) {
  const int64_t extent = c.Dim(x, axis);
  if (before == 0 && after == 0) return x;
  if (!c.MayCompute(before + extent + after)) return kNoValue;
  Ints picked;
  for (int64_t i = -before; i < extent + after; ++i) {
    picked.push_back(PadSource(i, extent, mode));
  }
  if (picked.empty()) {
    c.Invalid("the pads: nothing is left");
    return kNoValue;
  }
  return c.Pick(x, axis, picked);
}

void Pad(NodeContext& c) {
  ValueId x = c.In(0);
  const bool operands = c.opset() >= 11;
  const Ints pads = operands ? c.IntsIn(1, "the pads") : c.IntList("pads", {});
  const double value = !operands  ? c.Real("value", 0)
                       : c.Has(2) ? c.RealIn(2, "the value")
                                  : 0;
  Ints axes = c.Has(3) ? c.IntsIn(3, "the axes") : Iota(c.Rank(x));
  const std::string mode = c.Text("mode", "constant");
  if (!c.ok()) return;
  if (mode != "constant" && mode != "edge" && mode != "reflect" &&
      mode != "wrap") {
    return c.Refuse(absl::StrCat("attribute 'mode': '", mode, "'"));
  }
  if (pads.size() != 2 * axes.size()) {
    return c.Invalid(absl::StrCat("the pads: expected ", 2 * axes.size(),
                                  " values, got ", pads.size()));
  }
  Ints before(static_cast<size_t>(c.Rank(x)), 0), after = before;
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t axis = c.Axis(axes[i], c.Rank(x));
    if (!c.ok()) return;
    const int64_t b = pads[i], a = pads[i + axes.size()];
    constexpr int64_t kMost = int64_t{1} << 24;
    if (std::max(std::abs(b), std::abs(a)) > kMost || b < -kMost) {
      return c.Invalid(absl::StrCat("the pads: ", ToString(pads)));
    }
    if (mode == "constant") {
      before[static_cast<size_t>(axis)] = std::max<int64_t>(b, 0);
      after[static_cast<size_t>(axis)] = std::max<int64_t>(a, 0);
      if (b < 0 || a < 0) {
        x = SliceAxis(c, x, axis,
                      {std::max<int64_t>(0, -b),
                       c.Dim(x, axis) + std::min<int64_t>(0, a), 1});
      }
    } else {
      x = PadAxis(c, x, axis, b, a, mode);
    }
  }
  const auto none = [](int64_t n) { return n == 0; };
  if (std::all_of(before.begin(), before.end(), none) &&
      std::all_of(after.begin(), after.end(), none)) {
    return c.Out(0, x);
  }
  c.Out(0, c.Op("pad", {x},
                {{"before", before}, {"after", after}, {"value", value}}));
}

void Expand(NodeContext& c) {
  const ValueId x = c.In(0);
  Shape shape = c.IntsIn(1, "the shape");
  if (!c.ok()) return;
  const Shape from = c.shape(x);
  if (shape.size() < from.size()) {
    shape.insert(shape.begin(), from.size() - shape.size(), 1);
  }
  const size_t shift = shape.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i) {
    if (shape[i + shift] == 1) shape[i + shift] = from[i];
  }
  c.Out(0, c.Broadcast(x, shape));
}

// [.., d, ..] to [.., 1, d, ..] to [.., r, d, ..] to [.., r d, ..].
void Tile(NodeContext& c) {
  ValueId x = c.In(0);
  const Ints repeats = c.IntsIn(1, "the repeats");
  if (!c.ok()) return;
  if (static_cast<int64_t>(repeats.size()) != c.Rank(x)) {
    return c.Invalid(absl::StrCat("the repeats: expected ", c.Rank(x),
                                  " values, got ", repeats.size()));
  }
  for (size_t i = 0; i < repeats.size() && c.ok(); ++i) {
    if (repeats[i] == 1) continue;
    const Shape shape = c.shape(x);
    Shape apart = shape, spread, merged = shape;
    apart.insert(apart.begin() + static_cast<int64_t>(i), 1);
    spread = apart;
    spread[i] = repeats[i];
    if (repeats[i] < 1 ||
        __builtin_mul_overflow(shape[i], repeats[i], &merged[i])) {
      return c.Invalid(absl::StrCat("the repeats: ", ToString(repeats)));
    }
    x = c.Reshape(c.Broadcast(c.Reshape(x, apart), spread), merged);
  }
  c.Out(0, x);
}

void DepthToSpace(NodeContext& c) {
  const ValueId x = c.In(0);
  const int64_t b = c.Int("blocksize", 0);
  const std::string mode = c.Text("mode", "DCR");
  if (!c.ok()) return;
  const int64_t n = c.Dim(x, 0), ch = c.Dim(x, 1), h = c.Dim(x, 2),
                w = c.Dim(x, 3);
  if (c.Rank(x) != 4 || b < 1 || b > ch || ch % (b * b) != 0) {
    return c.Invalid(absl::StrCat("attribute 'blocksize': ", b, " for ",
                                  ToString(c.shape(x))));
  }
  const int64_t out = ch / (b * b);
  const bool depth_first = mode == "DCR";
  const ValueId split = c.Reshape(
      x, depth_first ? Shape{n, b, b, out, h, w} : Shape{n, out, b, b, h, w});
  const ValueId moved = c.Transpose(
      split, depth_first ? Ints{0, 3, 4, 1, 5, 2} : Ints{0, 1, 4, 2, 5, 3});
  c.Out(0, c.Reshape(moved, {n, out, h * b, w * b}));
}

void SpaceToDepth(NodeContext& c) {
  const ValueId x = c.In(0);
  const int64_t b = c.Int("blocksize", 0);
  if (!c.ok()) return;
  const int64_t n = c.Dim(x, 0), ch = c.Dim(x, 1), h = c.Dim(x, 2),
                w = c.Dim(x, 3);
  if (c.Rank(x) != 4 || b < 1 || h % b != 0 || w % b != 0) {
    return c.Invalid(absl::StrCat("attribute 'blocksize': ", b, " for ",
                                  ToString(c.shape(x))));
  }
  const ValueId split = c.Reshape(x, {n, ch, h / b, b, w / b, b});
  const ValueId moved = c.Transpose(split, {0, 3, 5, 1, 2, 4});
  c.Out(0, c.Reshape(moved, {n, ch * b * b, h / b, w / b}));
}

constexpr OnnxConverter kConverters[] = {
    {"Concat", 4, Concat, 1, -1, "axis"},
    {"DepthToSpace", 1, DepthToSpace, 1, 1, "blocksize mode"},
    {"Expand", 8, Expand, 2, 2, ""},
    {"Flatten", 1, Flatten, 1, 1, "axis"},
    {"Pad", 2, Pad, 1, 4, "mode pads value"},
    {"Reshape", 5, Reshape, 2, 2, "allowzero"},
    {"Slice", 1, Slice, 1, 5, "axes ends starts"},
    {"SpaceToDepth", 1, SpaceToDepth, 1, 1, "blocksize"},
    {"Split", 2, Split, 1, 2, "axis num_outputs split"},
    {"Squeeze", 1, Squeeze, 1, 2, "axes"},
    {"Tile", 6, Tile, 2, 2, ""},
    {"Transpose", 1, Transpose, 1, 1, "perm"},
    {"Unsqueeze", 1, Unsqueeze, 1, 2, "axes"},
};

}  // namespace

absl::Span<const OnnxConverter> LayoutConverters() { return kConverters; }

}  // namespace assay
