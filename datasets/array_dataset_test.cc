#include "datasets/array_dataset.h"

#include <algorithm>
#include <vector>

#include "gtest/gtest.h"

namespace assay {
namespace {

// Three grey 1x2 "images" with pixels {0, 51}, {102, 153}, {204, 255}.
std::shared_ptr<const Pool> SmallPool() {
  return std::make_shared<Pool>(
      Pool{Tensor::From<uint8_t>({3, 1, 1, 2}, {0, 51, 102, 153, 204, 255}),
           Tensor::From<int32_t>({3}, {2, 0, 1})});
}

std::unique_ptr<Dataset> SmallDataset() {
  DatasetSpec spec;
  spec.name = "small";
  spec.sample_shape = {1, 1, 2};
  spec.classes = 3;
  const auto pool = SmallPool();
  return MakeArrayDataset(spec,
                          {Rows{pool, {0, 2}}, Rows{pool, {1}}, AllRows(pool)});
}

template <typename T>
std::vector<T> Values(const Tensor& t) {
  return std::vector<T>(t.span<T>().begin(), t.span<T>().end());
}

TEST(ArrayDatasetTest, SplitsListRows) {
  const auto dataset = SmallDataset();
  EXPECT_EQ(dataset->size(Split::kTrain), 2);
  EXPECT_EQ(dataset->size(Split::kValidation), 1);
  EXPECT_EQ(dataset->size(Split::kTest), 3);
}

TEST(ArrayDatasetTest, BatchGathersInTheOrderAsked) {
  Tensor x, y;
  ASSERT_TRUE(SmallDataset()->Batch(Split::kTrain, {1, 0, 1}, &x, &y).ok());
  EXPECT_EQ(x.TypeString(), "f32[3,1,1,2]");
  EXPECT_EQ(Values<float>(x), (std::vector<float>{0.8f, 1, 0, 0.2f, 0.8f, 1}));
  EXPECT_EQ(y.TypeString(), "s32[3]");
  EXPECT_EQ(Values<int32_t>(y), (std::vector<int32_t>{1, 2, 1}));
}

TEST(ArrayDatasetTest, BatchReusesTensorsThatFit) {
  const auto dataset = SmallDataset();
  Tensor x, y;
  ASSERT_TRUE(dataset->Batch(Split::kTest, {0, 1}, &x, &y).ok());
  const void* memory = x.raw();
  ASSERT_TRUE(dataset->Batch(Split::kTest, {1, 2}, &x, &y).ok());
  EXPECT_EQ(x.raw(), memory);
  EXPECT_EQ(Values<float>(x), (std::vector<float>{0.4f, 0.6f, 0.8f, 1}));
}

TEST(ArrayDatasetTest, RelabelledClassesHaveOtherNumbersAndTheSameNames) {
  DatasetSpec spec;
  spec.name = "small";
  spec.sample_shape = {1, 1, 2};
  spec.classes = 3;
  spec.class_names = {"cat", "dog", "owl"};
  const auto pool = SmallPool();
  const auto dataset =
      MakeArrayDataset(spec, {AllRows(pool), AllRows(pool), AllRows(pool)});
  const std::vector<int32_t> order = {1, 2, 0};  // a cat is a 1 from now on
  dataset->Relabel(order);
  Tensor x, y;
  ASSERT_TRUE(dataset->Batch(Split::kTrain, {0, 1, 2}, &x, &y).ok());
  EXPECT_EQ(Values<int32_t>(y), (std::vector<int32_t>{0, 1, 2}));
  EXPECT_EQ(dataset->spec().class_names,
            (std::vector<std::string>{"owl", "cat", "dog"}));
  dataset->Relabel(order);
  ASSERT_TRUE(dataset->Batch(Split::kTrain, {0, 1, 2}, &x, &y).ok());
  EXPECT_EQ(Values<int32_t>(y), (std::vector<int32_t>{1, 2, 0}));
  dataset->Relabel(order);  // three turns are none
  EXPECT_EQ(dataset->spec().class_names, spec.class_names);
}

TEST(ArrayDatasetTest, ForgetsTheTestSplitAndNothingElse) {
  DatasetSpec spec;
  spec.name = "small";
  spec.sample_shape = {1, 1, 2};
  spec.classes = 3;
  const auto pool = SmallPool();
  const auto dataset = MakeArrayDataset(
      spec, {Rows{pool, {0}}, Rows{pool, {1}}, Rows{pool, {2}}});
  dataset->ForgetTest();
  EXPECT_EQ(dataset->size(Split::kTest), 0);
  EXPECT_EQ(Values<uint8_t>(pool->features),
            (std::vector<uint8_t>{0, 51, 102, 153, 0, 0}));
  Tensor x, y;
  EXPECT_FALSE(dataset->Batch(Split::kTest, {0}, &x, &y).ok());
  ASSERT_TRUE(dataset->Batch(Split::kTrain, {0}, &x, &y).ok());
  EXPECT_EQ(Values<float>(x), (std::vector<float>{0, 0.2f}));
}

TEST(ArrayDatasetTest, BadIndexIsNamedAndTensorsStay) {
  Tensor x, y;
  const absl::Status status =
      SmallDataset()->Batch(Split::kTrain, {0, 2}, &x, &y);
  EXPECT_EQ(status, absl::OutOfRangeError(
                        "small: sample 2 of split train, which has 2"));
  EXPECT_EQ(x.size(), 0);
  EXPECT_FALSE(SmallDataset()->Batch(Split::kTrain, {-1}, &x, &y).ok());
}

TEST(ArrayDatasetTest, EmptyBatchIsLegal) {
  Tensor x, y;
  ASSERT_TRUE(SmallDataset()->Batch(Split::kTrain, {}, &x, &y).ok());
  EXPECT_EQ(x.TypeString(), "f32[0,1,1,2]");
}

TEST(ArrayDatasetTest, MeasuresChannelsOfTheRowsGiven) {
  DatasetSpec spec;
  spec.sample_shape = {1, 1, 2};
  MeasureChannels(Rows{SmallPool(), {0, 2}}, &spec);  // 0, 0.2, 0.8, 1
  ASSERT_EQ(spec.mean.size(), 1u);
  EXPECT_FLOAT_EQ(spec.mean[0], 0.5f);
  EXPECT_FLOAT_EQ(spec.stddev[0], 0.41231057f);  // sqrt(0.17)
}

// White planes past the point where 32 bits would overflow.
TEST(ArrayDatasetTest, MeasuresLargePlanesExactly) {
  constexpr int64_t kSide = 300;
  Tensor pixels(DType::kU8, {1, 1, kSide, kSide});
  std::fill_n(pixels.data<uint8_t>(), pixels.size(), uint8_t{255});
  DatasetSpec spec;
  spec.sample_shape = {1, kSide, kSide};
  MeasureChannels(AllRows(std::make_shared<Pool>(
                      Pool{pixels, Tensor::From<int32_t>({1}, {0})})),
                  &spec);
  EXPECT_EQ(spec.mean[0], 1);
  EXPECT_EQ(spec.stddev[0], 0);
}

TEST(ArrayDatasetTest, GeneratedSplitsStandInOrder) {
  const auto splits = GenerateSplits([](Split split) {
    Rows rows = AllRows(SmallPool());
    rows.index = {static_cast<int64_t>(split)};
    return rows;
  });
  for (Split split : {Split::kTrain, Split::kValidation, Split::kTest}) {
    const auto i = static_cast<size_t>(split);
    EXPECT_EQ(splits[i].index[0], static_cast<int64_t>(split));
  }
}

TEST(CarveValidationTest, PartsAreSortedDisjointAndFixed) {
  const Carved carved = CarveValidation(20, 5);
  EXPECT_EQ(carved.train.size(), 15u);
  EXPECT_EQ(carved.validation.size(), 5u);
  EXPECT_TRUE(std::is_sorted(carved.train.begin(), carved.train.end()));
  EXPECT_TRUE(
      std::is_sorted(carved.validation.begin(), carved.validation.end()));
  std::vector<int64_t> all;
  std::merge(carved.train.begin(), carved.train.end(),
             carved.validation.begin(), carved.validation.end(),
             std::back_inserter(all));
  for (int64_t i = 0; i < 20; ++i) EXPECT_EQ(all[static_cast<size_t>(i)], i);
  EXPECT_EQ(CarveValidation(20, 5).validation, carved.validation);
}

TEST(TokenLengthsTest, CountsUpToThePadding) {
  const Tensor tokens =
      Tensor::From<int32_t>({3, 3}, {5, 0, 7, 5, 0, 0, 0, 0, 0});
  EXPECT_EQ(Values<int32_t>(TokenLengths(tokens)),
            (std::vector<int32_t>{3, 1, 0}));
}

}  // namespace
}  // namespace assay
