#include "harness/models/lmd/lmd_decoder.h"

#include <cmath>
#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/backend/session.h"
#include "harness/core/random.h"
#include "harness/graph/reference.h"
#include "harness/models/init.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

constexpr int64_t kLength = 20;

LmdOptions Small() {
  LmdOptions options;
  options.layers = 2;
  options.kv_heads = 2;
  options.context = kLength;
  return options;
}

struct Network {
  Graph graph;
  ParameterStore parameters;
};

// Weights larger than a network starts with, so that layers say something.
Network MakeNetwork() {
  auto made = Lmd(StandardOps(), Small(), {});
  EXPECT_TRUE(made.ok()) << made.status();
  auto parameters = Initialise(made->graph, made->initialisers, 3);
  EXPECT_TRUE(parameters.ok()) << parameters.status();
  for (const std::string& name : parameters->Names()) {
    Tensor* value = parameters->Find(name);
    if (value->rank() != 2) continue;
    for (float& x : value->span<float>()) x *= 4;
  }
  return {std::move(made->graph), *std::move(parameters)};
}

Tensor Tokens() {
  Tensor tokens(DType::kS32, {1, kLength});
  RandomStream stream(8, "tokens");
  for (int32_t& t : tokens.span<int32_t>()) {
    t = static_cast<int32_t>(stream.Below(256));
  }
  return tokens;
}

// Logits [kLength, vocabulary] of the whole sequence at once.
Tensor AtOnce(const Network& net) {
  auto run = Evaluate(net.graph, {{"tokens", Tokens()}}, net.parameters);
  EXPECT_TRUE(run.ok()) << run.status();
  return run->outputs.at("logits");
}

// The largest difference of logits, token by token on the cpu backend with the
// cache, as a fraction of the largest logit. Two sequences, the second over
// what the first left in the caches.
double LargestDifference(const Network& net, DType matrices, int threads) {
  const Tensor want = AtOnce(net), tokens = Tokens();
  auto decoder =
      MakeLmdDecoder(StandardOps(), Small(), net.parameters, matrices);
  EXPECT_TRUE(decoder.ok()) << decoder.status();
  const std::unique_ptr<Device> device = MakeCpuDevice();
  DeviceParameters caches(device.get());
  EXPECT_TRUE(caches.Load(decoder->caches).ok());
  auto session = Session::Make(device.get(), decoder->graph, &caches,
                               {.threads = threads});
  EXPECT_TRUE(session.ok()) << session.status();
  double worst = 0, largest = 0;
  for (int64_t step = 0; step < 2 * kLength; ++step) {
    const int64_t t = step % kLength;
    Tensor token(DType::kS32, {1}), position(DType::kS32, {});
    *token.data<int32_t>() = tokens.data<int32_t>()[t];
    *position.data<int32_t>() = static_cast<int32_t>(t);
    EXPECT_TRUE((*session)->Feed("token", token).ok());
    EXPECT_TRUE((*session)->Feed("position", position).ok());
    EXPECT_TRUE((*session)->Run().ok());
    const Tensor logits = *(*session)->Fetch("logits");
    int64_t best = 0;
    for (int64_t i = 0; i < logits.size(); ++i) {
      const float w = want.data<float>()[t * logits.size() + i];
      const float got = logits.data<float>()[i];
      if (got > logits.data<float>()[best]) best = i;
      largest = std::max(largest, static_cast<double>(std::abs(w)));
      worst = std::max(worst, static_cast<double>(std::abs(w - got)));
    }
    EXPECT_EQ(*(*session)->Fetch("next")->data<int32_t>(), best);
  }
  return worst / largest;
}

TEST(LmdDecoderTest, EqualsTheNetworkWithoutCache) {
  const Network net = MakeNetwork();
  EXPECT_LT(LargestDifference(net, DType::kF32, 1), 1e-5);
  EXPECT_LT(LargestDifference(net, DType::kF32, 2), 1e-5);
}

TEST(LmdDecoderTest, StaysCloseWithNarrowMatrices) {
  const Network net = MakeNetwork();
  EXPECT_LT(LargestDifference(net, DType::kBF16, 1), 0.02);
  EXPECT_LT(LargestDifference(net, DType::kS8, 2), 0.04);
  EXPECT_LT(LargestDifference(net, DType::kU8, 1), 0.5);
  EXPECT_LT(LargestDifference(net, DType::kU8, 2), 0.5);
}

TEST(LmdDecoderTest, RefusesAPositionBeyondTheCache) {
  const Network net = MakeNetwork();
  ASSERT_OK_AND_ASSIGN(
      const LmdDecoder decoder,
      MakeLmdDecoder(StandardOps(), Small(), net.parameters, DType::kF32));
  const std::unique_ptr<Device> device = MakeCpuDevice();
  DeviceParameters caches(device.get());
  ASSERT_OK(caches.Load(decoder.caches));
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Session> session,
                       Session::Make(device.get(), decoder.graph, &caches));
  Tensor position(DType::kS32, {});
  *position.data<int32_t>() = kLength;
  ASSERT_OK(session->Feed("token", Tensor::Zeros(DType::kS32, {1})));
  ASSERT_OK(session->Feed("position", position));
  EXPECT_EQ(session->Run().code(), absl::StatusCode::kOutOfRange);
}

}  // namespace
}  // namespace assay
