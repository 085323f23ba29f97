#include "harness/models/lme/lme.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/models/attention.h"

namespace assay {
namespace {

constexpr double kStddev = 0.02;
constexpr double kEpsilon = 1e-12;
constexpr int64_t kTypes = 2;

struct Encoder {
  LayerBuilder& net;
  const LmeOptions& options;
  const EncoderNames& names = options.names;
  ValueId mask = kNoValue;

  ValueId Linear(ValueId x, const std::string& path, int64_t features) {
    return net.Linear(x, path, features, true, kStddev);
  }
  ValueId Dropout(ValueId x) {
    return net.b().Op("dropout", {x}, {{"rate", options.dropout}});
  }
  ValueId Norm(ValueId x, const std::string& path) {
    return net.LayerNorm(x, path, kEpsilon);
  }

  // [rows, D] -> its first `rows` rows.
  ValueId Rows(ValueId table, int64_t rows) {
    return net.b().Op("slice", {table},
                      {{"starts", std::vector<int64_t>{0, 0}},
                       {"ends", std::vector<int64_t>{rows, kToTheEnd}}});
  }

  // 0 at tokens, kMasked at padding: [N,1,1,length].
  ValueId PaddingMask(ValueId tokens, int64_t length) {
    GraphBuilder& b = net.b();
    const ValueId padding = b.Op("equal", {tokens, b.Scalar(DType::kS32, 0)});
    const ValueId addend = b.Scale(
        b.Op("cast", {padding}, {{"dtype", std::string("f32")}}), kMasked);
    return b.Reshape(addend, {0, 1, 1, length});
  }

  ValueId Embed(ValueId tokens, int64_t length) {
    GraphBuilder& b = net.b();
    const auto table = [&](const std::string& path, int64_t rows) {
      return net.EmbeddingTable(path, rows, options.features, kStddev);
    };
    ValueId x =
        b.Op("gather", {table(names.token, options.vocabulary), tokens});
    x = b.Add(x, Rows(table(names.position, options.positions), length));
    x = b.Add(x, Rows(table(names.type, kTypes), 1));
    return Dropout(Norm(x, names.norm));
  }

  ValueId Attention(ValueId x, const std::string& path) {
    const auto heads = [&](const std::string& part) {
      return SplitHeads(net, Linear(x, path + part, options.features),
                        options.heads);
    };
    const ValueId q = heads(names.query);
    const ValueId k = heads(names.key);
    const ValueId v = heads(names.value);
    return Linear(MergeHeads(net, Attend(net, q, k, v, mask)),
                  path + names.output, options.features);
  }

  ValueId Mlp(ValueId x, const std::string& path) {
    x = net.b().Op("gelu", {Linear(x, path + names.up, options.hidden)});
    return Linear(x, path + names.down, options.features);
  }

  ValueId Layer(ValueId x, const std::string& path) {
    GraphBuilder& b = net.b();
    if (options.pre_norm) {
      x = b.Add(x, Dropout(Attention(Norm(x, path + names.norm1), path)));
      return b.Add(x, Dropout(Mlp(Norm(x, path + names.norm2), path)));
    }
    x = Norm(b.Add(x, Dropout(Attention(x, path))), path + names.norm1);
    return Norm(b.Add(x, Dropout(Mlp(x, path))), path + names.norm2);
  }

  // tanh(linear) of the first position.
  ValueId Pool(ValueId x) {
    GraphBuilder& b = net.b();
    x = b.Op("slice", {x},
             {{"starts", std::vector<int64_t>{0, 0, 0}},
              {"ends", std::vector<int64_t>{kToTheEnd, 1, kToTheEnd}}});
    x = b.Reshape(x, {0, options.features});
    return b.Op("tanh", {Linear(x, names.pooler, options.features)});
  }
};

absl::Status Check(const LmeOptions& lme, int64_t length) {
  if (length < 1 || length > lme.positions) {
    return absl::InvalidArgumentError(
        absl::StrCat(lme.name, ": expected a length in [1, ", lme.positions,
                     "], got ", length));
  }
  if (lme.heads < 1 || lme.features % lme.heads != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(lme.name, ": expected heads | features, got ", lme.heads,
                     " and ", lme.features));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ReferenceGraph> Lme(const OpSet& ops, const LmeOptions& lme,
                                   const ReferenceGraphOptions& options) {
  const int64_t preset = lme.length == 0 ? lme.positions : lme.length;
  const int64_t length = options.input.empty() ? preset : options.input[0];
  ASSAY_RETURN_IF_ERROR(Check(lme, length));
  LmeOptions chosen = lme;
  if (options.vocabulary != 0) chosen.vocabulary = options.vocabulary;
  LayerBuilder net(chosen.name, ops);
  Encoder encoder{net, chosen};
  const ValueId tokens =
      net.b().Input("tokens", DType::kS32, {options.batch, length});
  encoder.mask = encoder.PaddingMask(tokens, length);
  ValueId x = encoder.Embed(tokens, length);
  for (int64_t layer = 0; layer < lme.layers; ++layer) {
    x = encoder.Layer(x, absl::StrCat(chosen.names.layer, layer));
  }
  if (lme.pre_norm) x = encoder.Norm(x, "norm");
  x = encoder.Dropout(encoder.Pool(x));
  return net.Finish(encoder.Linear(x, "classifier",
                                   options.classes == 0 ? 2 : options.classes));
}

}  // namespace assay
