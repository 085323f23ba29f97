#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "harness/models/onnx/export/exporters.h"

namespace assay {
namespace {

// ONNX reads 0 and -1 in the shape as reshape does.
absl::Status Reshape(NodeWriter& w) {
  w.Result("Reshape", {w.In(0), w.Ints(w.attributes().Ints("shape", {}))});
  return absl::OkStatus();
}

// Expand keeps an extent where the shape says 1.
absl::Status BroadcastTo(NodeWriter& w) {
  std::vector<int64_t> shape = w.attributes().Ints("shape", {});
  std::replace(shape.begin(), shape.end(), int64_t{0}, int64_t{1});
  w.Result("Expand", {w.In(0), w.Ints(shape)});
  return absl::OkStatus();
}

absl::Status Transpose(NodeWriter& w) {
  w.Result("Transpose", {w.In(0)},
           {{"perm", w.attributes().Ints("permutation", {})}});
  return absl::OkStatus();
}

absl::Status Slice(NodeWriter& w) {
  std::vector<int64_t> axes(static_cast<size_t>(w.rank(0)));
  std::iota(axes.begin(), axes.end(), 0);
  std::vector<std::string> inputs = {
      w.In(0), w.Ints(w.attributes().Ints("starts", {})),
      w.Ints(w.attributes().Ints("ends", {})), w.Ints(axes)};
  if (w.attributes().Has("steps")) {
    inputs.push_back(w.Ints(w.attributes().Ints("steps", {})));
  }
  w.Result("Slice", std::move(inputs));
  return absl::OkStatus();
}

std::string Pads(NodeWriter& w, std::vector<int64_t> before,
                 const std::vector<int64_t>& after) {
  before.insert(before.end(), after.begin(), after.end());
  return w.Ints(before);
}

// `between` elements behind every index of `axis` but the last: each index
// becomes a row of 1 + between, and what is behind the last is cut off.
std::string PadBetween(NodeWriter& w, std::string x, Shape* shape, size_t axis,
                       int64_t between, const std::string& value) {
  Shape rows = *shape;
  rows.insert(rows.begin() + static_cast<ptrdiff_t>(axis) + 1, 1);
  x = w.Emit("Reshape", {x, w.Ints(rows)});
  std::vector<int64_t> before(rows.size()), after(rows.size());
  after[axis + 1] = between;
  x = w.Emit("Pad", {x, Pads(w, before, after), value});
  const int64_t all = (*shape)[axis] * (1 + between);
  (*shape)[axis] = all;
  x = w.Emit("Reshape", {x, w.Ints(*shape)});
  (*shape)[axis] = all - between;
  return w.Emit("Slice", {x, w.Ints({0}), w.Ints({all - between}),
                          w.Ints({static_cast<int64_t>(axis)})});
}

absl::Status Pad(NodeWriter& w) {
  const std::vector<int64_t> none(static_cast<size_t>(w.rank(0)));
  const Attributes& attributes = w.attributes();
  const std::string value = w.Scalar(w.dtype(0), attributes.Real("value", 0));
  const std::vector<int64_t> between = attributes.Ints("between", none);
  std::string x = w.In(0);
  Shape shape = w.shape(0);
  for (size_t axis = 0; axis < between.size(); ++axis) {
    if (between[axis] == 0) continue;
    x = PadBetween(w, std::move(x), &shape, axis, between[axis], value);
  }
  w.Result("Pad", {x,
                   Pads(w, attributes.Ints("before", none),
                        attributes.Ints("after", none)),
                   value});
  return absl::OkStatus();
}

absl::Status Concat(NodeWriter& w) {
  w.Result("Concat", w.AllIn(), {{"axis", w.attributes().Int("axis", 0)}});
  return absl::OkStatus();
}

absl::Status Gather(NodeWriter& w) {
  w.Result("Gather", {w.In(0), w.In(1)},
           {{"axis", w.attributes().Int("axis", 0)}});
  return absl::OkStatus();
}

std::string LastAxisOfOne(NodeWriter& w, const std::string& x) {
  return w.Emit("Unsqueeze", {x, w.Ints({-1})});
}

absl::Status ScatterAdd(NodeWriter& w) {
  const std::string zeros =
      w.Emit("Expand", {w.Scalar(w.dst_dtype(), 0), w.Ints(w.dst().shape)});
  const std::string rows = LastAxisOfOne(w, w.Cast(w.In(0), DType::kS64));
  w.Result("ScatterND", {zeros, rows, w.In(1)},
           {{"reduction", std::string("add")}});
  return absl::OkStatus();
}

absl::Status GatherAlong(NodeWriter& w) {
  w.Result("GatherElements", {w.In(0), w.In(1)},
           {{"axis", w.attributes().Int("axis", -1)}});
  return absl::OkStatus();
}

absl::Status ScatterAddAlong(NodeWriter& w) {
  const std::string zeros =
      w.Emit("Expand", {w.Scalar(w.dst_dtype(), 0), w.Ints(w.dst().shape)});
  w.Result("ScatterElements", {zeros, w.In(0), w.In(1)},
           {{"axis", w.attributes().Int("axis", -1)},
            {"reduction", std::string("add")}});
  return absl::OkStatus();
}

// ONNX's OneHot counts negative indices from the end, where one_hot gives
// zeros.
absl::Status OneHot(NodeWriter& w) {
  std::vector<int32_t> range(static_cast<size_t>(w.dst().shape.back()));
  std::iota(range.begin(), range.end(), 0);
  const std::string numbers = w.Constant(
      Tensor::From<int32_t>({static_cast<int64_t>(range.size())}, range));
  const std::string hit = w.Emit("Equal", {LastAxisOfOne(w, w.In(0)), numbers});
  w.Result("Cast", {hit},
           {{"to", static_cast<int64_t>(ToOnnxType(w.dst_dtype()))}});
  return absl::OkStatus();
}

constexpr OnnxExporter kShape[] = {
    {.op = "broadcast_to", .write = BroadcastTo, .moves = true},
    {.op = "concat", .write = Concat, .moves = true},
    {.op = "gather", .write = Gather, .moves = true},
    {.op = "gather_along", .write = GatherAlong, .moves = true},
    {.op = "one_hot", .write = OneHot, .moves = true},
    {.op = "pad", .write = Pad, .moves = true},
    {.op = "reshape", .write = Reshape, .moves = true},
    {.op = "scatter_add", .write = ScatterAdd},
    {.op = "scatter_add_along", .write = ScatterAddAlong},
    {.op = "scatter_max",
     .refused = "opset 17 scatters no maximum, which came with 18"},
    {.op = "slice", .write = Slice, .moves = true},
    {.op = "transpose", .write = Transpose, .moves = true},
};

}  // namespace

absl::Span<const OnnxExporter> ShapeExporters() { return kShape; }

}  // namespace assay
