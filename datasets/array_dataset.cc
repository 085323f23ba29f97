#include "datasets/array_dataset.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "harness/core/random.h"

namespace assay {
namespace {

void CheckFits(const DatasetSpec& spec, const Pool& pool) {
  Shape expected = spec.sample_shape;
  expected.insert(expected.begin(), pool.labels.size());
  const DType stored = pool.features.dtype();
  const bool type_fits = stored == spec.dtype ||
                         (stored == DType::kU8 && spec.dtype == DType::kF32);
  if (type_fits && pool.features.shape() == expected &&
      pool.labels.dtype() == DType::kS32) {
    return;
  }
  std::fprintf(stderr, "data set %s: pool %s does not fit %s\n",
               spec.name.c_str(), pool.features.TypeString().c_str(),
               ToString(expected).c_str());
  std::abort();
}

class ArrayDataset final : public Dataset {
 public:
  ArrayDataset(DatasetSpec spec, std::array<Rows, 3> splits)
      : Dataset(std::move(spec)),
        elements_(ElementCount(this->spec().sample_shape)),
        splits_(std::move(splits)) {
    for (const Rows& rows : splits_) CheckFits(this->spec(), *rows.pool);
    for (size_t v = 0; v < unit_.size(); ++v) {
      unit_[v] = static_cast<float>(v) / 255.0f;
    }
  }

  int64_t size(Split split) const override {
    return static_cast<int64_t>(rows(split).index.size());
  }

  void ForgetTest() override {
    Rows& test = splits_[static_cast<size_t>(Split::kTest)];
    // Handles share memory, so that a pool that other splits use stays.
    Tensor features = test.pool->features, labels = test.pool->labels;
    const size_t bytes =
        static_cast<size_t>(elements_ * SizeOf(features.dtype()));
    for (int64_t row : test.index) {
      std::memset(
          static_cast<char*>(features.raw()) + static_cast<size_t>(row) * bytes,
          0, bytes);
      labels.data<int32_t>()[row] = 0;
    }
    test.index.clear();
  }

 private:
  const Rows& rows(Split split) const {
    return splits_[static_cast<size_t>(split)];
  }

  void Sample(Split split, int64_t index, void* features,
              int32_t* label) const override {
    const Pool& pool = *rows(split).pool;
    const int64_t row = rows(split).index[static_cast<size_t>(index)];
    *label = pool.labels.data<int32_t>()[row];
    if (pool.features.dtype() == spec().dtype) {
      const int64_t bytes = elements_ * SizeOf(spec().dtype);
      std::memcpy(features,
                  static_cast<const char*>(pool.features.raw()) + row * bytes,
                  static_cast<size_t>(bytes));
      return;
    }
    const uint8_t* from = pool.features.data<uint8_t>() + row * elements_;
    float* to = static_cast<float*>(features);
    for (int64_t i = 0; i < elements_; ++i) to[i] = unit_[from[i]];
  }

  const int64_t elements_;
  std::array<Rows, 3> splits_;
  std::array<float, 256> unit_;
};

// Sums of x and x * x.
struct Moments {
  double sum = 0, square = 0;
};

void Add(absl::Span<const float> plane, Moments* moments) {
  for (float x : plane) {
    const double v = static_cast<double>(x);
    moments->sum += v;
    moments->square += v * v;
  }
}

// Exact, in integers that the compiler adds many at a time.
void Add(absl::Span<const uint8_t> plane, Moments* moments) {
  constexpr size_t kBlock = size_t{1} << 16;  // 2^16 * 255^2 < 2^32
  for (size_t begin = 0; begin < plane.size(); begin += kBlock) {
    uint32_t sum = 0, square = 0;
    for (uint32_t x : plane.subspan(begin, kBlock)) {
      sum += x;
      square += x * x;
    }
    moments->sum += sum;
    moments->square += square;
  }
}

// Of one channel of the rows.
template <typename T>
Moments ChannelMoments(const Rows& rows, int64_t channel, int64_t channels,
                       int64_t plane) {
  Moments moments;
  for (int64_t row : rows.index) {
    const T* x =
        rows.pool->features.data<T>() + (row * channels + channel) * plane;
    Add(absl::MakeConstSpan(x, static_cast<size_t>(plane)), &moments);
  }
  return moments;
}

}  // namespace

Rows AllRows(std::shared_ptr<const Pool> pool) {
  Rows rows;
  rows.index.resize(static_cast<size_t>(pool->labels.size()));
  std::iota(rows.index.begin(), rows.index.end(), int64_t{0});
  rows.pool = std::move(pool);
  return rows;
}

std::array<Rows, 3> GenerateSplits(const std::function<Rows(Split)>& generate) {
  auto validation =
      std::async(std::launch::async, generate, Split::kValidation);
  auto test = std::async(std::launch::async, generate, Split::kTest);
  Rows train = generate(Split::kTrain);
  return {std::move(train), validation.get(), test.get()};
}

Carved CarveValidation(int64_t n, int64_t held_out) {
  const std::vector<int64_t> order =
      RandomStream(0, "datasets/validation").Permutation(n);
  const auto cut = order.end() - held_out;
  Carved carved{{order.begin(), cut}, {cut, order.end()}};
  std::sort(carved.train.begin(), carved.train.end());
  std::sort(carved.validation.begin(), carved.validation.end());
  return carved;
}

void MeasureChannels(const Rows& train, DatasetSpec* spec) {
  const int64_t channels = spec->sample_shape.front();
  const int64_t plane = ElementCount(spec->sample_shape) / channels;
  const bool bytes = train.pool->features.dtype() == DType::kU8;
  const double unit = bytes ? 255.0 : 1.0;
  const double n =
      static_cast<double>(train.index.size()) * static_cast<double>(plane);
  for (int64_t c = 0; c < channels; ++c) {
    const auto [sum, square] =
        bytes ? ChannelMoments<uint8_t>(train, c, channels, plane)
              : ChannelMoments<float>(train, c, channels, plane);
    const double mean = sum / n;
    const double variance = std::max(square / n - mean * mean, 0.0);
    spec->mean.push_back(static_cast<float>(mean / unit));
    spec->stddev.push_back(static_cast<float>(std::sqrt(variance) / unit));
  }
}

std::unique_ptr<Dataset> MakeArrayDataset(DatasetSpec spec,
                                          std::array<Rows, 3> splits) {
  return std::make_unique<ArrayDataset>(std::move(spec), std::move(splits));
}

}  // namespace assay
