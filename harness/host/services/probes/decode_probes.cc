// Decoding with a cache: exits on the way, drafts that are verified.
#include <algorithm>
#include <cstdint>

#include "harness/host/services/probes/probe.h"

namespace assay {
namespace {

constexpr int64_t kContext = 24;

// Every position's mean over itself and those before, of x [1,T,D], where the
// queries' weights are 0: softmax(0 + mask) is uniform.
sdk::ValueId Attend(sdk::Graph& g, sdk::ValueId x, const std::string& path) {
  const int64_t length = g.shape(x)[1], width = g.shape(x)[2];
  const auto linear = [&](const char* name) {
    return g.Op("linear", {x, g.Param(path + name, {width, width})});
  };
  std::vector<float> mask(static_cast<size_t>(length * length), 0.0f);
  for (int64_t row = 0; row < length; ++row) {
    for (int64_t column = row + 1; column < length; ++column) {
      mask[static_cast<size_t>(row * length + column)] = -1e9f;
    }
  }
  const sdk::ValueId scores =
      g.Op("matmul", {linear(".query"), linear(".key")}, {{"transpose_b", 1}});
  const sdk::ValueId masked =
      g.Add(scores, g.Constant({length, length}, {mask.data(), mask.size()}));
  return g.Op("matmul", {g.Op("softmax", {masked}), linear(".value")});
}

// Tokens to h1 = attend(e) to h2 = attend(h1) to logits; the same head on h1.
struct Network {
  sdk::Graph graph;
  sdk::ValueId tokens, h1, exit, h2, logits;
};

sdk::StatusOr<Network> Build(const sdk::Run& run, int64_t vocabulary,
                             int64_t width) {
  ASSAY_ASSIGN_OR_RETURN(sdk::Graph g, run.NewGraph("decoder"));
  Network net{std::move(g), 0, 0, 0, 0, 0};
  sdk::Graph& graph = net.graph;
  net.tokens = graph.Input("tokens", sdk::DType::kS32, {1, kContext});
  const sdk::ValueId table = graph.Param("table", {vocabulary, width});
  const sdk::ValueId head = graph.Param("head", {vocabulary, width});
  net.h1 = Attend(graph, graph.Op("gather", {table, net.tokens}), "layer1");
  net.exit = graph.Op("linear", {net.h1, head});
  net.h2 = Attend(graph, net.h1, "layer2");
  net.logits = graph.Op("linear", {net.h2, head});
  graph.Output("logits", net.logits);
  ASSAY_RETURN_IF_ERROR(graph.status());
  return net;
}

constexpr float kTable[3][2] = {{1, 0}, {0, 1}, {2, 2}};
constexpr float kHead[3][2] = {{0.9f, -1}, {1, 0.2f}, {-0.5f, 1}};

// Means of the table's rows, and means of those.
sdk::StatusOr<sdk::Parameters> Means(const sdk::Run& run) {
  ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.NewParameters());
  ASSAY_RETURN_IF_ERROR(Put(&set, "table", {3, 2}, {1, 0, 0, 1, 2, 2}));
  ASSAY_RETURN_IF_ERROR(
      Put(&set, "head", {3, 2}, {0.9f, -1, 1, 0.2f, -0.5f, 1}));
  for (const std::string layer : {"layer1", "layer2"}) {
    ASSAY_RETURN_IF_ERROR(Put(&set, layer + ".query", {2, 2}, {0, 0, 0, 0}));
    ASSAY_RETURN_IF_ERROR(Put(&set, layer + ".key", {2, 2}, {1, 2, 3, 4}));
    ASSAY_RETURN_IF_ERROR(Put(&set, layer + ".value", {2, 2}, {1, 0, 0, 1}));
  }
  return set;
}

using Pair = std::vector<double>;

// Element t is the mean of elements 0 to t.
std::vector<Pair> PrefixMeans(const std::vector<Pair>& x) {
  std::vector<Pair> means;
  Pair sum = {0, 0};
  for (const Pair& one : x) {
    sum = {sum[0] + one[0], sum[1] + one[1]};
    const double n = static_cast<double>(means.size() + 1);
    means.push_back({sum[0] / n, sum[1] / n});
  }
  return means;
}

std::vector<Pair> Embedded(const std::vector<int32_t>& tokens) {
  std::vector<Pair> rows;
  for (const int32_t token : tokens) {
    rows.push_back({double{kTable[token][0]}, double{kTable[token][1]}});
  }
  return rows;
}

int32_t MostLikely(const Pair& h) {
  int32_t best = 0;
  double largest = -1e30;
  for (int32_t v = 0; v < 3; ++v) {
    const double logit =
        double{kHead[v][0]} * h[0] + double{kHead[v][1]} * h[1];
    if (logit > largest) largest = logit, best = v;
  }
  return best;
}

sdk::Status ExpectRows(const sdk::Tensor& got, const std::vector<Pair>& want,
                       size_t first) {
  for (size_t t = 0; t < got.size() / 2; ++t) {
    for (size_t i = 0; i < 2; ++i) {
      ASSAY_PROBE(
          Near(double{got.values()[2 * t + i]}, want[first + t][i], 1e-6),
          std::to_string(first + t) + ": " +
              std::to_string(got.values()[2 * t + i]));
    }
  }
  return sdk::OkStatus();
}

// One part: a prompt, single tokens, back, other tokens; an inner value.
class Steps final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    ASSAY_ASSIGN_OR_RETURN(const Network net, Build(run, 3, 2));
    ASSAY_ASSIGN_OR_RETURN(const sdk::Parameters set, Means(run));
    ASSAY_ASSIGN_OR_RETURN(sdk::Decoder decoder, run.NewDecoder(set));
    ASSAY_ASSIGN_OR_RETURN(
        const uint32_t part,
        decoder.AddPart(net.graph, {net.tokens}, {net.logits, net.h2}));
    std::vector<int32_t> tokens = {0, 1, 2, 2, 0, 1, 1};  // 4 + 2 + 1
    ASSAY_RETURN_IF_ERROR(decoder.RunTokens(part, tokens));
    ASSAY_RETURN_IF_ERROR(Expect(decoder, part, tokens, 0));
    for (const int32_t token : {2, 0, 0}) {
      tokens.push_back(token);
      ASSAY_RETURN_IF_ERROR(decoder.RunTokens(part, {token}));
      ASSAY_RETURN_IF_ERROR(Expect(decoder, part, tokens, tokens.size() - 1));
    }
    ASSAY_RETURN_IF_ERROR(decoder.Truncate(part, 2));
    tokens = {0, 1, 0, 2};
    ASSAY_RETURN_IF_ERROR(decoder.RunTokens(part, {0, 2}));
    ASSAY_RETURN_IF_ERROR(Expect(decoder, part, tokens, 2));

