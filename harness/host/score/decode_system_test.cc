#include "harness/host/score/decode_system.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/registry.h"
#include "harness/backend/session.h"
#include "harness/core/tensor.h"
#include "harness/graph/builder.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/graph/rewrites/with_cache.h"
#include "harness/host/score/plan.h"
#include "harness/models/init.h"
#include "harness/models/lmd/lmd.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"
#include "harness/train/batch.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kContext = 16, kVocabulary = 19;

// Two prompts.
class TokenSource final : public BatchSource {
 public:
  int64_t batch_size() const override { return 1; }
  int64_t batch_count() const override { return 2; }
  absl::StatusOr<Batch> Make(int64_t number) override {
    std::vector<int32_t> tokens(kContext);
    for (size_t i = 0; i < tokens.size(); ++i) {
      tokens[i] = static_cast<int32_t>(
          (3 * i + 7 * static_cast<size_t>(number)) % kVocabulary);
    }
    Batch batch;
    batch.samples = 1;
    batch.feeds.emplace_back("tokens",
                             Tensor::From<int32_t>({1, kContext}, tokens));
    return batch;
  }
};

class DecodeSystemTest : public ::testing::Test {
 protected:
  void SetUp() override {
    LmdOptions lmd;
    lmd.vocabulary = kVocabulary;
    lmd.layers = 2;
    lmd.features = 32;
    lmd.heads = 4;
    lmd.kv_heads = 2;
    lmd.hidden = 48;
    lmd.context = kContext;
    ASSERT_OK_AND_ASSIGN(ReferenceGraph made, Lmd(StandardOps(), lmd, {}));
    ASSERT_OK_AND_ASSIGN(parameters_,
                         Initialise(made.graph, made.initialisers, 5));
    graph_ = std::move(made.graph);
    ASSERT_OK_AND_ASSIGN(device_, MakeDevice("cpu"));
  }

  // Greedy, the whole text again for every token.
  std::vector<int32_t> Slowly(std::vector<int32_t> text, int64_t count) {
    DeviceParameters loaded(device_.get());
    EXPECT_OK(loaded.Load(parameters_));
    const auto one = Rebatch(graph_, 1);
    auto session = Session::Make(device_.get(), *one, &loaded);
    EXPECT_OK(session.status());
    std::vector<int32_t> written;
    for (int64_t i = 0; i < count; ++i) {
      std::vector<int32_t> padded = text;
      padded.resize(kContext, 0);
      EXPECT_OK((*session)->Feed("tokens",
                                 Tensor::From<int32_t>({1, kContext}, padded)));
      EXPECT_OK((*session)->Run());
      const Tensor logits = *(*session)->Fetch("logits");
      const float* row = logits.data<float>() +
                         (static_cast<int64_t>(text.size()) - 1) * kVocabulary;
      written.push_back(
          static_cast<int32_t>(std::max_element(row, row + kVocabulary) - row));
      text.push_back(written.back());
    }
    return written;
  }

  std::vector<int32_t> Prompt(int64_t number, size_t length) {
    TokenSource source;
    const Tensor tokens = source.Make(number)->feeds[0].second;
    return {tokens.data<int32_t>(), tokens.data<int32_t>() + length};
  }

  Graph graph_{StandardOps()};
  ParameterStore parameters_;
  std::unique_ptr<Device> device_;
};

