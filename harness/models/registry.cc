#include "harness/models/registry.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/models/bert/bert.h"
#include "harness/models/dscnn/dscnn.h"
#include "harness/models/lenet/lenet.h"
#include "harness/models/lmd/lmd.h"
#include "harness/models/lme/lme.h"
#include "harness/models/mobilenet_v2/mobilenet_v2.h"
#include "harness/models/resnet/resnet.h"
#include "harness/models/resnet_cifar/resnet_cifar.h"
#include "harness/models/tdnn/tdnn.h"
#include "harness/models/vit/vit.h"

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

Result DefaultTdnn(const OpSet& ops, const Options& options) {
  return Tdnn(ops, {}, options);
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
    {"dscnn", DsCnn},
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
    {"mobilenet-v2", MobileNetV2},
    {"resnet18", ForPhotographs<18>},
    {"resnet20", ForCifar<20, Shortcut::kPad>},
    {"resnet20-b", ForCifar<20, Shortcut::kConv>},
    {"resnet32", ForCifar<32, Shortcut::kPad>},
    {"resnet50", ForPhotographs<50>},
    {"resnet56", ForCifar<56, Shortcut::kPad>},
    {"resnet8", ForCifar<8, Shortcut::kPad>},
    {"resnet8-b", ForCifar<8, Shortcut::kConv>},
    {"tdnn", DefaultTdnn},
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
