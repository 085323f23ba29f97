// What follows the sums of a fused op; fused.h has the formulas.
#ifndef ASSAY_HARNESS_OPS_FUSED_EPILOGUE_H_
#define ASSAY_HARNESS_OPS_FUSED_EPILOGUE_H_

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/graph/op_schema.h"

namespace assay {

enum class Activation : uint8_t {
  kNone,
  kRelu,
  kRelu6,
  kHardswish,
  kGelu,
  kSilu,
  kTanh,
};

absl::StatusOr<Activation> ParseActivation(const std::string& name);

// The attributes that the epilogue reads.
std::map<std::string, std::string> EpilogueAttributes();

// Checks types and attributes of a fused op whose result has shape `dst` and
// whose sums have `terms` terms, and sets the result type. `outputs` is O.
absl::Status InferEpilogue(InferContext& context, Shape dst, int64_t outputs,
                           int64_t terms);

// Steps 2 to 6, in Real (float or double), for a node that inference accepted.
template <typename Real>
class Epilogue {
 public:
  explicit Epilogue(ReferenceContext& context);

  // From an integer sum of output channel `o` to element `i` of dst.
  void Store(int64_t i, int64_t o, int32_t sum) {
    Finish(i, o, static_cast<Real>(sum) * SumScale(o));
  }
  // The same from a float sum.
  void Store(int64_t i, int64_t o, double sum) {
    Finish(i, o, static_cast<Real>(sum));
  }

 private:
  Real SumScale(int64_t o) const {
    return sum_scales_[sum_scales_.size() == 1 ? 0 : static_cast<size_t>(o)];
  }
  Real Residual(int64_t i) const;
  void Finish(int64_t i, int64_t o, Real y);
  template <typename Q>
  void Quantize(int64_t i, Real y);

  const Tensor* bias_;
  const Tensor* residual_;
  Tensor* dst_;
  Activation activation_;
  std::vector<Real> sum_scales_;
  Real residual_scale_, dst_scale_;
  int64_t residual_zero_point_, dst_zero_point_;
};

extern template class Epilogue<float>;
extern template class Epilogue<double>;

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_FUSED_EPILOGUE_H_