    // Written by itself: the last token has not been run.
    ASSAY_RETURN_IF_ERROR(decoder.Truncate(part, 0));
    ASSAY_ASSIGN_OR_RETURN(const std::vector<int32_t> written,
                           sdk::Generate(decoder, part, {0, 1}, 6));
    std::vector<int32_t> text = {0, 1};
    for (const int32_t token : written) {
      const auto h2 = PrefixMeans(PrefixMeans(Embedded(text)));
      ASSAY_PROBE(token == MostLikely(h2.back()), std::to_string(token));
      text.push_back(token);
    }
    ASSAY_PROBE(decoder.Length(part) == 7,
                std::to_string(decoder.Length(part)));

    ASSAY_PROBE(decoder.Truncate(part, 8).code() == sdk::Code::kOutOfRange,
                "longer than it is");
    const std::vector<int32_t> many(kContext, 0);
    ASSAY_PROBE(decoder.RunTokens(part, many).code() == sdk::Code::kOutOfRange,
                "more than the context");
    ASSAY_PROBE(decoder.Length(part) == 7, "as it was");
    ASSAY_PROBE(decoder.Fetch(part).status().code() == sdk::Code::kOutOfRange,
                "a run that failed leaves nothing");
    ASSAY_PROBE(
        decoder.Length(part + 1) == -1 && sdk::Decoder().Length(part) == -1,
        "there is no such part");
    ASSAY_PROBE(
        decoder.AddPart(net.graph, {net.h1}, {net.tokens}).status().code() ==
            sdk::Code::kInvalidArgument,
        "tokens do not come from h1");
    return sdk::OkStatus();
  }

 private:
  static sdk::Status Expect(const sdk::Decoder& decoder, uint32_t part,
                            const std::vector<int32_t>& tokens, size_t first) {
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor h2, decoder.Fetch(part, 1));
    return ExpectRows(h2, PrefixMeans(PrefixMeans(Embedded(tokens))), first);
  }
};

