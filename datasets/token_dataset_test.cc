#include "datasets/token_dataset.h"

#include <vector>

#include "gtest/gtest.h"

namespace assay {
namespace {

DatasetSpec Spec() {
  DatasetSpec spec;
  spec.name = "s";
  return spec;
}

TEST(TokenDatasetTest, SamplesAreWindowsAndLabelsTheNextBytes) {
  const auto dataset =
      MakeTokenDataset(Spec(), 3, {"abcdef", "1234", "xyz\xff"});
  ASSERT_TRUE(dataset.ok());
  EXPECT_EQ((*dataset)->size(Split::kTrain), 3);
  EXPECT_EQ((*dataset)->size(Split::kValidation), 1);
  Tensor x, y;
  ASSERT_TRUE((*dataset)->Batch(Split::kTrain, {2, 0}, &x, &y).ok());
  EXPECT_EQ(x.TypeString(), "s32[2,3]");
  EXPECT_TRUE(BitEqual(
      x, Tensor::From<int32_t>({2, 3}, {'c', 'd', 'e', 'a', 'b', 'c'})));
  EXPECT_TRUE(BitEqual(
      y, Tensor::From<int32_t>({2, 3}, {'d', 'e', 'f', 'b', 'c', 'd'})));
}

TEST(TokenDatasetTest, BytesAreUnsigned) {
  const auto dataset =
      MakeTokenDataset(Spec(), 3, {"abcdef", "1234", "xyz\xff"});
  Tensor x, y;
  ASSERT_TRUE((*dataset)->Batch(Split::kTest, {0}, &x, &y).ok());
  EXPECT_EQ(y.data<int32_t>()[2], 255);
}

TEST(TokenDatasetTest, StreamShorterThanAWindowIsDataLoss) {
  EXPECT_EQ(MakeTokenDataset(Spec(), 3, {"abcd", "123", "wxyz"}).status(),
            absl::DataLossError("s: split validation has 3 bytes; expected "
                                "more than the window of 3"));
}

TEST(CountWordsTest, CountsBlankSeparatedWordsAndLineEnds) {
  EXPECT_EQ(CountWords(" the cat \n \n = Title = \n"), 5 + 3);
  EXPECT_EQ(CountWords("no end"), 2);
  EXPECT_EQ(CountWords(""), 0);
}

}  // namespace
}  // namespace assay
