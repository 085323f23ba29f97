// What shape inference of the ops shares: checks of operands and attributes
// with errors that say what was expected and got.
#ifndef ASSAY_HARNESS_OPS_SUPPORT_INFER_H_
#define ASSAY_HARNESS_OPS_SUPPORT_INFER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/graph/op_schema.h"

namespace assay {

// One operand under inspection. A check gives OK or INVALID_ARGUMENT
// "src: expected rank 4 [N,C,H,W], got f32[3,3]". Checks need a present
// operand.
class Operand {
 public:
  Operand(const InferContext& context, size_t i, absl::string_view name);

  bool present() const { return type_ != nullptr; }
  const TensorType& type() const { return *type_; }
  DType dtype() const { return type_->dtype; }
  const Shape& shape() const { return type_->shape; }
  int64_t rank() const { return static_cast<int64_t>(type_->shape.size()); }
  int64_t dim(int64_t i) const { return type_->shape[static_cast<size_t>(i)]; }

  absl::Status IsFloat() const;
  // f32, f64, bf16, s32 or s64: the types that arithmetic takes.
  absl::Status IsNumeric() const;
  absl::Status Is(DType dtype) const;
  // `layout` names the axes: "[N,C,H,W]".
  absl::Status HasRank(int64_t rank, absl::string_view layout) const;
  absl::Status HasRankAtLeast(int64_t rank, absl::string_view layout) const;
  absl::Status HasShape(const Shape& shape) const;
  absl::Status Has(DType dtype, const Shape& shape) const;
  // `what` names the axis: "input channels".
  absl::Status HasExtent(int64_t axis, int64_t extent,
                         absl::string_view what) const;
  absl::Status Error(absl::string_view expected) const;

 private:
  absl::string_view name_;
  const TensorType* type_;
};

// The type of statistics, scales and losses that go with values of `dtype`:
// f32 for bf16, else the same.
DType StatisticsType(DType dtype);

// `axis` counted from the front. INVALID_ARGUMENT outside [-rank, rank).
absl::StatusOr<int64_t> NormalizeAxis(int64_t axis, int64_t rank);
// The same for an axis that inference has accepted.
int64_t KnownAxis(int64_t axis, int64_t rank);
// A list of axes, sorted; INVALID_ARGUMENT when one is out of range or twice.
absl::StatusOr<std::vector<int64_t>> NormalizeAxes(std::vector<int64_t> axes,
                                                   int64_t rank);

// The attribute `name`, which must hold `count` values in [low, 2^31).
absl::StatusOr<std::vector<int64_t>> IntsOfSize(const Attributes& attributes,
                                                absl::string_view name,
                                                std::vector<int64_t> preset,
                                                size_t count, int64_t low);

// INVALID_ARGUMENT unless `value` of attribute `name` is within [low, high].
absl::Status CheckRange(absl::string_view name, double value, double low,
                        double high);

// Appends the result types. INVALID_ARGUMENT when an extent is below 1 or the
// bytes of a result would not fit into 2^48.
absl::Status SetResults(InferContext& context, std::vector<TensorType> types);

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_SUPPORT_INFER_H_