TEST(DecodeProbes, PrefillStepAndGoBack) {
  Steps probe;
  RunProbe(probe);
}

// Tokens leave behind the first layer where its answer is sure; the second
// layer catches up on those that are pending when one is not.
class Exits final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    ASSAY_ASSIGN_OR_RETURN(const Network net, Build(run, 3, 2));
    ASSAY_ASSIGN_OR_RETURN(const sdk::Parameters set, Means(run));
    ASSAY_ASSIGN_OR_RETURN(sdk::Decoder decoder, run.NewDecoder(set));
    ASSAY_ASSIGN_OR_RETURN(
        const uint32_t first,
        decoder.AddPart(net.graph, {net.tokens}, {net.h1, net.exit}));
    ASSAY_ASSIGN_OR_RETURN(const uint32_t second,
                           decoder.AddPart(net.graph, {net.h1}, {net.h2}));
    ASSAY_ASSIGN_OR_RETURN(const uint32_t copied,
                           decoder.AddPart(net.graph, {net.h1}, {net.h2}));
    const std::vector<int32_t> tokens = {0, 1, 1, 2, 2, 2, 0, 0, 1};
    const std::vector<Pair> h1 = PrefixMeans(Embedded(tokens));
    const std::vector<Pair> h2 = PrefixMeans(h1);
    std::vector<float> pending;
    int exits = 0, deep = 0;
    for (size_t t = 0; t < tokens.size(); ++t) {
      ASSAY_RETURN_IF_ERROR(decoder.RunTokens(first, {tokens[t]}));
      ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor hidden, decoder.Fetch(first, 0));
      ASSAY_RETURN_IF_ERROR(ExpectRows(hidden, h1, t));
      // The approximation keeps every token's keys; here it is exact, since the
      // layer is the next one.
      ASSAY_RETURN_IF_ERROR(decoder.Store(copied, {&hidden}));
      ASSAY_PROBE(!decoder.Fetch(copied).status().ok(), "nothing is computed");
      pending.push_back(hidden.values()[0]);
      pending.push_back(hidden.values()[1]);
      ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor logits, decoder.Fetch(first, 1));
      const std::vector<double> p = sdk::Softmax(sdk::LogitRow(logits, 0));
      if (*std::max_element(p.begin(), p.end()) >= 0.45) {
        ++exits;
        continue;
      }
      ++deep;
      ASSAY_ASSIGN_OR_RETURN(
          sdk::Tensor states,
          run.NewTensor(sdk::DType::kF32,
                        {1, static_cast<int64_t>(pending.size() / 2), 2}));
      std::copy(pending.begin(), pending.end(), states.values().begin());
      pending.clear();
      const size_t from = static_cast<size_t>(decoder.Length(second));
      ASSAY_RETURN_IF_ERROR(decoder.Run(second, {&states}));
      ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor answer, decoder.Fetch(second));
      ASSAY_RETURN_IF_ERROR(ExpectRows(answer, h2, from));
      ASSAY_PROBE(decoder.Length(second) == static_cast<int64_t>(t + 1),
                  std::to_string(decoder.Length(second)));
    }
    ASSAY_PROBE(exits > 0 && deep > 1, std::to_string(exits));
    ASSAY_PROBE(decoder.Length(first) == 9 && decoder.Length(copied) == 9,
                "every token");
    // Behind the others by those that left since.
    ASSAY_PROBE(
        decoder.Length(second) == 9 - static_cast<int64_t>(pending.size() / 2),
        std::to_string(decoder.Length(second)));
    ASSAY_RETURN_IF_ERROR(decoder.Truncate(copied, 8));
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor last, decoder.Fetch(first, 0));
    ASSAY_RETURN_IF_ERROR(decoder.Run(copied, {&last}));
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor answer, decoder.Fetch(copied));
    return ExpectRows(answer, h2, 8);
  }
};

