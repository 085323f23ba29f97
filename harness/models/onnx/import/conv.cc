// Convolutions over one or two spatial axes, and transposed ones.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/models/onnx/import/converter.h"
#include "harness/models/onnx/import/formulas.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

// Weights [O,I,k] enter as [O,I,1,k].
ValueId ImageWeights(NodeContext& c, size_t i) {
  Shape shape = c.IsWeights(i) ? c.WeightsShape(i) : c.shape(c.In(i));
  if (shape.size() != 3) return c.In(i);
  shape.insert(shape.begin() + 2, 1);
  return c.ReshapedWeights(i, shape);
}

void Conv(NodeContext& c) {
  const ValueId x = c.In(0);
  const int64_t rank = c.Rank(x);
  const ValueId weights = ImageWeights(c, 1);
  if (!c.ok()) return;
  if (c.Rank(weights) != 4) {
    return c.Refuse(absl::StrCat("weights ", ToString(c.shape(weights)),
                                 ": one or two spatial axes are known"));
  }
  Ints kernel = {c.Dim(weights, 2), c.Dim(weights, 3)};
  if (rank == 3) kernel.erase(kernel.begin());
  const WindowAttributes w = Windows(c, x, kernel);
  std::vector<ValueId> operands = {ToImage(c, x), weights};
  if (c.Has(2)) operands.push_back(c.In(2));
  const ValueId image = c.Op("conv2d", operands,
                             {{"strides", w.strides},
                              {"pads", w.pads},
                              {"dilations", w.dilations},
                              {"groups", c.Int("group", 1)}});
  c.Out(0, FromImage(c, image, rank));
}

// Pads of one axis of a transposed convolution.
struct TransposedPads {
  int64_t before = 0, after = 0;
};

TransposedPads PadsOf(int64_t full, int64_t wanted, const std::string& how,
                      TransposedPads given, int64_t same) {
  if (how == "SAME_UPPER" || how == "SAME_LOWER") wanted = same;
  if (wanted < 0) return given;
  const int64_t total = full - wanted;
  const int64_t less = total / 2;
  return how == "SAME_UPPER" ? TransposedPads{less, total - less}
                             : TransposedPads{total - less, less};
}

void ConvTranspose(NodeContext& c) {
  const ValueId x = c.In(0);
  const int64_t rank = c.Rank(x);
  const ValueId weights = ImageWeights(c, 1);
  if (!c.ok()) return;
  if ((rank != 3 && rank != 4) || c.Rank(weights) != 4) {
    return c.Refuse(absl::StrCat("source ", ToString(c.shape(x)),
                                 ": one or two spatial axes are known"));
  }
  const size_t axes = static_cast<size_t>(rank) - 2;
  const Ints wanted = c.IntList("output_shape", Ints(axes, -1));
  const Ints extra = c.IntList("output_padding", Ints(axes, 0));
  const Ints strides = c.IntList("strides", Ints(axes, 1));
  const Ints dilations = c.IntList("dilations", Ints(axes, 1));
  const Ints pads = c.IntList("pads", Ints(2 * axes, 0));
  const std::string how = c.Text("auto_pad", "NOTSET");
  if (!c.ok()) return;
  if (wanted.size() != axes || extra.size() != axes || strides.size() != axes ||
      dilations.size() != axes || pads.size() != 2 * axes) {
    return c.Invalid("attributes do not have a value for each spatial axis");
  }
  Ints s = {1, 1}, d = {1, 1}, p = {0, 0, 0, 0}, room = {0, 0};
  for (size_t i = 0; i < axes; ++i) {
    const size_t to = i + 2 - axes;
    const int64_t at = static_cast<int64_t>(i);
    const int64_t kernel = c.Dim(weights, 2 + static_cast<int64_t>(to));
    constexpr int64_t kMost = int64_t{1} << 20;
    if (std::min({strides[i], dilations[i]}) < 1 ||
        std::max({strides[i], dilations[i], extra[i], pads[i], pads[i + axes],
                  c.Dim(x, 2 + at)}) > kMost) {
      return c.Invalid("strides, dilations or pads are out of range");
    }
    s[to] = strides[i];
    d[to] = dilations[i];
    const int64_t full = strides[i] * (c.Dim(x, 2 + at) - 1) + extra[i] +
                         (kernel - 1) * dilations[i] + 1;
    const TransposedPads both =
        PadsOf(full, wanted[i], how, {pads[i], pads[i + axes]},
               c.Dim(x, 2 + at) * strides[i]);
    p[to] = both.before;
    p[to + 2] = both.after;
    room[to] = extra[i];
  }
  if (*std::min_element(p.begin(), p.end()) < 0) {
    return c.Refuse(
        "attribute 'output_shape' asks for more than the kernel "
        "reaches");
  }
  std::vector<ValueId> operands = {ToImage(c, x), weights};
  if (c.Has(2)) operands.push_back(c.In(2));
  const ValueId image = c.Op("conv_transpose2d", operands,
                             {{"strides", s},
                              {"pads", p},
                              {"dilations", d},
                              {"groups", c.Int("group", 1)},
                              {"output_padding", room}});
  c.Out(0, FromImage(c, image, rank));
}

constexpr OnnxConverter kConverters[] = {
    {"Conv", 1, Conv, 2, 3,
     "auto_pad dilations group kernel_shape pads strides"},
    {"ConvTranspose", 1, ConvTranspose, 2, 3,
     "auto_pad dilations group kernel_shape output_padding output_shape pads "
     "strides"},
};

}  // namespace

absl::Span<const OnnxConverter> ConvConverters() { return kConverters; }

}  // namespace assay
