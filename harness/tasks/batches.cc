#include "harness/tasks/batches.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/random.h"
#include "harness/core/status_macros.h"
#include "harness/tasks/preprocess.h"
#include "harness/train/loss.h"

namespace assay {
namespace {

// The listed samples, or all of the split.
std::vector<int64_t> Chosen(const Dataset& dataset, Split split,
                            std::vector<int64_t> samples) {
  if (!samples.empty()) return samples;
  samples.resize(static_cast<size_t>(dataset.size(split)));
  std::iota(samples.begin(), samples.end(), int64_t{0});
  return samples;
}

absl::StatusOr<Batch> Gather(const Dataset& dataset, Split split,
                             const BatchOptions& options,
                             absl::Span<const int64_t> indices) {
  Tensor features, labels;
  ASSAY_RETURN_IF_ERROR(dataset.Batch(split, indices, &features, &labels));
  if (!options.mean.empty()) {
    Standardise(options.mean, options.stddev, &features);
  }
  Batch batch;
  batch.samples = static_cast<int64_t>(indices.size());
  batch.feeds = {{options.input, std::move(features)},
                 {"labels", std::move(labels)}};
  return batch;
}

class ShuffledSource : public BatchSource {
 public:
  ShuffledSource(const Dataset* dataset, BatchOptions options,
                 Augmentation augmentation, uint64_t seed)
      : dataset_(dataset),
        options_(std::move(options)),
        augmentation_(augmentation),
        seed_(seed),
        samples_(Chosen(*dataset, Split::kTrain, options_.samples)) {}

  int64_t batch_size() const override { return options_.batch; }
  int64_t batch_count() const override {
    return std::max<int64_t>(
        1, static_cast<int64_t>(samples_.size()) / options_.batch);
  }

  absl::StatusOr<Batch> Make(int64_t number) override {
    Arrange(number / batch_count());
    const int64_t first = number % batch_count() * options_.batch;
    ASSAY_ASSIGN_OR_RETURN(Batch batch,
                           Gather(*dataset_, Split::kTrain, options_,
                                  absl::MakeConstSpan(order_).subspan(
                                      static_cast<size_t>(first),
                                      static_cast<size_t>(options_.batch))));
    Augment(augmentation_, seed_, number, &batch.feeds[0].second);
    return batch;
  }

 private:
  void Arrange(int64_t epoch) {
    if (epoch == epoch_) return;
    order_ = samples_;
    RandomStream stream(seed_, absl::StrCat("order/", epoch));
    stream.Shuffle(absl::MakeSpan(order_));
    for (size_t i = 0; order_.size() < static_cast<size_t>(options_.batch);
         ++i) {
      order_.push_back(order_[i]);
    }
    epoch_ = epoch;
  }

  const Dataset* dataset_;
  const BatchOptions options_;
  const Augmentation augmentation_;
  const uint64_t seed_;
  const std::vector<int64_t> samples_;
  std::vector<int64_t> order_;  // of epoch_
  int64_t epoch_ = -1;
};

class WindowSource : public BatchSource {
 public:
  WindowSource(const Dataset* dataset, BatchOptions options, uint64_t seed)
      : dataset_(dataset),
        options_(std::move(options)),
        seed_(seed),
        samples_(Chosen(*dataset, Split::kTrain, options_.samples)) {}

  int64_t batch_size() const override { return options_.batch; }
  int64_t batch_count() const override {
    const int64_t window = dataset_->spec().sample_shape[0];
    return std::max<int64_t>(
        1, static_cast<int64_t>(samples_.size()) / (window * options_.batch));
  }

  absl::StatusOr<Batch> Make(int64_t number) override {
    RandomStream stream(seed_, absl::StrCat("windows/", number));
    std::vector<int64_t> indices(static_cast<size_t>(options_.batch));
    for (int64_t& index : indices)
      index = samples_[stream.Below(samples_.size())];
    return Gather(*dataset_, Split::kTrain, options_, indices);
  }

 private:
  const Dataset* dataset_;
  const BatchOptions options_;
  const uint64_t seed_;
  const std::vector<int64_t> samples_;
};

// Fixed samples in order; of sample i the labels before skip[i] are ignored.
class OrderedSource : public BatchSource {
 public:
  OrderedSource(const Dataset* dataset, Split split, BatchOptions options,
                std::vector<int64_t> samples, std::vector<int64_t> skip)
      : dataset_(dataset),
        split_(split),
        options_(std::move(options)),
        samples_(std::move(samples)),
        skip_(std::move(skip)) {}

  int64_t batch_size() const override { return options_.batch; }
  int64_t batch_count() const override {
    return (static_cast<int64_t>(samples_.size()) + options_.batch - 1) /
           options_.batch;
  }

  absl::StatusOr<Batch> Make(int64_t number) override {
    const size_t size = static_cast<size_t>(options_.batch);
    const size_t first = static_cast<size_t>(number) * size;
    const size_t real = std::min(size, samples_.size() - first);
    std::vector<int64_t> indices(size, samples_[first]);
    std::copy_n(samples_.begin() + static_cast<ptrdiff_t>(first), real,
                indices.begin());
    ASSAY_ASSIGN_OR_RETURN(Batch batch,
                           Gather(*dataset_, split_, options_, indices));
    batch.samples = static_cast<int64_t>(real);
    Tensor& labels = batch.feeds[1].second;
    const size_t width = static_cast<size_t>(labels.size()) / size;
    for (size_t i = 0; i < size; ++i) {
      const size_t ignored =
          i >= real
              ? width
              : (skip_.empty() ? 0 : static_cast<size_t>(skip_[first + i]));
      std::fill_n(labels.data<int32_t>() + i * width, ignored, kIgnoredLabel);
    }
    return batch;
  }

 private:
  const Dataset* dataset_;
  const Split split_;
  const BatchOptions options_;
  const std::vector<int64_t> samples_, skip_;
};

}  // namespace

std::unique_ptr<BatchSource> TrainingBatches(const Dataset* dataset,
                                             BatchOptions options,
                                             Augmentation augmentation,
                                             uint64_t seed) {
  if (dataset->spec().form == Form::kStream) {
    return std::make_unique<WindowSource>(dataset, std::move(options), seed);
  }
  return std::make_unique<ShuffledSource>(dataset, std::move(options),
                                          augmentation, seed);
}

std::unique_ptr<BatchSource> SampleBatches(const Dataset* dataset, Split split,
                                           BatchOptions options) {
  std::vector<int64_t> samples = Chosen(*dataset, split, options.samples);
  return std::make_unique<OrderedSource>(dataset, split, std::move(options),
                                         std::move(samples),
                                         std::vector<int64_t>());
}

std::unique_ptr<BatchSource> StreamBatches(const Dataset* dataset, Split split,
                                           BatchOptions options,
                                           bool overlapping) {
  const int64_t window = dataset->spec().sample_shape[0];
  const int64_t stride =
      overlapping ? std::max<int64_t>(1, window / 2) : window;
  const int64_t last = dataset->size(split) - 1;  // the last window's start
  std::vector<int64_t> starts, skip;
  int64_t scored = 0;  // tokens predicted so far: 1 ... scored
  for (int64_t start = 0; scored < last + window; start += stride) {
    start = std::min(start, last);
    starts.push_back(start);
    skip.push_back(scored - start);
    scored = start + window;
  }
  return std::make_unique<OrderedSource>(dataset, split, std::move(options),
                                         std::move(starts), std::move(skip));
}

}  // namespace assay