TEST(DecodeProbes, EarlyExitWithACache) {
  Exits probe;
  RunProbe(probe);
}

// Self-speculation (Liu et al. 2024, Kangaroo): the first layer with an adapter
// drafts, the rest verifies; what comes out is what the whole network writes.
class DraftAndVerify final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    ASSAY_ASSIGN_OR_RETURN(const Network net, Build(run, kTokens, kWidth));
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph adapter, run.NewGraph("adapter"));
    const sdk::ValueId h =
        adapter.Input("h", sdk::DType::kF32, {1, kContext, kWidth});
    const sdk::ValueId drafted =
        adapter.Op("linear", {Attend(adapter, h, "adapter"),
                              adapter.Param("head", {kTokens, kWidth})});
    ASSAY_RETURN_IF_ERROR(adapter.status());
    // An adapter that knows nothing, and one that is the second layer.
    for (const bool perfect : {false, true}) {
      ASSAY_ASSIGN_OR_RETURN(const sdk::Parameters set, Weights(run, perfect));
      ASSAY_ASSIGN_OR_RETURN(sdk::Decoder decoder, run.NewDecoder(set));
      ASSAY_ASSIGN_OR_RETURN(
          whole_, decoder.AddPart(net.graph, {net.tokens}, {net.logits}));
      ASSAY_ASSIGN_OR_RETURN(
          shallow_, decoder.AddPart(net.graph, {net.tokens}, {net.h1}));
      ASSAY_ASSIGN_OR_RETURN(
          deep_, decoder.AddPart(net.graph, {net.h1}, {net.logits}));
      ASSAY_ASSIGN_OR_RETURN(adapter_,
                             decoder.AddPart(adapter, {h}, {drafted}));
      const std::vector<int32_t> prompt = {1, 4, 2, 0};
      ASSAY_ASSIGN_OR_RETURN(const std::vector<int32_t> plain,
                             sdk::Generate(decoder, whole_, prompt, kNew));
      // Drafts go on, or end with the first.
      for (const double threshold : {0.0, 2.0}) {
        for (const uint32_t part : {shallow_, deep_, adapter_}) {
          ASSAY_RETURN_IF_ERROR(decoder.Truncate(part, 0));
        }
        rounds_ = 0;
        ASSAY_ASSIGN_OR_RETURN(
            const std::vector<int32_t> text,
            Speculate(run, decoder, prompt, kNew, threshold));
        ASSAY_PROBE(std::equal(plain.begin(), plain.end(),
                               text.begin() + prompt.size()),
                    "another text");
        // The prompt writes one token, a round 1 to kDrafted + 1 (or 2).
        const int64_t most = threshold > 1 ? 2 : kDrafted + 1;
        const int64_t least = (kNew - 1 + most - 1) / most;
        ASSAY_PROBE(rounds_ >= least && rounds_ < kNew,
                    std::to_string(rounds_));
        ASSAY_PROBE(!perfect || rounds_ == least, std::to_string(rounds_));
      }
    }
    return sdk::OkStatus();
  }

 private:
  static constexpr int64_t kTokens = 5, kWidth = 4;
  static constexpr int kDrafted = 3;

  static constexpr int64_t kNew = 14;

  static sdk::StatusOr<sdk::Parameters> Weights(const sdk::Run& run,
                                                bool perfect) {
    ASSAY_ASSIGN_OR_RETURN(sdk::Random random, run.Random("weights"));
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.NewParameters());
    const auto put = [&](const std::string& name, const sdk::Shape& shape) {
      std::vector<float> values(static_cast<size_t>(shape[0] * shape[1]));
      random.FillNormal({values.data(), values.size()}, 0, 1);
      return Put(&set, name, shape, values);
    };
    ASSAY_RETURN_IF_ERROR(put("table", {kTokens, kWidth}));
    ASSAY_RETURN_IF_ERROR(put("head", {kTokens, kWidth}));
    for (const std::string layer : {"layer1", "layer2", "adapter"}) {
      for (const char* matrix : {".query", ".key", ".value"}) {
        ASSAY_RETURN_IF_ERROR(put(layer + matrix, {kWidth, kWidth}));
        if (!perfect || layer != "adapter") continue;
        ASSAY_ASSIGN_OR_RETURN(const auto second,
                               set.Floats(std::string("layer2") + matrix));
        const std::vector<float> same(second.begin(), second.end());
        ASSAY_RETURN_IF_ERROR(
            Put(&set, layer + matrix, {kWidth, kWidth}, same));
      }
    }
    return set;
  }

  // Hidden states one behind the other.
  static sdk::StatusOr<sdk::Tensor> Join(
      const sdk::Run& run, const std::vector<std::vector<float>>& states) {
    ASSAY_ASSIGN_OR_RETURN(
        sdk::Tensor all,
        run.NewTensor(sdk::DType::kF32,
                      {1, static_cast<int64_t>(states.size()), kWidth}));
    size_t at = 0;
    for (const std::vector<float>& state : states) {
      for (const float value : state) all.values()[at++] = value;
    }
    return all;
  }

  sdk::StatusOr<std::vector<int32_t>> Speculate(const sdk::Run& run,
                                                sdk::Decoder& decoder,
                                                std::vector<int32_t> x,
                                                int64_t count,
                                                double threshold) {
    const size_t wanted = x.size() + static_cast<size_t>(count);
    // Prefill; the first token is the target's.
    ASSAY_RETURN_IF_ERROR(decoder.RunTokens(shallow_, x));
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor states, decoder.Fetch(shallow_));
    ASSAY_RETURN_IF_ERROR(decoder.Run(deep_, {&states}));
    ASSAY_RETURN_IF_ERROR(decoder.Run(adapter_, {&states}));
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor first, decoder.Fetch(deep_));
    x.push_back(
        sdk::ArgMax(sdk::LogitRow(first, static_cast<int64_t>(x.size()) - 1)));
    std::vector<std::vector<float>> lag;  // states that the adapter lacks
    while (x.size() < wanted) {
      ++rounds_;
      const size_t s = x.size() - 1;  // the last token has not been run
      std::vector<std::vector<float>> states_of_round;
      double confidence = 1;
      for (int k = 0;; ++k) {
        ASSAY_RETURN_IF_ERROR(decoder.RunTokens(shallow_, {x.back()}));
        ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor h, decoder.Fetch(shallow_));
        states_of_round.emplace_back(h.values().begin(), h.values().end());
        if (k == kDrafted || (k > 0 && confidence < threshold)) break;
        lag.push_back(states_of_round.back());
        ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor fed, Join(run, lag));
        ASSAY_RETURN_IF_ERROR(decoder.Run(adapter_, {&fed}));
        ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor z, decoder.Fetch(adapter_));
        const auto row = sdk::LogitRow(z, static_cast<int64_t>(lag.size()) - 1);
        lag.clear();
        x.push_back(sdk::ArgMax(row));
        const std::vector<double> q = sdk::Softmax(row);
        confidence = *std::max_element(q.begin(), q.end());
      }
      ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor fed, Join(run, states_of_round));
      ASSAY_RETURN_IF_ERROR(decoder.Run(deep_, {&fed}));
      ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor verified, decoder.Fetch(deep_));
      const size_t m = states_of_round.size();
      size_t kept = 0;
      int32_t token = 0;
      for (;; ++kept) {
        token =
            sdk::ArgMax(sdk::LogitRow(verified, static_cast<int64_t>(kept)));
        if (kept == m - 1 || token != x[s + 1 + kept]) break;
      }
      x.resize(s + 1 + kept);
      x.push_back(token);
      const int64_t length = static_cast<int64_t>(x.size()) - 1;
      ASSAY_RETURN_IF_ERROR(decoder.Truncate(shallow_, length));
      ASSAY_RETURN_IF_ERROR(decoder.Truncate(deep_, length));
      if (decoder.Length(adapter_) < length) {
        lag = {states_of_round.back()};
      } else {
        ASSAY_RETURN_IF_ERROR(decoder.Truncate(adapter_, length));
      }
    }
    return x;
  }

  uint32_t whole_ = 0, shallow_ = 0, deep_ = 0, adapter_ = 0;
  int64_t rounds_ = 0;
};

TEST(DecodeProbes, DraftAndVerify) {
  DraftAndVerify probe;
  RunProbe(probe);
}

}  // namespace
}  // namespace assay