TEST_F(DecodeSystemTest, WritesWhatTheNetworkWouldWrite) {
  DecodeSystemOptions options;
  options.precision = "f32";
  options.prompt = 7;  // 4 + 2 + 1
  options.new_tokens = 6;
  TokenSource source;
  ASSERT_OK_AND_ASSIGN(
      const auto decode,
      DecodeSystem::Make(device_.get(), graph_, parameters_, options));
  ASSERT_OK(decode->LoadBatches(source, 2));
  EXPECT_EQ(decode->samples(), 1);
  const std::vector<int32_t> slow = Slowly(Prompt(0, 7), 7);
  // The same again: every query begins behind the prompt.
  for (int i = 0; i < 2; ++i) {
    ASSERT_OK(decode->Answer({0}));
    EXPECT_EQ(decode->written(),
              std::vector<int32_t>(slow.begin() + 1, slow.end()));
  }
  EXPECT_GT(decode->bytes(), 0);

  options.prefill = true;
  ASSERT_OK_AND_ASSIGN(
      const auto prefill,
      DecodeSystem::Make(device_.get(), graph_, parameters_, options));
  ASSERT_OK(prefill->LoadBatches(source, 2));
  EXPECT_EQ(prefill->samples(), 2);
  for (int64_t sample : {1, 0}) {
    ASSERT_OK(prefill->Answer({sample}));
    EXPECT_EQ(prefill->written(), Slowly(Prompt(sample, 7), 1));
  }
}

TEST_F(DecodeSystemTest, CachesCountOnceAndConstantsWithEachPlan) {
  ASSERT_OK_AND_ASSIGN(const Graph one, Rebatch(graph_, 1));
  int64_t plans = 0, caches = 0;
  for (const int64_t positions : {1, 2}) {
    ASSERT_OK_AND_ASSIGN(const CachedNetwork cached, WithCache(one, positions));
    ASSERT_OK_AND_ASSIGN(const LoweredNetwork lowered,
                         LowerForInference(cached.graph, parameters_));
    ASSERT_OK_AND_ASSIGN(const auto program,
                         device_->Compile(lowered.graph, {.threads = 1}));
    plans += ConstantBytes(program->graph()) + program->scratch_bytes();
    caches = cached.caches.bytes();
  }
  DecodeSystemOptions options;
  options.precision = "f32";
  options.prompt = 3;  // 2 + 1
  ASSERT_OK_AND_ASSIGN(
      const auto decode,
      DecodeSystem::Make(device_.get(), graph_, parameters_, options));
  EXPECT_EQ(decode->bytes(), plans + caches);
}

// A candidate may have lost all of its attention.
TEST_F(DecodeSystemTest, ANetworkWithoutAttentionWritesToo) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId tokens = b.Input("tokens", DType::kS32, {1, kContext});
  const ValueId table = b.Parameter("table", DType::kF32, {kVocabulary, 2});
  b.Output("logits", b.Op("linear", {b.Op("gather", {table, tokens}), table}));
  ASSERT_OK(b.status());
  // Row t is (1, t): the last token is the most likely one behind any.
  Tensor rows(DType::kF32, {kVocabulary, 2});
  ParameterStore parameters;
  for (int64_t t = 0; t < kVocabulary; ++t) {
    rows.data<float>()[2 * t] = 1;
    rows.data<float>()[2 * t + 1] = static_cast<float>(t);
  }
  parameters.Set("table", rows);
  DecodeSystemOptions options;
  options.new_tokens = 2;
  TokenSource source;
  ASSERT_OK_AND_ASSIGN(
      const auto system,
      DecodeSystem::Make(device_.get(), graph, parameters, options));
  ASSERT_OK(system->LoadBatches(source, 1));
  ASSERT_OK(system->Answer({0}));
  EXPECT_EQ(system->written(),
            (std::vector<int32_t>{kVocabulary - 1, kVocabulary - 1}));
}

TEST_F(DecodeSystemTest, LengthsAreSettledByTheContext) {
  ASSERT_OK_AND_ASSIGN(
      const auto system,
      DecodeSystem::Make(device_.get(), graph_, parameters_, {}));
  EXPECT_EQ(system->options().prompt, 8);
  EXPECT_EQ(system->options().new_tokens, 8);
  DecodeSystemOptions options;
  options.prompt = kContext;
  EXPECT_THAT(std::string(DecodeSystem::Make(device_.get(), graph_, parameters_,
                                             options)
                              .status()
                              .message()),
              HasSubstr("a prompt of 16 tokens in a context of 16"));
}

}  // namespace
}  // namespace assay
