#include "datasets/syllables/syllables.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "datasets/syllables/synthesis.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"

namespace assay::datasets::syllables {
namespace {

std::unique_ptr<Dataset> Open() {
  auto dataset = Info().open({"", {{"front_end", "mfcc"}}, true});
  EXPECT_TRUE(dataset.ok()) << dataset.status();
  return *std::move(dataset);
}

// Opened once for all tests.
const Dataset& Shared() {
  static const Dataset* const dataset = Open().release();
  return *dataset;
}

TEST(SyllablesTest, SizesShapesAndBalance) {
  const Dataset& dataset = Shared();
  EXPECT_EQ(dataset.spec().sample_shape, (Shape{1, 49, 10}));
  EXPECT_EQ(dataset.size(Split::kTrain), 2000);
  EXPECT_EQ(dataset.size(Split::kValidation), 400);
  EXPECT_EQ(dataset.size(Split::kTest), 1000);
  for (Split split : kSplits) {
    std::array<int64_t, kClasses> counts{};
    Tensor x, y;
    for (int64_t i = 0; i < dataset.size(split); ++i) {
      ASSERT_TRUE(dataset.Batch(split, {i}, &x, &y).ok());
      ++counts[static_cast<size_t>(y.data<int32_t>()[0])];
    }
    for (int64_t count : counts) {
      EXPECT_EQ(count, dataset.size(split) / kClasses);
    }
  }
}

TEST(SyllablesTest, OpeningTwiceGivesTheSameBits) {
  const auto again = Open();
  EXPECT_EQ(Shared().spec().fingerprint, again->spec().fingerprint);
  Tensor xa, ya, xb, yb;
  ASSERT_TRUE(Shared().Batch(Split::kTest, {0, 500, 999}, &xa, &ya).ok());
  ASSERT_TRUE(again->Batch(Split::kTest, {0, 500, 999}, &xb, &yb).ok());
  EXPECT_TRUE(BitEqual(xa, xb) && BitEqual(ya, yb));
}

TEST(SynthesisTest, SoundIsOneSecondFiniteAndNotSilent) {
  RandomStream stream(3, "synthesis_test");
  for (int label = 0; label < kClasses; ++label) {
    const std::vector<float> sound = Synthesise(label, stream);
    ASSERT_EQ(sound.size(), 8000u);
    float peak = 0;
    for (float x : sound) {
      ASSERT_TRUE(std::isfinite(x));
      peak = std::max(peak, std::abs(x));
    }
    EXPECT_GE(peak, 0.09f);
    EXPECT_LE(peak, 1.0f);
  }
}

// Hiss crosses zero far more often than a voice does.
TEST(SynthesisTest, HissingSyllablesHaveMoreZeroCrossings) {
  const auto crossings = [](int label) {
    RandomStream stream(4, "synthesis_test");
    int64_t most = 0;
    for (int n = 0; n < 20; ++n) {
      const std::vector<float> sound = Synthesise(label, stream);
      for (size_t start = 0; start + 400 <= sound.size(); start += 400) {
        double energy = 0;
        int64_t count = 0;
        for (size_t i = start + 1; i < start + 400; ++i) {
          energy += sound[i] * sound[i];
          count += (sound[i] > 0) != (sound[i - 1] > 0);
        }
        if (energy > 1) most = std::max(most, count);
      }
    }
    return most;
  };
  EXPECT_GT(crossings(7), crossings(2));  // si, mi
}

}  // namespace
}  // namespace assay::datasets::syllables
