#include "harness/models/lmt/lmt.h"

#include <cmath>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/models/attention.h"

namespace assay {
namespace {

constexpr double kEpsilon = 1e-5;

using Ints = std::vector<int64_t>;

struct Network {
  LayerBuilder& net;
  const LmtOptions& options;
  ValueId table = kNoValue;

  GraphBuilder& b() { return net.b(); }

  double stddev() const {
    return 1 / std::sqrt(static_cast<double>(options.features));
  }
  ValueId Dropout(ValueId x) {
    return b().Op("dropout", {x}, {{"rate", options.dropout}});
  }
  ValueId Linear(ValueId x, const std::string& path, int64_t features) {
    return net.Linear(x, path, features, true,
                      LecunFanIn({features, net.Extent(x, 2)}));
  }

  // [length,features]: what rope makes of pairs (1, 0), cosines and sines. Made
  // of nodes over a scalar, so that no constant counts as a parameter.
  ValueId Sinusoids(int64_t length) {
    const int64_t half = options.features / 2;
    const ValueId ones = b().Op("broadcast_to", {b().Scalar(DType::kF32, 1)},
                                {{"shape", Ints{1, 1, length, half}}});
    const ValueId pairs =
        b().Op("pad", {ones},
               {{"before", Ints{0, 0, 0, 0}}, {"after", Ints{0, 0, 0, half}}});
    return b().Reshape(b().Op("rope", {pairs}), {length, options.features});
  }

  ValueId Embed(ValueId tokens) {
    const ValueId rows =
        b().Scale(b().Op("gather", {table, tokens}), 1 / stddev());
    return Dropout(b().Add(rows, Sinusoids(net.Extent(tokens, 1))));
  }

  // 0 at tokens, kMasked at padding: [N,1,1,S].
  ValueId PaddingMask(ValueId tokens) {
    const ValueId padding =
        b().Op("equal", {tokens, b().Scalar(DType::kS32, 0)});
    const ValueId addend = b().Scale(
        b().Op("cast", {padding}, {{"dtype", std::string("f32")}}), kMasked);
    return b().Reshape(addend, {0, 1, 1, net.Extent(tokens, 1)});
  }

  // Of x, to the tokens of `over`.
  ValueId Attention(ValueId x, ValueId over, ValueId mask,
                    const std::string& path) {
    const auto heads = [&](ValueId from, const char* part) {
      return SplitHeads(net, Linear(from, path + part, options.features),
                        options.heads);
    };
    const ValueId q = heads(x, ".query");
    const ValueId k = heads(over, ".key");
    const ValueId v = heads(over, ".value");
    return Linear(MergeHeads(net, Attend(net, q, k, v, mask)), path + ".output",
                  options.features);
  }

  ValueId Mlp(ValueId x, const std::string& path) {
    x = Linear(x, path + ".up", options.hidden);
    return Linear(net.Relu(x), path + ".down", options.features);
  }

  // norm(x + dropout(y)).
  ValueId Join(ValueId x, ValueId y, const std::string& norm) {
    return net.LayerNorm(b().Add(x, Dropout(y)), norm, kEpsilon);
  }

  ValueId EncoderLayer(ValueId x, ValueId padding, const std::string& path) {
    x = Join(x, Attention(x, x, padding, path + ".attention"), path + ".norm1");
    return Join(x, Mlp(x, path + ".mlp"), path + ".norm2");
  }

  ValueId DecoderLayer(ValueId x, ValueId causal, ValueId memory,
                       ValueId padding, const std::string& path) {
    x = Join(x, Attention(x, x, causal, path + ".attention"), path + ".norm1");
    x = Join(x, Attention(x, memory, padding, path + ".cross"),
             path + ".norm2");
    return Join(x, Mlp(x, path + ".mlp"), path + ".norm3");
  }
};

absl::Status Check(const LmtOptions& lmt, const Shape& lengths) {
  if (lmt.heads < 1 || lmt.features % (2 * lmt.heads) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(lmt.name, ": expected heads | features / 2, got ",
                     lmt.heads, " and ", lmt.features));
  }
  if (lengths.size() > 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        lmt.name, ": expected one length or two, got ", ToString(lengths)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ReferenceGraph> Lmt(const OpSet& ops, const LmtOptions& lmt,
                                   const ReferenceGraphOptions& options) {
  ASSAY_RETURN_IF_ERROR(Check(lmt, options.input));
  const Shape lengths =
      options.input.empty() ? Shape{lmt.length} : options.input;
  LayerBuilder net(lmt.name, ops);
  Network network{net, lmt};
  const auto input = [&](const char* name, int64_t length) {
    return net.b().Input(name, DType::kS32, {options.batch, length});
  };
  const ValueId tokens = input("tokens", lengths.front());
  const ValueId prefix = input("prefix", lengths.back());
  network.table = net.EmbeddingTable(
      "embedding", options.classes == 0 ? lmt.vocabulary : options.classes,
      lmt.features, network.stddev());
  const ValueId padding = network.PaddingMask(tokens);
  ValueId memory = network.Embed(tokens);
  for (int64_t layer = 0; layer < lmt.encoder_layers; ++layer) {
    memory =
        network.EncoderLayer(memory, padding, absl::StrCat("encoder.", layer));
  }
  const ValueId causal = CausalMask(net, lengths.back());
  ValueId x = network.Embed(prefix);
  for (int64_t layer = 0; layer < lmt.decoder_layers; ++layer) {
    x = network.DecoderLayer(x, causal, memory, padding,
                             absl::StrCat("decoder.", layer));
  }
  return net.Finish(net.b().Op("linear", {x, network.table}));
}

}  // namespace assay
