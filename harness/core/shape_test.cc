#include "harness/core/shape.h"

#include "gtest/gtest.h"

namespace assay {
namespace {

TEST(ShapeTest, CountsElements) {
  EXPECT_EQ(ElementCount({2, 3, 4}), 24);
  EXPECT_EQ(ElementCount({}), 1);
  EXPECT_EQ(ElementCount({5, 0}), 0);
}

TEST(ShapeTest, LastExtentIsContiguous) {
  EXPECT_EQ(RowMajorStrides({2, 3, 4}), (std::vector<int64_t>{12, 4, 1}));
  EXPECT_EQ(RowMajorStrides({7}), (std::vector<int64_t>{1}));
  EXPECT_TRUE(RowMajorStrides({}).empty());
}

TEST(ShapeTest, PrintsAsInGraphText) {
  EXPECT_EQ(ToString({2, 3, 4}), "[2,3,4]");
  EXPECT_EQ(ToString({}), "[]");
}

}  // namespace
}  // namespace assay
