#include "harness/tasks/batches.h"

#include <algorithm>
#include <map>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/train/loss.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

// Sample i is an image of one pixel with the value i and the label i % 3.
class Pixels : public Dataset {
 public:
  void ForgetTest() override {}
  explicit Pixels(int64_t size) : Dataset(Spec()), size_(size) {}
  int64_t size(Split) const override { return size_; }

 private:
  static DatasetSpec Spec() {
    DatasetSpec spec;
    spec.sample_shape = {1, 1, 1};
    spec.classes = 3;
    return spec;
  }
  void Sample(Split, int64_t index, void* features,
              int32_t* label) const override {
    *static_cast<float*>(features) = static_cast<float>(index);
    *label = static_cast<int32_t>(index % 3);
  }
  int64_t size_;
};

// The stream 0, 1, 2, ... of `tokens` tokens in windows of 4.
class Count : public Dataset {
 public:
  void ForgetTest() override {}
  explicit Count(int64_t tokens) : Dataset(Spec()), tokens_(tokens) {}
  int64_t size(Split) const override { return tokens_ - 4; }

 private:
  static DatasetSpec Spec() {
    DatasetSpec spec;
    spec.form = Form::kStream;
    spec.dtype = DType::kS32;
    spec.sample_shape = spec.label_shape = {4};
    return spec;
  }
  void Sample(Split, int64_t index, void* features,
              int32_t* label) const override {
    for (int32_t i = 0; i < 4; ++i) {
      static_cast<int32_t*>(features)[i] = static_cast<int32_t>(index) + i;
      label[i] = static_cast<int32_t>(index) + i + 1;
    }
  }
  int64_t tokens_;
};

BatchOptions Of(int64_t batch) {
  BatchOptions options;
  options.batch = batch;
  options.input = "image";
  return options;
}

std::vector<float> Values(const Batch& batch) {
  const auto span = batch.feeds[0].second.span<float>();
  return {span.begin(), span.end()};
}

std::vector<int32_t> Labels(const Batch& batch) {
  const auto span = batch.feeds[1].second.span<int32_t>();
  return {span.begin(), span.end()};
}

TEST(TrainingBatchesTest, AnEpochVisitsEachSampleOnce) {
  const Pixels pixels(11);
  const auto source =
      TrainingBatches(&pixels, Of(5), Augmentation::kNone, /*seed=*/1);
  ASSERT_EQ(source->batch_count(), 2);  // one sample is left out
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    std::set<float> seen;
    for (int64_t k = 0; k < 2; ++k) {
      const auto batch = source->Make(epoch * 2 + k);
      ASSERT_TRUE(batch.ok());
      for (const float value : Values(*batch)) {
        EXPECT_TRUE(seen.insert(value).second);
      }
    }
    EXPECT_EQ(seen.size(), 10u);
  }
}

TEST(TrainingBatchesTest, ABatchDependsOnSeedAndNumberAlone) {
  const Pixels pixels(100);
  const auto make = [&](uint64_t seed, std::vector<int64_t> numbers) {
    const auto source =
        TrainingBatches(&pixels, Of(10), Augmentation::kNone, seed);
    Batch last;
    for (const int64_t number : numbers) last = *source->Make(number);
    return Values(last);
  };
  EXPECT_EQ(make(1, {17}), make(1, {0, 5, 33, 17}));
  EXPECT_NE(make(1, {17}), make(2, {17}));
  EXPECT_NE(make(1, {7}), make(1, {17}));
}

TEST(TrainingBatchesTest, KeepsToTheSamplesAskedFor) {
  const Pixels pixels(100);
  BatchOptions options = Of(2);
  options.samples = {3, 50, 99};
  const auto source =
      TrainingBatches(&pixels, options, Augmentation::kNone, /*seed=*/1);
  for (int64_t k = 0; k < 20; ++k) {
    for (const float value : Values(*source->Make(k))) {
      EXPECT_TRUE(value == 3 || value == 50 || value == 99);
    }
  }
}

TEST(TrainingBatchesTest, FewSamplesGoRound) {
  const Pixels pixels(3);
  const auto source =
      TrainingBatches(&pixels, Of(7), Augmentation::kNone, /*seed=*/1);
  ASSERT_EQ(source->batch_count(), 1);
  std::map<float, int> times;
  for (const float value : Values(*source->Make(4))) ++times[value];
  ASSERT_EQ(times.size(), 3u);
  for (const auto& [value, n] : times) EXPECT_GE(n, 2) << value;
}

TEST(TrainingBatchesTest, Standardises) {
  const Pixels pixels(4);
  BatchOptions options = Of(4);
  options.mean = {1.5};
  options.stddev = {0.5};
  const auto batch = SampleBatches(&pixels, Split::kTest, options)->Make(0);
  EXPECT_THAT(Values(*batch), ElementsAre(-3, -1, 1, 3));
}

TEST(SampleBatchesTest, PadsTheLastBatchWithIgnoredLabels) {
  const Pixels pixels(5);
  const auto source = SampleBatches(&pixels, Split::kTest, Of(3));
  ASSERT_EQ(source->batch_count(), 2);
  EXPECT_THAT(Labels(*source->Make(0)), ElementsAre(0, 1, 2));
  const auto last = source->Make(1);
  EXPECT_EQ(last->samples, 2);
  EXPECT_THAT(Values(*last), ElementsAre(3, 4, 3));
  EXPECT_THAT(Labels(*last), ElementsAre(0, 1, kIgnoredLabel));
}

// How often each token is predicted, and the least context it had.
void Collect(BatchSource& source, std::map<int32_t, int>* times,
             std::map<int32_t, int>* context) {
  for (int64_t k = 0; k < source.batch_count(); ++k) {
    const std::vector<int32_t> labels = Labels(*source.Make(k));
    for (size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] == kIgnoredLabel) continue;
      ++(*times)[labels[i]];
      (*context)[labels[i]] = static_cast<int>(i % 4) + 1;
    }
  }
}

TEST(StreamBatchesTest, ScoresEveryTokenButTheFirstOnce) {
  for (int64_t tokens = 5; tokens < 30; ++tokens) {
    for (const bool overlapping : {false, true}) {
      const Count count(tokens);
      const auto source =
          StreamBatches(&count, Split::kTest, Of(3), overlapping);
      std::map<int32_t, int> times, context;
      Collect(*source, &times, &context);
      EXPECT_EQ(static_cast<int64_t>(times.size()), tokens - 1);
      for (const auto& [token, n] : times) {
        EXPECT_EQ(n, 1) << token;
        if (overlapping && token > 4) {
          EXPECT_GE(context[token], 3);
        }
      }
    }
  }
}

TEST(StreamBatchesTest, TrainingDrawsWindows) {
  const Count count(100);
  const auto source =
      TrainingBatches(&count, Of(8), Augmentation::kNone, /*seed=*/5);
  EXPECT_EQ(source->batch_count(), 3);  // 96 windows, 4 * 8 tokens a batch
  const auto batch = source->Make(0);
  const auto tokens = batch->feeds[0].second.span<int32_t>();
  EXPECT_EQ(batch->feeds[0].second.shape(), Shape({8, 4}));
  for (size_t i = 0; i < tokens.size(); ++i) {
    EXPECT_EQ(Labels(*batch)[i], tokens[i] + 1);
  }
  EXPECT_NE(Labels(*source->Make(0)), Labels(*source->Make(1)));
}

}  // namespace
}  // namespace assay
