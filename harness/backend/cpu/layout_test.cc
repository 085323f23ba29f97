#include "harness/backend/cpu/layout.h"

#include "gtest/gtest.h"

namespace assay::cpu {
namespace {

using dnnl::memory;
using tag = memory::format_tag;

const TensorType kImage = {DType::kF32, {2, 32, 4, 5}};

Layout Tagged(const TensorType& type, tag t) {
  return LayoutOf(type, memory::desc(type.shape, DnnlType(type.dtype), t));
}

TEST(LayoutTest, KnowsRowMajorWhateverTheStrideOfOnes) {
  EXPECT_TRUE(Tagged(kImage, tag::nchw).plain);
  EXPECT_FALSE(Tagged(kImage, tag::nhwc).plain);
  // One pixel: channels last or first is the same memory.
  EXPECT_TRUE(Tagged({DType::kF32, {2, 32, 1, 1}}, tag::nhwc).plain);
}

TEST(LayoutTest, SeesPadding) {
  EXPECT_FALSE(Tagged(kImage, tag::nChw16c).padded);
  const Layout padded = Tagged({DType::kF32, {2, 20, 4, 5}}, tag::nChw16c);
  EXPECT_TRUE(padded.padded);
  EXPECT_EQ(padded.bytes, 2 * 32 * 4 * 5 * 4);
}

TEST(LayoutTest, HasNoDescriptorForWideTypes) {
  const Layout layout = PlainLayout({DType::kS64, {3}});
  EXPECT_EQ(layout.desc.get_ndims(), 0);
  EXPECT_EQ(layout.bytes, 24);
}

TEST(LayoutTest, ViewsChannels) {
  const auto rows = ViewChannels(Tagged(kImage, tag::nchw), kImage.shape);
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->blocks, 32);
  EXPECT_EQ(rows->block, 1);
  const auto last = ViewChannels(Tagged(kImage, tag::nhwc), kImage.shape);
  ASSERT_TRUE(last.ok());
  EXPECT_EQ(last->blocks, 1);
  EXPECT_EQ(last->block, 32);
  EXPECT_EQ(last->inner, 20);
  const auto blocked = ViewChannels(Tagged(kImage, tag::nChw16c), kImage.shape);
  ASSERT_TRUE(blocked.ok());
  EXPECT_EQ(blocked->blocks, 2);
  EXPECT_EQ(blocked->block, 16);
  // Height and width exchanged.
  EXPECT_FALSE(ViewChannels(Tagged(kImage, tag::abdc), kImage.shape).ok());
}

TEST(LayoutTest, ChangesTypeAndShapeWithinAForm) {
  const Layout blocked = Tagged(kImage, tag::nChw16c);
  const auto bytes = WithType(blocked.desc, DType::kU8);
  ASSERT_TRUE(bytes.has_value());
  EXPECT_EQ(*bytes,
            memory::desc({2, 32, 4, 5}, memory::data_type::u8, tag::nChw16c));
  EXPECT_EQ(*Relaid(blocked, {DType::kF32, {2, 64, 2, 2}}),
            memory::desc({2, 64, 2, 2}, memory::data_type::f32, tag::nChw16c));
  EXPECT_FALSE(Relaid(blocked, {DType::kF32, {2, 20, 2, 2}}).has_value());
  EXPECT_EQ(*Relaid(Tagged(kImage, tag::nhwc), {DType::kF32, {2, 20, 2, 2}}),
            memory::desc({2, 20, 2, 2}, memory::data_type::f32, tag::nhwc));
}

}  // namespace
}  // namespace assay::cpu
