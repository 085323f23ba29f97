#include "harness/models/vit/vit.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/models/attention.h"

namespace assay {
namespace {

constexpr double kStddev = 0.02;
constexpr double kEpsilon = 1e-6;

struct Encoder {
  LayerBuilder& net;
  const VitOptions& options;

  ValueId Block(ValueId x, const std::string& path) {
    GraphBuilder& b = net.b();
    const auto norm = [&](ValueId v, const char* name) {
      return net.LayerNorm(v, path + name, kEpsilon);
    };
    x = b.Add(
        x, SelfAttention(net, norm(x, ".norm1"), path + ".attn", options.heads,
                         options.features / options.heads, kStddev));
    return b.Add(x, GeluMlp(net, norm(x, ".norm2"), path + ".mlp",
                            options.hidden, kStddev));
  }

  ValueId ClassToken(ValueId x) {
    x = net.b().Op("slice", {x},
                   {{"starts", std::vector<int64_t>{0, 0, 0}},
                    {"ends", std::vector<int64_t>{kToTheEnd, 1, kToTheEnd}}});
    return net.b().Reshape(x, {0, options.features});
  }
};

absl::Status Check(const VitOptions& vit, const Shape& image) {
  if (image.size() != 3 || vit.patch < 1 || image[1] % vit.patch != 0 ||
      image[2] % vit.patch != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        vit.name, ": expected an image [C,H,W] of whole patches of ", vit.patch,
        " x ", vit.patch, ", got ", ToString(image)));
  }
  if (vit.heads < 1 || vit.features % vit.heads != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(vit.name, ": expected heads | features, got ", vit.heads,
                     " and ", vit.features));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ReferenceGraph> Vit(const OpSet& ops, const VitOptions& vit,
                                   const ReferenceGraphOptions& options) {
  Shape shape = options.input.empty() ? vit.image : options.input;
  ASSAY_RETURN_IF_ERROR(Check(vit, shape));
  shape.insert(shape.begin(), options.batch);
  LayerBuilder net(vit.name, ops);
  Encoder encoder{net, vit};
  const ValueId image = net.b().Input("image", DType::kF32, shape);
  ValueId x = GridTokens(
      net, PatchGrid(net, image, "patch_embed.proj", vit.features, vit.patch));
  x = TokenAndPositions(net, x, "cls_token", "pos_embed", kStddev);
  for (int64_t layer = 0; layer < vit.layers; ++layer) {
    x = encoder.Block(x, absl::StrCat("blocks.", layer));
  }
  x = encoder.ClassToken(net.LayerNorm(x, "norm", kEpsilon));
  return net.Finish(net.Linear(
      x, "head", options.classes == 0 ? vit.classes : options.classes, true,
      kStddev));
}

}  // namespace assay
