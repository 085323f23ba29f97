#include "harness/models/compose/image.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

// False, and the builder fails, unless src has the rank.
bool HasRank(GraphBuilder& b, ValueId src, size_t rank, const char* function) {
  if (!b.ok()) return false;
  if (b.shape(src).size() == rank) return true;
  b.Fail(absl::InvalidArgumentError(
      absl::StrCat(function, ": expected a source of rank ", rank, ", got ",
                   ToString(b.graph().type(src)))));
  return false;
}

bool Divides(GraphBuilder& b, int64_t factor, int64_t extent,
             const char* function) {
  if (factor >= 1 && extent % factor == 0) return true;
  b.Fail(absl::InvalidArgumentError(
      absl::StrCat(function, ": expected a positive divisor of ", extent,
                   ", got ", factor)));
  return false;
}

// Elements [start, end) of `axis`.
ValueId Cut(GraphBuilder& b, ValueId src, size_t axis, int64_t start,
            int64_t end) {
  Ints starts(b.shape(src).size(), 0);
  Ints ends(starts.size(), INT64_MAX);
  starts[axis] = start;
  ends[axis] = end;
  return b.Op("slice", {src}, {{"starts", starts}, {"ends", ends}});
}

// One axis, a window at a time.
ValueId AdaptAxis(GraphBuilder& b, ValueId src, size_t axis, int64_t out,
                  const char* reduction) {
  const int64_t in = b.shape(src)[axis];
  if (in == out) return src;
  std::vector<ValueId> parts;
  for (int64_t i = 0; i < out && b.ok(); ++i) {
    const int64_t start = i * in / out, end = ((i + 1) * in + out - 1) / out;
    parts.push_back(b.Op(
        reduction, {Cut(b, src, axis, start, end)},
        {{"axes", Ints{static_cast<int64_t>(axis)}}, {"keep", int64_t{1}}}));
  }
  if (parts.size() == 1) return parts[0];
  return b.Op("concat", std::move(parts),
              {{"axis", static_cast<int64_t>(axis)}});
}

ValueId AdaptivePool(GraphBuilder& b, ValueId src,
                     std::array<int64_t, 2> extents, const char* pool,
                     const char* reduction) {
  if (!HasRank(b, src, 4, "adaptive pool")) return kNoValue;
  const Shape shape = b.shape(src);
  const int64_t h = extents[0], w = extents[1];
  if (h < 1 || h > shape[2] || w < 1 || w > shape[3]) {
    b.Fail(absl::InvalidArgumentError(
        absl::StrCat("adaptive pool: expected extents of 1 to ", shape[2],
                     " and ", shape[3], ", got ", h, " and ", w)));
    return kNoValue;
  }
  if (shape[2] % h == 0 && shape[3] % w == 0) {
    const Ints kernel = {shape[2] / h, shape[3] / w};
    return b.Op(pool, {src}, {{"kernel", kernel}, {"strides", kernel}});
  }
  return AdaptAxis(b, AdaptAxis(b, src, 3, w, reduction), 2, h, reduction);
}

// [C] to [1,C,1,..] of `rank` axes.
ValueId ByChannel(GraphBuilder& b, ValueId vector, size_t rank) {
  Shape shape(rank, 1);
  shape[1] = -1;
  return b.Reshape(vector, std::move(shape));
}

}  // namespace

ValueId PixelShuffle(GraphBuilder& b, ValueId src, int64_t factor) {
  if (!HasRank(b, src, 4, "pixel shuffle")) return kNoValue;
  const Shape s = b.shape(src);
  if (factor < 1 || !Divides(b, factor * factor, s[1], "pixel shuffle")) {
    return kNoValue;
  }
  const int64_t channels = s[1] / (factor * factor);
  const ValueId parts =
      b.Reshape(src, {0, channels, factor, factor, s[2], s[3]});
  return b.Reshape(b.Transpose(parts, {0, 1, 4, 2, 5, 3}),
                   {0, channels, s[2] * factor, s[3] * factor});
}

ValueId PixelUnshuffle(GraphBuilder& b, ValueId src, int64_t factor) {
  if (!HasRank(b, src, 4, "pixel unshuffle")) return kNoValue;
  const Shape s = b.shape(src);
  if (!Divides(b, factor, s[2], "pixel unshuffle") ||
      !Divides(b, factor, s[3], "pixel unshuffle")) {
    return kNoValue;
  }
  const int64_t h = s[2] / factor, w = s[3] / factor;
  const ValueId parts = b.Reshape(src, {0, s[1], h, factor, w, factor});
  return b.Reshape(b.Transpose(parts, {0, 1, 3, 5, 2, 4}),
                   {0, s[1] * factor * factor, h, w});
}

ValueId AdaptiveAveragePool(GraphBuilder& b, ValueId src,
                            std::array<int64_t, 2> extents) {
  return AdaptivePool(b, src, extents, "avg_pool", "reduce_mean");
}

ValueId AdaptiveMaxPool(GraphBuilder& b, ValueId src,
                        std::array<int64_t, 2> extents) {
  return AdaptivePool(b, src, extents, "max_pool", "reduce_max");
}

ValueId Conv1d(GraphBuilder& b, ValueId src, ValueId weights, ValueId bias,
               const SeriesConvOptions& o) {
  if (!HasRank(b, src, 3, "conv1d") || !HasRank(b, weights, 3, "conv1d")) {
    return kNoValue;
  }
  const Shape s = b.shape(src), w = b.shape(weights);
  std::vector<ValueId> operands = {b.Reshape(src, {0, s[1], 1, s[2]}),
                                   b.Reshape(weights, {w[0], w[1], 1, w[2]})};
  if (bias != kNoValue) operands.push_back(bias);
  const ValueId image = b.Op("conv2d", std::move(operands),
                             {{"strides", Ints{1, o.stride}},
                              {"pads", Ints{0, o.before, 0, o.after}},
                              {"dilations", Ints{1, o.dilation}},
                              {"groups", o.groups}});
  if (!b.ok()) return kNoValue;
  return b.Reshape(image, {0, w[0], b.shape(image)[3]});
}

ValueId GroupNorm(GraphBuilder& b, ValueId src, ValueId scale, ValueId shift,
                  int64_t groups, double epsilon) {
  if (!b.ok()) return kNoValue;
  const Shape s = b.shape(src);
  if (s.size() < 2) {
    b.Fail(absl::InvalidArgumentError(
        absl::StrCat("group norm: expected a source [N,C,..], got ",
                     ToString(b.graph().type(src)))));
    return kNoValue;
  }
  if (!Divides(b, groups, s[1], "group norm")) return kNoValue;
  const int64_t rest = ElementCount(absl::MakeConstSpan(s).subspan(2));
  const ValueId x = b.Reshape(src, {0, groups, s[1] / groups, rest});
  const ValueId centred = b.Sub(x, b.ReduceMean(x, {2, 3}, true));
  const ValueId variance =
      b.ReduceMean(b.Op("square", {centred}), {2, 3}, true);
  const ValueId normal =
      b.Mul(centred, b.Op("rsqrt", {b.Offset(variance, epsilon)}));
  Shape back = s;
  back[0] = 0;
  return b.Add(
      b.Mul(b.Reshape(normal, std::move(back)), ByChannel(b, scale, s.size())),
      ByChannel(b, shift, s.size()));
}

}  // namespace assay
