#include "harness/ops/shape/cpu/shape_cpu.h"

#include <algorithm>
#include <limits>
#include <numeric>
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

void AddMoves(ProgramBuilder& b, std::vector<Move> moves, DType dtype,
              SlotId src, SlotId dst) {
  for (Move& move : moves) AddMove(b, std::move(move), dtype, src, dst);
}

// A placement along each axis of a tensor: elements start + i * step of the
// larger side.
struct AxisPlace {
  int64_t start = 0, step = 1;
};

// Row-major; channels-last as [outer, spatial..., channels]; or in blocks of
// channels as [outer, blocks, spatial..., block].
enum class Walk { kRowMajor, kChannelsLast, kBlocks };

Walk WalkOf(const Layout& layout, const Shape& shape) {
  if (layout.plain || layout.padded) return Walk::kRowMajor;
  if (!ViewChannels(layout, shape).ok()) return Walk::kRowMajor;
  return layout.desc.get_inner_nblks() > 0 ? Walk::kBlocks
                                           : Walk::kChannelsLast;
}

// Strides of the tensor's own axes, those of the channels apart: a channel c
// lies at c / block * block_stride + c % block * channel_stride.
struct Strides {
  std::vector<int64_t> axes;  // that of the channels unused
  int64_t block = 1, block_stride = 0, channel_stride = 0;
};

Strides StridesOf(Walk walk, int64_t block, const Shape& shape) {
  Strides s;
  s.axes.resize(shape.size());
  if (walk == Walk::kRowMajor) {
    s.axes = RowMajorStrides(shape);
    if (shape.size() > 1) s.block_stride = s.axes[1];
    return s;
  }
  const int64_t channels = shape[1];
  s.block = walk == Walk::kBlocks ? block : channels;
  s.channel_stride = 1;
  int64_t step = s.block;
  for (size_t i = shape.size() - 1; i >= 2; --i) {
    s.axes[i] = step;
    step *= shape[i];
  }
  s.block_stride = step;
  s.axes[0] = step * (channels / s.block);
  return s;
}

// The moves between a tensor `small` and its places in `large`. Each moves the
// channels that lie alike within their blocks on both sides.
std::vector<Move> PlaceMoves(Walk walk, int64_t block, const Shape& small,
                             const Shape& large,
                             const std::vector<AxisPlace>& places,
                             bool from_large) {
  const Strides in = StridesOf(walk, block, small);
  const Strides out = StridesOf(walk, block, large);
  const size_t rank = small.size();
  // Rows of channels: blocks of the small side and runs within each.
  const bool channels = rank > 1;
  const AxisPlace place = channels ? places[1] : AxisPlace{};
  const int64_t run =
      walk == Walk::kBlocks ? std::gcd(block, place.start) : in.block;
  std::vector<Move> moves;
  for (int64_t piece = 0; piece < in.block; piece += run) {
    Move move;
    std::vector<int64_t> large_strides;
    int64_t large_start = 0;
    for (size_t i = 0; i < rank; ++i) {
      if (i == 1) {
        move.extents.push_back(small[1] / in.block);
        move.src_strides.push_back(in.block_stride);
        large_strides.push_back(out.block_stride * place.step);
        continue;
      }
      move.extents.push_back(small[i]);
      move.src_strides.push_back(in.axes[i]);
      large_strides.push_back(out.axes[i] * places[i].step);
      large_start += places[i].start * out.axes[i];
    }
    move.extents.push_back(run);
    move.src_strides.push_back(in.channel_stride);
    large_strides.push_back(out.channel_stride);
    if (channels) {
      const int64_t channel = place.start + piece;
      large_start += channel / out.block * out.block_stride +
                     channel % out.block * out.channel_stride;
      move.src_start = piece * in.channel_stride;
    }
    move.dst_strides = std::move(large_strides);
    move.dst_start = large_start;
    if (from_large) {
      std::swap(move.src_strides, move.dst_strides);
      std::swap(move.src_start, move.dst_start);
    }
    moves.push_back(std::move(move));
  }
  return moves;
}

// How `src` is read and `dst` written: in the form of `src` where whole blocks
// of channels stay on both sides, else row-major.
struct Form {
  Walk walk = Walk::kRowMajor;
  int64_t block = 1;
  Layout dst_layout;
};

Form ChooseForm(const ProgramBuilder& b, ValueId src, ValueId dst,
                const std::vector<AxisPlace>& places) {
  Form form;
  form.dst_layout = PlainLayout(b.type(dst));
  const Walk walk = WalkOf(b.layout(src), b.shape(src));
  if (walk == Walk::kRowMajor || places[1].step != 1) return form;
  const std::optional<dnnl::memory::desc> like =
      Relaid(b.layout(src), b.type(dst));
  if (!like.has_value()) return form;
  form.walk = walk;
  form.dst_layout = LayoutOf(b.type(dst), *like);
  if (walk == Walk::kBlocks) {
    form.block = b.layout(src).desc.get_inner_blks()[0];
  }
  return form;
}

SlotId ReadForm(ProgramBuilder& b, ValueId v, const Form& form) {
  return form.walk == Walk::kRowMajor ? b.ReadPlain(v) : b.Read(v);
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
  const SlotId read = ReadForm(b, src, form);
  const SlotId written = b.Write(dst, form.dst_layout);
  AddMoves(b,
           PlaceMoves(form.walk, form.block, b.shape(dst), from, places,
                      /*from_large=*/true),
           b.type(src).dtype, read, written);
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
  const SlotId read = ReadForm(b, src, form);
  const SlotId written = b.Write(dst, form.dst_layout);
  const DType dtype = b.type(src).dtype;
  const Tensor value =
      Tensor::From<double>({}, {a.Real("value", 0)}).Cast(dtype);
  b.AddStep(MakeFill(value.raw(), SizeOf(dtype), ElementCount(b.shape(dst)),
                     written, b.threads()),
            {}, {written});
  AddMoves(b,
           PlaceMoves(form.walk, form.block, b.shape(src), b.shape(dst), places,
                      /*from_large=*/false),
           dtype, read, written);
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
  for (size_t i = 1; i < sources.size(); ++i) {
    const Form other = ChooseForm(b, sources[i], dst, places[i]);
    if (other.walk != form.walk || other.block != form.block) {
      form = Form();
      form.dst_layout = PlainLayout(b.type(dst));
      break;
    }
  }
  std::vector<SlotId> reads;
  for (const ValueId src : sources) reads.push_back(ReadForm(b, src, form));
  const SlotId written = b.Write(dst, form.dst_layout);
  for (size_t i = 0; i < sources.size(); ++i) {
    AddMoves(b,
             PlaceMoves(form.walk, form.block, b.shape(sources[i]),
                        b.shape(dst), places[i], /*from_large=*/false),
             b.type(dst).dtype, reads[i], written);
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
