#include "harness/models/lmd/lmd.h"

#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/models/attention.h"

namespace assay {
namespace {

constexpr double kStddev = 0.02;
constexpr double kEpsilon = 1e-5;

struct Decoder {
  LayerBuilder& net;
  const LmdOptions& options;
  ValueId mask;

  double residual_stddev() const {
    return kStddev / std::sqrt(2.0 * static_cast<double>(options.layers));
  }

  ValueId Heads(ValueId x, const std::string& path, int64_t heads) {
    const int64_t features = options.features / options.heads * heads;
    return SplitHeads(net, net.Linear(x, path, features, false, kStddev),
                      heads);
  }

  ValueId Attention(ValueId x, const std::string& path) {
    GraphBuilder& b = net.b();
    const int64_t repeats = options.heads / options.kv_heads;
    const ValueId q = b.Op("rope", {Heads(x, path + ".query", options.heads)});
    ValueId k = b.Op("rope", {Heads(x, path + ".key", options.kv_heads)});
    ValueId v = Heads(x, path + ".value", options.kv_heads);
    if (repeats > 1) {
      k = b.Op("repeat_heads", {k}, {{"repeats", repeats}});
      v = b.Op("repeat_heads", {v}, {{"repeats", repeats}});
    }
    return net.Linear(MergeHeads(net, Attend(net, q, k, v, mask)),
                      path + ".output", options.features, false,
                      residual_stddev());
  }

  ValueId Mlp(ValueId x, const std::string& path) {
    const ValueId gate =
        net.Linear(x, path + ".gate", options.hidden, false, kStddev);
    const ValueId up =
        net.Linear(x, path + ".up", options.hidden, false, kStddev);
    return net.Linear(net.b().Mul(net.b().Op("silu", {gate}), up),
                      path + ".down", options.features, false,
                      residual_stddev());
  }

  ValueId Layer(ValueId x, const std::string& path) {
    GraphBuilder& b = net.b();
    x = b.Add(x, Attention(net.RmsNorm(x, path + ".norm1", kEpsilon),
                           path + ".attention"));
    return b.Add(x,
                 Mlp(net.RmsNorm(x, path + ".norm2", kEpsilon), path + ".mlp"));
  }
};

absl::Status Check(const LmdOptions& lmd) {
  if (lmd.heads < 1 || lmd.kv_heads < 1 || lmd.heads % lmd.kv_heads != 0 ||
      lmd.features % (2 * lmd.heads) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        lmd.name, ": expected kv_heads | heads and an even number of features ",
        "per head, got ", lmd.features, " features, ", lmd.heads, " heads, ",
        lmd.kv_heads, " kv_heads"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ReferenceGraph> Lmd(const OpSet& ops, const LmdOptions& lmd,
                                   const ReferenceGraphOptions& options) {
  ASSAY_RETURN_IF_ERROR(Check(lmd));
  const int64_t context =
      options.input.empty() ? lmd.context : options.input[0];
  const int64_t vocabulary =
      options.classes == 0 ? lmd.vocabulary : options.classes;
  LayerBuilder net(lmd.name, ops);
  const ValueId tokens =
      net.b().Input("tokens", DType::kS32, {options.batch, context});
  const ValueId table =
      net.EmbeddingTable("embedding", vocabulary, lmd.features, kStddev);
  ValueId x = net.b().Op("gather", {table, tokens});
  Decoder decoder{net, lmd, CausalMask(net, context)};
  for (int64_t layer = 0; layer < lmd.layers; ++layer) {
    x = decoder.Layer(x, absl::StrCat("layers.", layer));
  }
  x = net.RmsNorm(x, "norm", kEpsilon);
  return net.Finish(net.b().Op("linear", {x, table}));
}

}  // namespace assay
