#include "datasets/text/text_dataset.h"

#include "gtest/gtest.h"
#include "harness/core/tensor.h"

namespace assay {
namespace {

std::unique_ptr<Dataset> Small(const std::string& tokens) {
  const std::vector<LabelledLine> train = {{"ab ab", 1}, {"b a\tb", 0}};
  DatasetSpec spec;
  spec.name = "small";
  spec.classes = 2;
  return MakeTextDataset(spec, {{"tokens", tokens}, {"length", "6"}},
                         {train, {{"ab", 0}}, {{"abababab", 1}, {"", 0}}});
}

Tensor Features(const Dataset& dataset, Split split) {
  std::vector<int64_t> all;
  for (int64_t i = 0; i < dataset.size(split); ++i) all.push_back(i);
  Tensor x, y;
  EXPECT_TRUE(dataset.Batch(split, all, &x, &y).ok());
  return x;
}

TEST(TextDatasetTest, BytesBetweenMarks) {
  const auto dataset = Small("bytes");
  EXPECT_EQ(dataset->spec().vocabulary, 256);
  EXPECT_TRUE(BitEqual(
      Features(*dataset, Split::kTrain),
      Tensor::From<int32_t>(
          {2, 6}, {2, 'a', 'b', ' ', 'a', 3, 2, 'b', ' ', 'a', 1, 3})));
}

TEST(TextDatasetTest, ShortTextIsPaddedAndLongTextKeepsItsEndMark) {
  EXPECT_TRUE(BitEqual(Features(*Small("bytes"), Split::kTest),
                       Tensor::From<int32_t>({2, 6}, {2, 'a', 'b', 'a', 'b', 3,
                                                      2, 3, 0, 0, 0, 0})));
}

TEST(TextDatasetTest, WordPiecesAreThoseOfTheTrainingSplit) {
  // Ids: a 5, b 6, ##b 7, then a##b twice: ab 8.
  const auto dataset = Small("wp8192");
  EXPECT_EQ(dataset->spec().vocabulary, 8192);
  EXPECT_TRUE(BitEqual(
      Features(*dataset, Split::kTrain),
      Tensor::From<int32_t>({2, 6}, {2, 8, 8, 3, 0, 0, 2, 6, 5, 6, 3, 0})));
  EXPECT_TRUE(BitEqual(Features(*dataset, Split::kValidation),
                       Tensor::From<int32_t>({1, 6}, {2, 8, 3, 0, 0, 0})));
}

}  // namespace
}  // namespace assay
