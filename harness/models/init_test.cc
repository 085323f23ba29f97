#include "harness/models/init.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

using Kind = Initialiser::Kind;

Graph TwoParameters() {
  Graph graph(StandardOps());
  EXPECT_TRUE(graph.AddParameter("a", {DType::kF32, {100, 100}}).ok());
  EXPECT_TRUE(graph.AddParameter("b", {DType::kF32, {3}}).ok());
  return graph;
}

TEST(InitTest, FansFollowTheFormulas) {
  const std::vector<int64_t> conv = {64, 16, 3, 3}, depthwise = {64, 1, 3, 3};
  EXPECT_DOUBLE_EQ(HeFanIn(conv), std::sqrt(2.0 / (16 * 9)));
  EXPECT_DOUBLE_EQ(HeFanOut(conv, 1), std::sqrt(2.0 / (64 * 9)));
  EXPECT_DOUBLE_EQ(HeFanOut(depthwise, 64), std::sqrt(2.0 / 9));
  EXPECT_DOUBLE_EQ(LecunFanIn({10, 400}), 0.05);
}

TEST(InitTest, DrawsAsDeclared) {
  const std::vector<Initialiser> initialisers = {{"a", Kind::kNormal, 0.5},
                                                 {"b", Kind::kConstant, 2}};
  const auto store = Initialise(TwoParameters(), initialisers, /*seed=*/1);
  ASSERT_TRUE(store.ok());
  double sum = 0, squares = 0;
  for (const float v : store->Find("a")->span<float>()) {
    sum += v;
    squares += v * v;
  }
  EXPECT_NEAR(sum / 1e4, 0, 0.02);  // 4 standard errors
  EXPECT_NEAR(std::sqrt(squares / 1e4), 0.5, 0.015);
  EXPECT_THAT(store->Find("b")->span<float>(), testing::Each(2.0f));
}

TEST(InitTest, SeedsDifferAndOneMoreParameterShiftsNoOther) {
  const std::vector<Initialiser> both = {{"a", Kind::kUniform, 1},
                                         {"b", Kind::kUniform, 1}};
  Graph only_b(StandardOps());
  ASSERT_TRUE(only_b.AddParameter("b", {DType::kF32, {3}}).ok());
  const auto one = Initialise(TwoParameters(), both, 1);
  const auto other = Initialise(TwoParameters(), both, 2);
  const auto alone =
      Initialise(only_b, {Initialiser{"b", Kind::kUniform, 1}}, 1);
  EXPECT_FALSE(BitEqual(*one->Find("b"), *other->Find("b")));
  EXPECT_TRUE(BitEqual(*one->Find("b"), *alone->Find("b")));
}

TEST(InitTest, RefusesGapsAndStrangers) {
  EXPECT_FALSE(Initialise(TwoParameters(), {{"a", Kind::kNormal, 1}}, 1).ok());
  EXPECT_FALSE(Initialise(TwoParameters(),
                          {Initialiser{"a", Kind::kNormal, 1},
                           Initialiser{"b", Kind::kNormal, 1},
                           Initialiser{"c", Kind::kNormal, 1}},
                          1)
                   .ok());
}

}  // namespace
}  // namespace assay
