#include "harness/models/swin/swin.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/models/attention.h"

namespace assay {
namespace {

constexpr double kStddev = 0.02;
constexpr double kEpsilon = 1e-5;
constexpr double kMaskedByShift = -100;  // the authors' choice

using Ints = std::vector<int64_t>;

// Grids are [N,H,W,D].
struct Network {
  LayerBuilder& net;
  const SwinOptions& options;
  ValueId relative = kNoValue;  // rows of the bias tables, s32 [T*T]

  GraphBuilder& b() { return net.b(); }
  int64_t tokens() const { return options.window * options.window; }

  // The row (dy + window - 1) * (2 window - 1) + dx + window - 1 for each pair
  // of tokens of a window that are (dy, dx) apart.
  ValueId RelativePositions() {
    const int64_t w = options.window;
    const ValueId at = net.Count(w);
    const ValueId dy =
        b().Sub(b().Reshape(at, {w, 1, 1, 1}), b().Reshape(at, {1, 1, w, 1}));
    const ValueId dx =
        b().Sub(b().Reshape(at, {1, w, 1, 1}), b().Reshape(at, {1, 1, 1, w}));
    const auto last = static_cast<double>(w - 1);
    const ValueId row =
        b().Add(b().Scale(b().Offset(dy, last), static_cast<double>(2 * w - 1)),
                b().Offset(dx, last));
    return b().Op("cast", {b().Reshape(row, {tokens() * tokens()})},
                  {{"dtype", std::string("s32")}});
  }

  // [heads,T,T].
  ValueId Bias(const std::string& path, int64_t heads) {
    const int64_t span = 2 * options.window - 1;
    const ValueId table = net.Parameter(path + ".relative_position_bias_table",
                                        {span * span, heads},
                                        Initialiser::Kind::kNormal, kStddev);
    const ValueId rows = b().Op("gather", {table, relative});
    return b().Transpose(b().Reshape(rows, {tokens(), tokens(), heads}),
                         {2, 0, 1});
  }

  // Along one axis of a shifted grid: 0 for what stays in its window, 1 for
  // what the shift brings next to the last, 2 for what comes round.
  ValueId Region(int64_t extent, int64_t shift) {
    const ValueId at = net.Count(extent);
    const auto from = [&](int64_t start) {
      const ValueId bound =
          b().Scalar(DType::kF32, static_cast<double>(start) - 0.5);
      return b().Op("cast", {b().Op("greater", {at, bound})},
                    {{"dtype", std::string("f32")}});
    };
    return b().Add(from(extent - options.window), from(extent - shift));
  }

  // [windows,1,T,T]: 0 between tokens that were neighbours before the shift.
  ValueId ShiftMask(int64_t height, int64_t width, int64_t shift) {
    const int64_t w = options.window;
    const ValueId y = b().Reshape(Region(height, shift), {height / w, 1, w, 1});
    const ValueId x = b().Reshape(Region(width, shift), {1, width / w, 1, w});
    const ValueId region = b().Add(b().Scale(y, 3), x);
    const ValueId same =
        b().Op("equal", {b().Reshape(region, {-1, 1, tokens(), 1}),
                         b().Reshape(region, {-1, 1, 1, tokens()})});
    const ValueId kept =
        b().Op("cast", {same}, {{"dtype", std::string("f32")}});
    return b().Scale(b().Offset(b().Op("neg", {kept}), 1), kMaskedByShift);
  }

  // The first `shift` rows and columns go to the end.
  ValueId Roll(ValueId x, int64_t shift) {
    for (const size_t axis : {size_t{1}, size_t{2}}) {
      const auto part = [&](int64_t start, int64_t end) {
        Ints starts(4, 0), ends(4, kToTheEnd);
        starts[axis] = start;
        ends[axis] = end;
        return b().Op("slice", {x}, {{"starts", starts}, {"ends", ends}});
      };
      const ValueId rest = part(shift, kToTheEnd);
      x = b().Op("concat", {rest, part(0, shift)},
                 {{"axis", static_cast<int64_t>(axis)}});
    }
    return x;
  }

  // Attention within the windows of a grid. `bias` broadcasts to
  // [windows,heads,T,T].
  ValueId Attention(ValueId x, const std::string& path, int64_t heads,
                    ValueId bias) {
    const int64_t height = net.Extent(x, 1), width = net.Extent(x, 2);
    const int64_t features = net.Extent(x, 3), w = options.window;
    x = b().Transpose(
        b().Reshape(x, {0, height / w, w, width / w, w, features}),
        {0, 1, 3, 2, 4, 5});
    x = b().Reshape(x, {0, -1, tokens(), features});
    const ValueId qkv =
        net.Linear(x, path + ".qkv", 3 * features, true, kStddev);
    const auto part = [&](int64_t i) {
      const ValueId y =
          LastAxisSlice(net, qkv, i * features, (i + 1) * features);
      return b().Transpose(
          b().Reshape(y, {0, -1, tokens(), heads, features / heads}),
          {0, 1, 3, 2, 4});
    };
    const ValueId q = part(0);
    const ValueId k = part(1);
    const ValueId v = part(2);
    x = b().Transpose(Attend(net, q, k, v, bias), {0, 1, 3, 2, 4});
    x = b().Reshape(x, {0, -1, tokens(), features});
    x = net.Linear(x, path + ".proj", features, true, kStddev);
    x = b().Transpose(
        b().Reshape(x, {0, height / w, width / w, w, w, features}),
        {0, 1, 3, 2, 4, 5});
    return b().Reshape(x, {0, height, width, features});
  }

