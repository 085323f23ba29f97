#include "harness/models/registry.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/models/bert/bert.h"
#include "harness/models/densenet/densenet.h"
#include "harness/models/dscnn/dscnn.h"
#include "harness/models/ecapa/ecapa.h"
#include "harness/models/fullsubnet/fullsubnet.h"
#include "harness/models/lenet/lenet.h"
#include "harness/models/lmd/lmd.h"
#include "harness/models/lme/lme.h"
#include "harness/models/lmt/lmt.h"
#include "harness/models/mobilenet_v1/mobilenet_v1.h"
#include "harness/models/mobilenet_v2/mobilenet_v2.h"
#include "harness/models/mobilenet_v3/mobilenet_v3.h"
#include "harness/models/resnet/resnet.h"
#include "harness/models/resnet_cifar/resnet_cifar.h"
#include "harness/models/super_resolution/super_resolution.h"
#include "harness/models/swin/swin.h"
#include "harness/models/tdnn/tdnn.h"
#include "harness/models/vgg/vgg.h"
#include "harness/models/vit/vit.h"
#include "harness/models/vit_res/vit_res.h"

namespace assay {
namespace {

using Result = absl::StatusOr<ReferenceGraph>;
using Options = ReferenceGraphOptions;

template <int kDepth, Shortcut kShortcut>
Result ForCifar(const OpSet& ops, const Options& options) {
  return ResNetCifar(ops, kDepth, kShortcut, options);
}

template <int kDepth>
Result ForPhotographs(const OpSet& ops, const Options& options) {
  return ResNet(ops, kDepth, options);
}

Result BertSmall(const OpSet& ops, const Options& options) {
  return Bert(ops, {.name = "bert-small", .layers = 4, .features = 512},
              options);
}

Result BertTiny(const OpSet& ops, const Options& options) {
  return Bert(ops, {}, options);
}

Result DefaultDenseNet(const OpSet& ops, const Options& options) {
  return DenseNet(ops, {}, options);
}

Result DefaultEcapa(const OpSet& ops, const Options& options) {
  return Ecapa(ops, {}, options);
}

Result DefaultTdnn(const OpSet& ops, const Options& options) {
  return Tdnn(ops, {}, options);
}

Result DefaultEspcn(const OpSet& ops, const Options& options) {
  return Espcn(ops, {}, options);
}

Result DefaultFullSubNet(const OpSet& ops, const Options& options) {
  return FullSubNet(ops, {}, options);
}

Result DefaultFastFullSubNet(const OpSet& ops, const Options& options) {
  return FastFullSubNet(ops, {}, options);
}

Result DefaultSrcnn(const OpSet& ops, const Options& options) {
  return Srcnn(ops, {}, options);
}

Result DefaultSwin(const OpSet& ops, const Options& options) {
  return Swin(ops, {}, options);
}

Result DefaultVgg(const OpSet& ops, const Options& options) {
  return Vgg(ops, {}, options);
}

Result DefaultVitRes(const OpSet& ops, const Options& options) {
  return VitRes(ops, {}, options);
}

Result DenseNetForCifar(const OpSet& ops, const Options& options) {
  return DenseNet(ops,
                  {.name = "densenet121-cifar",
                   .image = {3, 32, 32},
                   .photographs = false,
                   .classes = 10},
                  options);
}

Result DenseNetXs(const OpSet& ops, const Options& options) {
  return DenseNet(ops,
                  {.name = "densenet-xs",
                   .image = {3, 32, 32},
                   .photographs = false,
                   .first = 16,
                   .growth = 8,
                   .blocks = {3, 3, 3},
                   .classes = 10},
                  options);
}

Result EcapaXs(const OpSet& ops, const Options& options) {
  return Ecapa(ops,
               {.name = "ecapa-xs",
                .frames = 49,
                .bands = 10,
                .channels = 64,
                .aggregate = 192,
                .attention = 32,
                .embedding = 64},
               options);
}

Result FastFullSubNetS(const OpSet& ops, const Options& options) {
  return FastFullSubNet(ops,
                        {.name = "fast-fullsubnet-s",
                         .mel_bands = 24,
                         .encoder_hidden = {96, 128},
                         .sub_hidden = 64,
                         .neighbours = 3,
                         .decoder_hidden = {128, 128}},
                        options);
}

Result FullSubNetS(const OpSet& ops, const Options& options) {
  return FullSubNet(ops,
                    {.name = "fullsubnet-s",
                     .full_hidden = 128,
                     .sub_hidden = 64,
                     .neighbours = 7},
                    options);
}

Result LmdBpe(const OpSet& ops, const Options& options) {
  return Lmd(ops,
             {.name = "lmd-bpe",
              .vocabulary = 4096,
              .layers = 6,
              .features = 192,
              .heads = 6,
              .kv_heads = 2,
              .hidden = 512,
              .context = 128},
             options);
}

Result LmdDraft(const OpSet& ops, const Options& options) {
  return Lmd(ops,
             {.name = "lmd-draft",
              .layers = 2,
              .features = 64,
              .heads = 2,
              .kv_heads = 2,
              .hidden = 172,
              .context = 256},
             options);
}

Result LmdM(const OpSet& ops, const Options& options) {
  return Lmd(ops,
             {.name = "lmd-m",
              .layers = 6,
              .features = 256,
              .heads = 8,
              .kv_heads = 4,
              .hidden = 688,
              .context = 256},
             options);
}

Result LmdS(const OpSet& ops, const Options& options) {
  return Lmd(ops,
             {.name = "lmd-s",
              .layers = 8,
              .heads = 4,
              .kv_heads = 2,
              .hidden = 344,
              .context = 256},
             options);
}

Result LmdXs(const OpSet& ops, const Options& options) {
  return Lmd(ops, {.name = "lmd-xs"}, options);
}

Result LmeS(const OpSet& ops, const Options& options) {
  return Lme(ops, {.name = "lme-s"}, options);
}

Result LmeSPre(const OpSet& ops, const Options& options) {
  return Lme(ops, {.name = "lme-s-pre", .pre_norm = true}, options);
}

Result LmeXs(const OpSet& ops, const Options& options) {
  return Lme(ops, {.name = "lme-xs", .layers = 2}, options);
}

Result LmeXsPre(const OpSet& ops, const Options& options) {
  return Lme(ops, {.name = "lme-xs-pre", .layers = 2, .pre_norm = true},
             options);
}

Result LmtXs(const OpSet& ops, const Options& options) {
  return Lmt(ops, {}, options);
}

Result MobileNet(const OpSet& ops, const Options& options) {
  return MobileNetV1(ops, {}, options);
}

Result MobileNetQuarter(const OpSet& ops, const Options& options) {
  return MobileNetV1(ops, {.name = "mobilenet-v1-025", .width = 0.25}, options);
}

template <MobileNetV3Size kSize>
Result MobileNet3(const OpSet& ops, const Options& options) {
  return MobileNetV3(ops, kSize, options);
}

Result Srcnn955(const OpSet& ops, const Options& options) {
  return Srcnn(ops, {.name = "srcnn-955", .middle = 5}, options);
}

Result SwinXs(const OpSet& ops, const Options& options) {
  return Swin(ops,
              {.name = "swin-xs",
               .image = {3, 32, 32},
               .patch = 2,
               .features = 32,
               .window = 4,
               .stages = {{2, 2}, {2, 4}},
               .classes = 10},
              options);
}

Result TransformerBase(const OpSet& ops, const Options& options) {
  return Lmt(ops,
             {.name = "transformer-base",
              .vocabulary = 37000,
              .encoder_layers = 6,
              .decoder_layers = 6,
              .features = 512,
              .heads = 8,
              .hidden = 2048},
             options);
}

// VGG-16 and VGG-19 as they are trained on CIFAR: one linear layer.
Result Vgg16ForCifar(const OpSet& ops, const Options& options) {
  return Vgg(ops,
             {.name = "vgg16-cifar",
              .image = {3, 32, 32},
              .hidden = {},
              .classes = 10},
             options);
}

Result Vgg19ForCifar(const OpSet& ops, const Options& options) {
  return Vgg(ops,
             {.name = "vgg19-cifar",
              .image = {3, 32, 32},
              .stages = {{64, 64},
                         {128, 128},
                         {256, 256, 256, 256},
                         {512, 512, 512, 512},
                         {512, 512, 512, 512}},
              .hidden = {},
              .classes = 10},
             options);
}

Result VggSmall(const OpSet& ops, const Options& options) {
  return Vgg(ops,
             {.name = "vgg-small",
              .image = {3, 32, 32},
              .stages = {{32, 32}, {64, 64}, {128, 128}},
              .hidden = {},
              .classes = 10},
             options);
}

Result VitResXs(const OpSet& ops, const Options& options) {
  return VitRes(ops,
                {.name = "vit-res-xs",
                 .image = {3, 32, 32},
                 .stem = 0,
                 .patch = 4,
                 .stages = {{3, 48, 3, 16, 144}, {3, 96, 4, 24, 288}},
                 .classes = 10},
                options);
}

Result VitTiny(const OpSet& ops, const Options& options) {
  return Vit(ops, {}, options);
}

// 65 tokens.
Result VitTinyForCifar(const OpSet& ops, const Options& options) {
  return Vit(ops,
             {.name = "vit-tiny-cifar",
              .image = {3, 32, 32},
              .patch = 4,
              .layers = 6,
              .classes = 10},
             options);
}

// 49 tokens.
Result VitXs(const OpSet& ops, const Options& options) {
  return Vit(ops,
             {.name = "vit-xs",
              .image = {1, 28, 28},
              .patch = 4,
              .features = 96,
              .layers = 4,
              .hidden = 384,
              .classes = 10},
             options);
}

struct Row {
  absl::string_view name;
  Result (*build)(const OpSet& ops, const Options& options);
};

constexpr Row kRows[] = {
    // sorted
    {"bert-small", BertSmall},
    {"bert-tiny", BertTiny},
    {"densenet-xs", DenseNetXs},
    {"densenet121", DefaultDenseNet},
    {"densenet121-cifar", DenseNetForCifar},
    {"dscnn", DsCnn},
    {"ecapa", DefaultEcapa},
    {"ecapa-xs", EcapaXs},
    {"espcn", DefaultEspcn},
    {"fast-fullsubnet", DefaultFastFullSubNet},
    {"fast-fullsubnet-s", FastFullSubNetS},
    {"fullsubnet", DefaultFullSubNet},
    {"fullsubnet-s", FullSubNetS},
    {"lenet300", LeNet300},
    {"lenet5", LeNet5},
    {"lmd-bpe", LmdBpe},
    {"lmd-draft", LmdDraft},
    {"lmd-m", LmdM},
    {"lmd-s", LmdS},
    {"lmd-xs", LmdXs},
    {"lme-s", LmeS},
    {"lme-s-pre", LmeSPre},
    {"lme-xs", LmeXs},
    {"lme-xs-pre", LmeXsPre},
    {"lmt-xs", LmtXs},
    {"mobilenet-v1", MobileNet},
    {"mobilenet-v1-025", MobileNetQuarter},
    {"mobilenet-v2", MobileNetV2},
    {"mobilenet-v3-large", MobileNet3<MobileNetV3Size::kLarge>},
    {"mobilenet-v3-small", MobileNet3<MobileNetV3Size::kSmall>},
    {"resnet18", ForPhotographs<18>},
    {"resnet20", ForCifar<20, Shortcut::kPad>},
    {"resnet20-b", ForCifar<20, Shortcut::kConv>},
    {"resnet32", ForCifar<32, Shortcut::kPad>},
    {"resnet50", ForPhotographs<50>},
    {"resnet56", ForCifar<56, Shortcut::kPad>},
    {"resnet8", ForCifar<8, Shortcut::kPad>},
    {"resnet8-b", ForCifar<8, Shortcut::kConv>},
    {"srcnn", DefaultSrcnn},
    {"srcnn-955", Srcnn955},
    {"swin-tiny", DefaultSwin},
    {"swin-xs", SwinXs},
    {"tdnn", DefaultTdnn},
    {"transformer-base", TransformerBase},
    {"vgg-small", VggSmall},
    {"vgg16", DefaultVgg},
    {"vgg16-cifar", Vgg16ForCifar},
    {"vgg19-cifar", Vgg19ForCifar},
    {"vit-res", DefaultVitRes},
    {"vit-res-xs", VitResXs},
    {"vit-tiny", VitTiny},
    {"vit-tiny-cifar", VitTinyForCifar},
    {"vit-xs", VitXs},
};

}  // namespace

std::vector<std::string> ReferenceGraphNames() {
  std::vector<std::string> names;
  for (const Row& row : kRows) names.emplace_back(row.name);
  return names;
}

absl::StatusOr<ReferenceGraph> BuildReferenceGraph(
    absl::string_view name, const OpSet& ops,
    const ReferenceGraphOptions& options) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.build(ops, options);
  }
  return absl::NotFoundError(
      absl::StrCat("reference network \"", name, "\": expected one of ",
                   absl::StrJoin(ReferenceGraphNames(), ", ")));
}

}  // namespace assay
