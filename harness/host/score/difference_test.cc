#include "harness/host/score/difference.h"

#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace assay {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr double kLargest = std::numeric_limits<double>::max();

double Of(std::vector<float> a, std::vector<float> b) {
  return LargestDifference(Tensor::From<float>({2}, a),
                           Tensor::From<float>({2}, b));
}

TEST(DifferenceTest, IsTheLargestOfAll) {
  EXPECT_EQ(Of({1, 2}, {1.5, 4}), 2);
  EXPECT_EQ(Of({1, -2}, {1, -2}), 0);
}

TEST(DifferenceTest, ANanThatOnlyOneHasIsNotOverlooked) {
  EXPECT_EQ(Of({1, kNan}, {1, 2}), kLargest);
  EXPECT_EQ(Of({kNan, 2}, {1, 3}), kLargest);  // whatever comes after it
  EXPECT_EQ(Of({1, kInfinity}, {1, 2}), kLargest);
  EXPECT_EQ(Of({1, kInfinity}, {1, -kInfinity}), kLargest);
}

TEST(DifferenceTest, EqualOnesThatAreNoNumbersDoNotDiffer) {
  EXPECT_EQ(Of({kNan, kInfinity}, {kNan, kInfinity}), 0);
}

TEST(DifferenceTest, OtherShapesAreAsFarApartAsCanBe) {
  EXPECT_EQ(LargestDifference(Tensor::From<float>({2}, {1, 2}),
                              Tensor::From<float>({1}, {1})),
            kLargest);
}

}  // namespace
}  // namespace assay