  ValueId Mlp(ValueId x, const std::string& path) {
    const int64_t features = net.Extent(x, 3);
    x = net.Linear(x, path + ".0", 4 * features, true, kStddev);
    return net.Linear(b().Op("gelu", {x}), path + ".3", features, true,
                      kStddev);
  }

  ValueId Block(ValueId x, const std::string& path, int64_t heads,
                int64_t shift, ValueId mask) {
    ValueId bias = Bias(path + ".attn", heads);
    if (shift > 0) bias = b().Add(bias, mask);
    ValueId y = net.LayerNorm(x, path + ".norm1", kEpsilon);
    if (shift > 0) y = Roll(y, shift);
    y = Attention(y, path + ".attn", heads, bias);
    if (shift > 0) y = Roll(y, -shift);
    x = b().Add(x, y);
    y = net.LayerNorm(x, path + ".norm2", kEpsilon);
    return b().Add(x, Mlp(y, path + ".mlp"));
  }

  ValueId Stage(ValueId x, const std::string& path, const SwinStage& stage) {
    const int64_t height = net.Extent(x, 1), width = net.Extent(x, 2);
    const bool shifts = height > options.window && width > options.window;
    const int64_t shift = shifts ? options.window / 2 : 0;
    const ValueId mask = shifts ? ShiftMask(height, width, shift) : kNoValue;
    for (int64_t block = 0; block < stage.blocks; ++block) {
      x = Block(x, absl::StrCat(path, ".", block), stage.heads,
                block % 2 == 1 ? shift : 0, mask);
    }
    return x;
  }

  // [N,H,W,D] -> [N,H/2,W/2,2D].
  ValueId Merge(ValueId x, const std::string& path) {
    const int64_t height = net.Extent(x, 1), width = net.Extent(x, 2);
    const int64_t features = net.Extent(x, 3);
    x = b().Transpose(
        b().Reshape(x, {0, height / 2, 2, width / 2, 2, features}),
        {0, 1, 3, 4, 2, 5});
    x = b().Reshape(x, {0, height / 2, width / 2, 4 * features});
    return net.Linear(net.LayerNorm(x, path + ".norm", kEpsilon),
                      path + ".reduction", 2 * features, false, kStddev);
  }
};

absl::Status Check(const SwinOptions& swin, const Shape& image) {
  int64_t side = swin.patch;
  int64_t features = swin.features;
  for (const SwinStage& stage : swin.stages) {
    const int64_t whole = side * swin.window;
    if (image.size() != 3 || image[1] % whole != 0 || image[2] % whole != 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          swin.name, ": expected an image [C,H,W] of whole windows of ", whole,
          " x ", whole, ", got ", ToString(image)));
    }
    if (stage.heads < 1 || features % stage.heads != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(swin.name, ": expected heads | features, got ",
                       stage.heads, " and ", features));
    }
    side *= 2;
    features *= 2;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ReferenceGraph> Swin(const OpSet& ops, const SwinOptions& swin,
                                    const ReferenceGraphOptions& options) {
  Shape shape = options.input.empty() ? swin.image : options.input;
  ASSAY_RETURN_IF_ERROR(Check(swin, shape));
  shape.insert(shape.begin(), options.batch);
  LayerBuilder net(swin.name, ops);
  Network network{net, swin};
  ValueId x = net.b().Input("image", DType::kF32, shape);
  network.relative = network.RelativePositions();
  x = net.b().Transpose(
      PatchGrid(net, x, "features.0.0", swin.features, swin.patch),
      {0, 2, 3, 1});
  x = net.LayerNorm(x, "features.0.2", kEpsilon);
  int feature = 1;
  const auto next = [&] { return absl::StrCat("features.", feature++); };
  for (size_t stage = 0; stage < swin.stages.size(); ++stage) {
    if (stage > 0) x = network.Merge(x, next());
    x = network.Stage(x, next(), swin.stages[stage]);
  }
  x = net.b().ReduceMean(net.LayerNorm(x, "norm", kEpsilon), {1, 2}, false);
  return net.Finish(net.Linear(
      x, "head", options.classes == 0 ? swin.classes : options.classes, true,
      kStddev));
}

}  // namespace assay
