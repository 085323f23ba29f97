#include "harness/ops/shape/cpu/shape_cpu.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "harness/backend/cpu/layout.h"
#include "harness/core/shape.h"
#include "harness/core/tensor.h"
#include "harness/ops/shape/cpu/move.h"

namespace assay::cpu {
namespace {

using Ints = std::vector<int64_t>;

void AddMove(ProgramBuilder& b, Move move, DType dtype, SlotId src,
             SlotId dst) {
  b.AddStep(MakeMove(std::move(move), SizeOf(dtype), src, dst, b.threads()),
            {src}, {dst});
}

// A placement along each axis of a tensor: elements start + i * step of the
// larger side.
struct AxisPlace {
  int64_t start = 0, step = 1;
};

// How tensors are walked: row-major by their axes, or, with channel blocks, by
// [outer][blocks][spatial...][block].
struct Walk {
  int64_t block = 0;  // 0: row-major

  Shape Physical(const Shape& shape) const {
    if (block == 0) return shape;
    Shape physical = shape;
    physical[1] /= block;
    physical.push_back(block);
    return physical;
  }
  std::vector<AxisPlace> Physical(std::vector<AxisPlace> places) const {
    if (block == 0) return places;
    places[1].start /= block;
    places.push_back({});
    return places;
  }
};

// Blocks stay whole if both extents and the channels' places are multiples of
// the block.
bool KeepsBlocks(const Shape& a, const Shape& b, const AxisPlace& channels,
                 int64_t block) {
  return channels.step == 1 && channels.start % block == 0 &&
         a[1] % block == 0 && b[1] % block == 0;
}

// Nothing unless `layout` has channel blocks of more than one channel.
std::optional<int64_t> BlockOf(const Layout& layout, const Shape& shape) {
  if (layout.plain || layout.padded || layout.desc.get_inner_nblks() == 0) {
    return std::nullopt;
  }
  const absl::StatusOr<ChannelView> view = ViewChannels(layout, shape);
  if (!view.ok()) return std::nullopt;
  return view->block;
}

// Reads `src` and writes `dst` in one form: that of `src` if its blocks can
// stay whole.
struct Form {
  Walk walk;
  Layout dst_layout;
};
Form ChooseForm(const ProgramBuilder& b, ValueId src, ValueId dst,
                const std::vector<AxisPlace>& places) {
  const std::optional<int64_t> block = BlockOf(b.layout(src), b.shape(src));
  if (block.has_value() &&
      KeepsBlocks(b.shape(src), b.shape(dst), places[1], *block)) {
    if (const auto desc = Relaid(b.layout(src), b.type(dst))) {
      return {{*block}, LayoutOf(b.type(dst), *desc)};
    }
  }
  return {{0}, PlainLayout(b.type(dst))};
}

SlotId ReadForm(ProgramBuilder& b, ValueId v, const Form& form) {
  return form.walk.block == 0 ? b.ReadPlain(v) : b.Read(v);
}

// Strides and start of the side in which the places lie.
void PlaceStrides(const Shape& physical, const std::vector<AxisPlace>& places,
                  Ints* strides, int64_t* start) {
  *strides = RowMajorStrides(physical);
  *start = 0;
  for (size_t i = 0; i < places.size(); ++i) {
    *start += places[i].start * (*strides)[i];
    (*strides)[i] *= places[i].step;
  }
}

int64_t FromFront(int64_t index, int64_t extent) {
  if (index == std::numeric_limits<int64_t>::max()) return extent;
  return index < 0 ? index + extent : index;
}

}  // namespace

absl::Status MakeReshape(ProgramBuilder& b) {
  b.Alias(b.output(), b.ReadPlain(b.input(0)), PlainLayout(b.type(b.output())));
  return absl::OkStatus();
}

absl::Status MakeTranspose(ProgramBuilder& b) {
  const ValueId src = b.input(0), dst = b.output();
  const Ints permutation = b.node().attributes.Ints("permutation", {});
  const Ints strides = RowMajorStrides(b.shape(src));
  const SlotId read = b.ReadPlain(src), written = b.WritePlain(dst);
  const Shape& shape = b.shape(dst);
  Ints permuted;
  for (const int64_t axis : permutation) {
    permuted.push_back(strides[static_cast<size_t>(axis)]);
  }
  if (DnnlType(b.type(src).dtype) == dnnl::memory::data_type::undef ||
      shape.empty()) {
    AddMove(b, {shape, permuted, RowMajorStrides(shape)}, b.type(src).dtype,
            read, written);
    return absl::OkStatus();
  }
  // oneDNN's reorders tile their loops.
  const dnnl::memory::desc view(shape, DnnlType(b.type(src).dtype), permuted);
  b.AddReorder(read, view, written, PlainDesc(b.type(dst).dtype, shape));
  return absl::OkStatus();
}

absl::Status MakeSlice(ProgramBuilder& b) {
  const ValueId src = b.input(0), dst = b.output();
  const Attributes& a = b.node().attributes;
  const Shape& from = b.shape(src);
  const Ints starts = a.Ints("starts", {});
  const Ints steps = a.Ints("steps", Ints(from.size(), 1));
  std::vector<AxisPlace> places;
  for (size_t i = 0; i < from.size(); ++i) {
    places.push_back({FromFront(starts[i], from[i]), steps[i]});
  }
  const Form form = ChooseForm(b, src, dst, places);
  Move move;
  move.extents = form.walk.Physical(b.shape(dst));
  move.dst_strides = RowMajorStrides(move.extents);
  PlaceStrides(form.walk.Physical(from), form.walk.Physical(places),
               &move.src_strides, &move.src_start);
  const SlotId read = ReadForm(b, src, form);
  AddMove(b, std::move(move), b.type(src).dtype, read,
          b.Write(dst, form.dst_layout));
  return absl::OkStatus();
}

absl::Status MakePad(ProgramBuilder& b) {
  const ValueId src = b.input(0), dst = b.output();
  const Attributes& a = b.node().attributes;
  const size_t rank = b.shape(src).size();
  const Ints before = a.Ints("before", Ints(rank, 0));
  const Ints between = a.Ints("between", Ints(rank, 0));
  std::vector<AxisPlace> places;
  for (size_t i = 0; i < rank; ++i) {
    places.push_back({before[i], between[i] + 1});
  }
  const Form form = ChooseForm(b, src, dst, places);
  Move move;
  move.extents = form.walk.Physical(b.shape(src));
  move.src_strides = RowMajorStrides(move.extents);
  PlaceStrides(form.walk.Physical(b.shape(dst)), form.walk.Physical(places),
               &move.dst_strides, &move.dst_start);
  const SlotId read = ReadForm(b, src, form);
  const SlotId written = b.Write(dst, form.dst_layout);
  const DType dtype = b.type(src).dtype;
  const Tensor value =
      Tensor::From<double>({}, {a.Real("value", 0)}).Cast(dtype);
  b.AddStep(MakeFill(value.raw(), SizeOf(dtype), ElementCount(b.shape(dst)),
                     written, b.threads()),
            {}, {written});
  AddMove(b, std::move(move), dtype, read, written);
  return absl::OkStatus();
}

absl::Status MakeConcat(ProgramBuilder& b) {
  const ValueId dst = b.output();
  const std::vector<ValueId>& sources = b.node().inputs;
  int64_t axis = b.node().attributes.Int("axis", 0);
  if (axis < 0) axis += static_cast<int64_t>(b.shape(dst).size());
  const size_t joined = static_cast<size_t>(axis);
  // Blocks stay if they can for every operand, in the form of the first.
  std::vector<std::vector<AxisPlace>> places;
  int64_t start = 0;
  for (const ValueId src : sources) {
    places.emplace_back(b.shape(src).size());
    places.back()[joined].start = start;
    start += b.shape(src)[joined];
  }
  Form form = ChooseForm(b, sources[0], dst, places[0]);
  for (size_t i = 1; form.walk.block != 0 && i < sources.size(); ++i) {
    const Form other = ChooseForm(b, sources[i], dst, places[i]);
    if (other.walk.block != form.walk.block) {
      form = {{0}, PlainLayout(b.type(dst))};
    }
  }
  std::vector<SlotId> reads;
  for (const ValueId src : sources) reads.push_back(ReadForm(b, src, form));
  const SlotId written = b.Write(dst, form.dst_layout);
  for (size_t i = 0; i < sources.size(); ++i) {
    Move move;
    move.extents = form.walk.Physical(b.shape(sources[i]));
    move.src_strides = RowMajorStrides(move.extents);
    PlaceStrides(form.walk.Physical(b.shape(dst)),
                 form.walk.Physical(places[i]), &move.dst_strides,
                 &move.dst_start);
    AddMove(b, std::move(move), b.type(dst).dtype, reads[i], written);
  }
  return absl::OkStatus();
}

absl::Status MakeBroadcastTo(ProgramBuilder& b) {
  const ValueId src = b.input(0), dst = b.output();
  const Shape& to = b.shape(dst);
  const Shape& from = b.shape(src);
  const Ints own = RowMajorStrides(from);
  Ints strides(to.size(), 0);
  const size_t lead = to.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i] != 1) strides[lead + i] = own[i];
  }
  const SlotId read = b.ReadPlain(src), written = b.WritePlain(dst);
  AddMove(b, {to, std::move(strides), RowMajorStrides(to)}, b.type(src).dtype,
          read, written);
  return absl::OkStatus();
}

absl::Status MakeRepeatHeads(ProgramBuilder& b) {
  const ValueId src = b.input(0), dst = b.output();
  const Shape& from = b.shape(src);  // [B, KV, T, D]
  const int64_t repeats = b.shape(dst)[1] / from[1];
  const int64_t head = from[2] * from[3];
  const SlotId read = b.ReadPlain(src), written = b.WritePlain(dst);
  AddMove(b,
          {{from[0] * from[1], repeats, head},
           {head, 0, 1},
           {repeats * head, head, 1}},
          b.type(src).dtype, read, written);
  return absl::OkStatus();
}

}  // namespace assay::cpu
