#include "harness/models/compose/spectrum.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/models/compose/testing.h"
#include "harness/ops/testing/evaluate.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pointwise;
using Values = std::vector<ValueId>;

TEST(FramesTest, OverlapWhereTheHopIsShort) {
  const auto frames = [](int64_t length, int64_t hop) -> Composition {
    return [=](GraphBuilder& b, const Values& x) {
      return Values{Frames(b, x[0], length, hop)};
    };
  };
  const Tensor src = F32({1, 7}, {0, 1, 2, 3, 4, 5, 6});
  EXPECT_THAT(ValuesOf(frames(3, 2), {src}),
              ElementsAre(0, 1, 2, 2, 3, 4, 4, 5, 6));
  EXPECT_THAT(ValuesOf(frames(2, 2), {src}), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(ValuesOf(frames(2, 4), {src}), ElementsAre(0, 1, 4, 5));
  EXPECT_OK(CheckComposition(frames(4, 2), {RandomTensor({2, 9})}));
}

TEST(StftTest, FindsATone) {
  // Two cycles of a cosine in eight samples: bin 2 has 8 / 2.
  std::vector<float> tone;
  for (int i = 0; i < 8; ++i) {
    tone.push_back(static_cast<float>(std::cos(M_PI * i / 2)));
  }
  const Composition power = [](GraphBuilder& b, const Values& x) {
    return Values{Power(b, Stft(b, x[0], std::vector<double>(8, 1.0), 8))};
  };
  EXPECT_THAT(ValuesOf(power, {F32({1, 8}, tone)}),
              Pointwise(DoubleNear(1e-5), {0, 0, 16, 0, 0}));
  EXPECT_OK(CheckComposition(power, {RandomTensor({2, 16})}));
}

TEST(StftTest, TheInverseGivesTheSoundBack) {
  const Composition there_and_back = [](GraphBuilder& b, const Values& x) {
    const std::vector<double> window = HannWindow(8);
    return Values{InverseStft(b, Stft(b, x[0], window, 2), window, 2)};
  };
  const Tensor sound = RandomTensor({2, 20});
  const std::vector<double> got = ValuesOf(there_and_back, {sound});
  const std::vector<double> want = ToDoubles(sound);
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    if (i % 20 == 0) continue;  // the window is 0 at the first sample
    EXPECT_NEAR(got[i], want[i], 1e-5) << i;
  }
  EXPECT_OK(CheckComposition(there_and_back, {sound}, 64, 1));
}

TEST(MelFiltersTest, TrianglesShareThePoints) {
  // Five bins at 0, 1000, ..., 4000 hertz; mel is nearly linear below 1000.
  const Tensor filters = MelFilters(2, 5, 8000, 0, 4000);
  EXPECT_EQ(filters.shape(), Shape({2, 5}));
  const std::vector<double> values = ToDoubles(filters);
  EXPECT_EQ(values[0], 0);  // the lowest point
  EXPECT_GT(values[1], 0);  // 1000 hertz lie in the first triangle
  EXPECT_EQ(values[3], 0);  // and 3000 do not
  EXPECT_GT(values[8], 0);
  EXPECT_EQ(values[9], 0);  // the highest point
  for (const double value : values) EXPECT_LE(value, 1);
}

TEST(LogMelTest, IsTheLogarithmOfWeightedSums) {
  const Tensor filters = Tensor::From<double>({2, 3}, {1, 0.5, 0, 0, 0.5, 1});
  const Composition log_mel = [&](GraphBuilder& b, const Values& x) {
    return Values{LogMel(b, x[0], filters, 1)};
  };
  EXPECT_THAT(ValuesOf(log_mel, {F32({1, 1, 3}, {1, 2, 4})}),
              ElementsAre(DoubleNear(std::log(3), 1e-6),
                          DoubleNear(std::log(6), 1e-6)));
  EXPECT_OK(CheckComposition(log_mel, {RandomTensor({1, 2, 3}, 0, 1)}));
}

}  // namespace
}  // namespace assay
