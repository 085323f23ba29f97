#include "datasets/shapes/shapes.h"

#include <array>
#include <cmath>
#include <set>
#include <string>

#include "datasets/shapes/outline.h"
#include "gtest/gtest.h"

namespace assay::datasets::shapes {
namespace {

std::unique_ptr<Dataset> Open(const std::string& colour) {
  auto dataset = Info().open({"", {{"colour", colour}}, true});
  EXPECT_TRUE(dataset.ok()) << dataset.status();
  return *std::move(dataset);
}

// Opened once for all tests.
const Dataset& Grey() {
  static const Dataset* const grey = Open("grey").release();
  return *grey;
}

TEST(ShapesTest, SizesAndShapes) {
  const auto rgb = Open("rgb");
  EXPECT_EQ(rgb->spec().sample_shape, (Shape{3, 32, 32}));
  EXPECT_EQ(rgb->size(Split::kTrain), 6000);
  EXPECT_EQ(rgb->size(Split::kValidation), 1000);
  EXPECT_EQ(rgb->size(Split::kTest), 2000);
  EXPECT_EQ(Grey().spec().sample_shape, (Shape{1, 28, 28}));
  EXPECT_NE(Grey().spec().fingerprint, rgb->spec().fingerprint);
}

TEST(ShapesTest, OpeningTwiceGivesTheSameBits) {
  const auto again = Open("grey");
  EXPECT_EQ(Grey().spec().fingerprint, again->spec().fingerprint);
  for (Split split : kSplits) {
    Tensor xa, ya, xb, yb;
    ASSERT_TRUE(Grey().Batch(split, {0, 7, 999}, &xa, &ya).ok());
    ASSERT_TRUE(again->Batch(split, {0, 7, 999}, &xb, &yb).ok());
    EXPECT_TRUE(BitEqual(xa, xb) && BitEqual(ya, yb));
  }
}

TEST(ShapesTest, EverySplitIsBalancedAndItsOwn) {
  const Dataset& dataset = Grey();
  std::set<std::string> first;
  for (Split split : kSplits) {
    std::array<int64_t, kClasses> counts{};
    Tensor x, y;
    for (int64_t i = 0; i < dataset.size(split); ++i) {
      ASSERT_TRUE(dataset.Batch(split, {i}, &x, &y).ok());
      ++counts[static_cast<size_t>(y.data<int32_t>()[0])];
      if (i == 0) {
        first.emplace(static_cast<const char*>(x.raw()),
                      static_cast<size_t>(x.bytes()));
      }
    }
    for (int64_t count : counts) {
      EXPECT_EQ(count, dataset.size(split) / kClasses);
    }
  }
  EXPECT_EQ(first.size(), 3u);
}

TEST(ShapesTest, UnknownColourIsRefused) {
  EXPECT_EQ(Info().open({"", {{"colour", "red"}}, true}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(OutlineTest, CentreIsInsideExceptOfTheRing) {
  for (int label = 0; label < kClasses; ++label) {
    // The centre of the ell is its notch.
    if (label == 1 || label == 9) continue;
    EXPECT_LT(SignedDistance(label, 0, 0), 0) << kClassNames[label];
  }
  EXPECT_GT(SignedDistance(1, 0, 0), 0);
}

TEST(OutlineTest, FarPointsAreOutside) {
  for (int label = 0; label < kClasses; ++label) {
    for (int i = 0; i < 16; ++i) {
      const float angle = static_cast<float>(i) * 0.3927f;
      EXPECT_GT(
          SignedDistance(label, 1.5f * std::cos(angle), 1.5f * std::sin(angle)),
          0.1f)
          << kClassNames[label];
    }
  }
}

TEST(OutlineTest, DistancesOfPlainCases) {
  EXPECT_FLOAT_EQ(SignedDistance(0, 0, 2), 1.1f);    // disc of radius 0.9
  EXPECT_FLOAT_EQ(SignedDistance(2, 1.75f, 0), 1);   // square of half 0.75
  EXPECT_NEAR(SignedDistance(3, 0, -1), 0, 1e-6);    // triangle's corner
  EXPECT_NEAR(SignedDistance(4, 0, -1), 0, 1e-6);    // pentagon's corner
  EXPECT_NEAR(SignedDistance(6, 0, 1), 0, 1e-6);     // star's point
  EXPECT_NEAR(SignedDistance(5, 0.5f, 0), 0, 1e-6);  // diamond's corner
}

}  // namespace
}  // namespace assay::datasets::shapes
