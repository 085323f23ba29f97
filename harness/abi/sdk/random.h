// A named random stream of the host.
#ifndef ASSAY_HARNESS_ABI_SDK_RANDOM_H_
#define ASSAY_HARNESS_ABI_SDK_RANDOM_H_

#include "services.h"

namespace assay::sdk {

// A reference to a stream: copies draw from the same one.
class Random {
 public:
  Random(const Services& s, assay_random* raw) : table_(s.random), raw_(raw) {}

  uint64_t Bits() { return table_->bits(raw_); }
  // Uniform in [0, n).
  uint64_t Below(uint64_t n) { return table_->below(raw_, n); }
  double Uniform() { return table_->uniform(raw_); }
  void FillUniform(Span<float> out, float low, float high) {
    table_->fill_uniform(raw_, low, high, out.data(), out.size());
  }
  void FillNormal(Span<float> out, float mean, float stddev) {
    table_->fill_normal(raw_, mean, stddev, out.data(), out.size());
  }
  std::vector<int64_t> Permutation(size_t n) {
    std::vector<int64_t> order(n);
    table_->permutation(raw_, order.data(), n);
    return order;
  }
  uint64_t position() const { return table_->position(raw_); }
  void Seek(uint64_t position) { table_->seek(raw_, position); }

 private:
  const assay_random_table* table_;
  assay_random* raw_;
};

}  // namespace assay::sdk

#endif  // ASSAY_HARNESS_ABI_SDK_RANDOM_H_
