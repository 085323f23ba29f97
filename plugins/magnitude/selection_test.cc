#include "plugins/magnitude/selection.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace assay::magnitude {
namespace {

using Mask = std::vector<uint8_t>;
using Scores = std::vector<double>;

TEST(DropLowestTest, RanksAllTensorsTogether) {
  const Scores a = {3, 1, 5}, b = {2, 4};
  Mask ma(3, 1), mb(2, 1);
  ASSERT_TRUE(DropLowest({{a, ma}, {b, mb}}, 2).ok());
  EXPECT_EQ(ma, Mask({1, 0, 1}));
  EXPECT_EQ(mb, Mask({0, 1}));
}

TEST(DropLowestTest, TiesGoLowestTensorThenLowestIndexFirst) {
  const Scores a = {1, 1}, b = {1, 1};
  Mask ma(2, 1), mb(2, 1);
  ASSERT_TRUE(DropLowest({{a, ma}, {b, mb}}, 3).ok());
  EXPECT_EQ(ma, Mask({0, 0}));
  EXPECT_EQ(mb, Mask({0, 1}));
}

TEST(DropLowestTest, DeadEntriesNeitherCountNorReturn) {
  const Scores a = {0, 7, 8};
  Mask mask = {0, 1, 1};
  ASSERT_TRUE(DropLowest({{a, mask}}, 1).ok());
  EXPECT_EQ(mask, Mask({0, 0, 1}));
  EXPECT_EQ(CountAlive(mask), 1);
}

TEST(DropLowestTest, RefusesWhatItCannotDoAndLeavesMasksAlone) {
  const Scores a = {1, std::nan("")};
  Mask mask(2, 1);
  EXPECT_EQ(DropLowest({{a, mask}}, 1).message(),
            "the score of tensor 0, index 1 is not a number");
  const Scores b = {1, 2};
  EXPECT_EQ(DropLowest({{b, mask}}, 3).message(),
            "cannot drop 3 of 2 alive weights");
  EXPECT_FALSE(DropLowest({{b, mask}}, -1).ok());
  Mask wrong(1, 1);
  EXPECT_FALSE(DropLowest({{b, wrong}}, 1).ok());
  EXPECT_EQ(mask, Mask({1, 1}));
}

}  // namespace
}  // namespace assay::magnitude
