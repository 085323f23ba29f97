// Pooling.
#include <algorithm>
#include <numeric>
#include <vector>

#include "harness/models/onnx/import/converter.h"
#include "harness/models/onnx/import/formulas.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

bool Dense(const WindowAttributes& w) {
  return std::all_of(w.dilations.begin(), w.dilations.end(),
                     [](int64_t d) { return d == 1; });
}

void AveragePool(NodeContext& c) {
  const ValueId x = c.In(0);
  const int64_t include = c.Int("count_include_pad", 0);
  const WindowAttributes w = Windows(c, x, {});
  if (!c.ok()) return;
  if (!Dense(w)) return c.Refuse("attribute 'dilations' other than 1");
  if (include != 0 && c.Int("ceil_mode", 0) != 0) {
    return c.Refuse("attribute 'ceil_mode' with 'count_include_pad'");
  }
  const ValueId image = c.Op("avg_pool", {ToImage(c, x)},
                             {{"kernel", w.kernel},
                              {"strides", w.strides},
                              {"pads", w.pads},
                              {"count_include_pad", include}});
  c.Out(0, FromImage(c, image, c.Rank(x)));
}

void MaxPool(NodeContext& c) {
  const ValueId x = c.In(0);
  const WindowAttributes w = Windows(c, x, {});
  if (!c.ok()) return;
  if (!Dense(w)) return c.Refuse("attribute 'dilations' other than 1");
  if (c.Wants(1)) return c.Refuse("result 1, the positions of the maxima");
  const bool byte = c.dtype(x) == DType::kU8 || c.dtype(x) == DType::kS8;
  const ValueId src = byte ? c.Cast(x, DType::kF32) : x;
  const ValueId image =
      c.Op("max_pool", {ToImage(c, src)},
           {{"kernel", w.kernel}, {"strides", w.strides}, {"pads", w.pads}});
  c.Out(0, c.Cast(FromImage(c, image, c.Rank(x)), c.dtype(x)));
}

void Global(NodeContext& c, const char* op) {
  const ValueId x = c.In(0);
  if (c.ok() && c.Rank(x) < 3) return c.Invalid("operand 0: no spatial axis");
  Ints axes(static_cast<size_t>(std::max<int64_t>(c.Rank(x) - 2, 0)));
  std::iota(axes.begin(), axes.end(), 2);
  c.Out(0, c.Op(op, {x}, {{"axes", axes}, {"keep", int64_t{1}}}));
}

void GlobalAveragePool(NodeContext& c) { Global(c, "reduce_mean"); }
void GlobalMaxPool(NodeContext& c) { Global(c, "reduce_max"); }

constexpr OnnxConverter kConverters[] = {
    {"AveragePool", 7, AveragePool, 1, 1,
     "auto_pad ceil_mode count_include_pad dilations kernel_shape pads "
     "strides"},
    {"GlobalAveragePool", 1, GlobalAveragePool, 1, 1, ""},
    {"GlobalMaxPool", 1, GlobalMaxPool, 1, 1, ""},
    {"MaxPool", 1, MaxPool, 1, 1,
     "auto_pad ceil_mode dilations kernel_shape pads storage_order strides"},
};

}  // namespace

absl::Span<const OnnxConverter> PoolConverters() { return kConverters; }

}  // namespace assay
