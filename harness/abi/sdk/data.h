// Parts of the data and streams of batches.
#ifndef ASSAY_HARNESS_ABI_SDK_DATA_H_
#define ASSAY_HARNESS_ABI_SDK_DATA_H_

#include <string_view>
#include <vector>

#include "tensor.h"

namespace assay::sdk {

enum class Split : int32_t {
  kTrain = ASSAY_TRAIN,
  kValidation = ASSAY_VALIDATION,
};

// A list of samples of one split.
class PartRef {
 public:
  PartRef() = default;  // "the default of the service"
  PartRef(const Services& s, const assay_part* raw) : s_(&s), raw_(raw) {}
  int64_t size() const {
    return raw_ == nullptr
               ? 0
               : CallOr(s_->data, &assay_data_table::size_of, s_->host, raw_);
  }
  const assay_part* raw() const { return raw_; }

 protected:
  const Services* s_ = nullptr;
  const assay_part* raw_ = nullptr;
};

class Part : public PartRef {
 public:
  using Raw = Handle<assay_part, assay_data_table, &Services::data,
                     &assay_data_table::free_part>;
  Part() = default;
  Part(const Services& s, assay_part* raw) : PartRef(s, raw), handle_(s, raw) {}

 private:
  Raw handle_;
};

// Samples of several parts in every batch.
struct Share {
  PartRef part;
  int64_t samples = 1;  // of each batch
};

namespace internal {

// What an assay_mix points to.
class RawMix {
 public:
  explicit RawMix(const std::vector<Share>& shares) {
    for (const Share& share : shares) {
      parts_.push_back(share.part.raw());
      samples_.push_back(share.samples);
    }
    raw_ = {ASSAY_SIZE(assay_mix), static_cast<uint32_t>(parts_.size()),
            parts_.data(), samples_.data()};
  }
  RawMix(const RawMix&) = delete;
  RawMix& operator=(const RawMix&) = delete;

  const assay_mix* get() const { return parts_.empty() ? nullptr : &raw_; }

 private:
  std::vector<const assay_part*> parts_;
  std::vector<int64_t> samples_;
  assay_mix raw_{};
};

}  // namespace internal

struct BatchesOptions {
  int64_t batch_size = ASSAY_UNSET;  // the recipe's
  bool shuffle = false;              // parts of the train split
  bool augment = false;              // with shuffle
  bool repeat = false;
  std::string_view stream = "";  // needed with shuffle
};

// A stream of batches over a part.
class Batches {
 public:
  using Raw = Handle<assay_batches, assay_data_table, &Services::data,
                     &assay_data_table::free_batches>;
  Batches() = default;
  Batches(const Services& s, assay_batches* raw) : s_(&s), handle_(s, raw) {}

  // The next batch, lent until the next call; nullptr at the end.
  StatusOr<const assay_batch*> Next() {
    const assay_batch* batch = nullptr;
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(*s_, data, next, handle_.get(), &batch));
    return batch;
  }

 private:
  const Services* s_ = nullptr;
  Raw handle_;
};

}  // namespace assay::sdk

#endif  // ASSAY_HARNESS_ABI_SDK_DATA_H_
