#include "harness/ops/shape/reshape.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/support/couple.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/strided.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

absl::Status ReshapeError(const Operand& src, const Shape& want) {
  return src.Error(absl::StrCat("as many elements as shape=", ToString(want)));
}

// The element count of `shape`; -1 when it does not fit.
int64_t SafeCount(const Shape& shape) {
  int64_t count = 1;
  for (const int64_t extent : shape) {
    if (__builtin_mul_overflow(count, extent, &count)) return -1;
  }
  return count;
}

absl::Status InferReshape(InferContext& context) {
  const Operand src(context, 0, "src");
  const Shape want = context.attributes.Ints("shape", {});
  const int64_t total = ElementCount(src.shape());
  Shape shape = want;
  int64_t* open = nullptr;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && static_cast<int64_t>(i) < src.rank()) {
      shape[i] = src.shape()[i];
    } else if (shape[i] == -1 && open == nullptr) {
      open = &shape[i];
      shape[i] = 1;
    } else if (shape[i] < 1) {
      return absl::InvalidArgumentError(absl::StrCat(
          "shape: expected extents of at least 1, 0 for one of src's, or -1 "
          "once, got ",
          ToString(want)));
    }
  }
  const int64_t known = SafeCount(shape);
  if (open != nullptr && known > 0 && total % known == 0) {
    *open = total / known;
  } else if (known != total) {
    return ReshapeError(src, want);
  }
  return SetResults(context, {{src.dtype(), std::move(shape)}});
}

absl::Status CopyReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  std::memcpy(context.outputs[0]->raw(), src.raw(),
              static_cast<size_t>(src.bytes()));
  return absl::OkStatus();
}

absl::Status ReshapeGradient(GradientBuilder& g) {
  g.Set(0, g.b().Reshape(g.gradient(), g.b().shape(g.input(0))));
  return absl::OkStatus();
}

// A value's axes [first, last) in a list of its axes of extent above 1.
struct AxisRun {
  ValueId value;
  const std::vector<int>* axes;
  size_t first, last;

  size_t size() const { return last - first; }
  int axis(size_t i) const { return (*axes)[first + i]; }
};

void FreezeRun(ChannelCoupler& coupler, const AxisRun& run, size_t from) {
  for (size_t i = from; i < run.size(); ++i) {
    coupler.Freeze(run.value, run.axis(i));
  }
}

// `whole` is one axis that holds all of `parts`.
void CoupleBlocks(ChannelCoupler& coupler, const AxisRun& whole,
                  const AxisRun& parts) {
  const auto extent = [&](const AxisRun& run) {
    return coupler.graph().shape(run.value)[static_cast<size_t>(run.axis(0))];
  };
  const int64_t block = extent(whole) / extent(parts);
  for (int64_t i = 0; i < extent(whole); ++i) {
    coupler.Couple(whole.value, whole.axis(0), i, parts.value, parts.axis(0),
                   i / block);
  }
  FreezeRun(coupler, parts, 1);
}

void CoupleRuns(ChannelCoupler& coupler, const AxisRun& src,
                const AxisRun& dst) {
  if (src.size() == 1 && dst.size() == 1) {
    coupler.Same(src.value, src.axis(0), dst.value, dst.axis(0));
  } else if (src.size() == 1) {
    CoupleBlocks(coupler, src, dst);
  } else if (dst.size() == 1) {
    CoupleBlocks(coupler, dst, src);
  } else {
    FreezeRun(coupler, src, 0);
    FreezeRun(coupler, dst, 0);
  }
}

// Axes of extent above 1; the others are frozen.
std::vector<int> WideAxes(ChannelCoupler& coupler, ValueId v) {
  const Shape& shape = coupler.graph().shape(v);
  std::vector<int> axes;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] > 1) {
      axes.push_back(static_cast<int>(i));
    } else {
      coupler.Freeze(v, static_cast<int>(i));
    }
  }
  return axes;
}

// Pairs the shortest runs of axes with equal products.
void CoupleReshape(ChannelCoupler& coupler) {
  const ValueId src = coupler.node().inputs[0];
  const ValueId dst = coupler.node().outputs[0];
  const std::vector<int> src_axes = WideAxes(coupler, src);
  const std::vector<int> dst_axes = WideAxes(coupler, dst);
  const Shape& from = coupler.graph().shape(src);
  const Shape& to = coupler.graph().shape(dst);
  size_t i = 0, j = 0;
  while (i < src_axes.size()) {
    AxisRun a{src, &src_axes, i, i + 1}, b{dst, &dst_axes, j, j + 1};
    int64_t count_a = from[static_cast<size_t>(src_axes[i++])];
    int64_t count_b = to[static_cast<size_t>(dst_axes[j++])];
    while (count_a != count_b) {
      if (count_a < count_b) {
        count_a *= from[static_cast<size_t>(src_axes[i++])];
      } else {
        count_b *= to[static_cast<size_t>(dst_axes[j++])];
      }
    }
    a.last = i;
    b.last = j;
    CoupleRuns(coupler, a, b);
  }
}

absl::Status InferBroadcastTo(InferContext& context) {
  const Operand src(context, 0, "src");
  const Shape want = context.attributes.Ints("shape", {});
  Shape shape = want;
  const int64_t added = static_cast<int64_t>(shape.size()) - src.rank();
  bool fits = added >= 0;
  for (int64_t i = 0; fits && i < src.rank(); ++i) {
    int64_t& extent = shape[static_cast<size_t>(added + i)];
    if (extent == 0) extent = src.dim(i);
    fits = src.dim(i) == extent || src.dim(i) == 1;
  }
  if (!fits) {
    return src.Error(
        absl::StrCat("a shape that broadcasts to shape=", ToString(want)));
  }
  return SetResults(context, {{src.dtype(), std::move(shape)}});
}

absl::Status BroadcastToReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  Tensor& dst = *context.outputs[0];
  return VisitWidth(src.dtype(), [&]<typename T>() {
    const T* from = static_cast<const T*>(src.raw());
    T* to = static_cast<T*>(dst.raw());
    WalkStrided<2>(
        dst.shape(),
        {RowMajorStrides(dst.shape()),
         BroadcastStrides(src.shape(), dst.shape())},
        [&](const std::array<int64_t, 2>& at) { to[at[0]] = from[at[1]]; });
    return absl::OkStatus();
  });
}

absl::Status BroadcastToGradient(GradientBuilder& g) {
  g.SetUnbroadcast(0, g.gradient());
  return absl::OkStatus();
}

}  // namespace

OpSchema ReshapeSchema() {
  return {.name = "reshape",
          .operands = "src",
          .attributes = {{"shape", "ints"}},
          .infer = InferReshape,
          .reference = CopyReference,
          .gradient = ReshapeGradient,
          .couple = CoupleReshape};
}

OpSchema BroadcastToSchema() {
  return {.name = "broadcast_to",
          .operands = "src",
          .attributes = {{"shape", "ints"}},
          .infer = InferBroadcastTo,
          .reference = BroadcastToReference,
          .gradient = BroadcastToGradient,
          .couple = CoupleBroadcast};
}

}  // namespace assay
