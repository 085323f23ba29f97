#include "harness/ops/support/infer.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

constexpr int64_t kMaxBytes = int64_t{1} << 48;

}  // namespace

Operand::Operand(const InferContext& context, size_t i, absl::string_view name)
    : name_(name),
      type_(i < context.inputs.size() ? context.inputs[i] : nullptr) {}

absl::Status Operand::Error(absl::string_view expected) const {
  return absl::InvalidArgumentError(
      absl::StrCat(name_, ": expected ", expected, ", got ", ToString(*type_)));
}

absl::Status Operand::IsFloat() const {
  return assay::IsFloat(dtype()) ? absl::OkStatus() : Error("f32, f64 or bf16");
}

absl::Status Operand::IsNumeric() const {
  const bool numeric = assay::IsFloat(dtype()) || dtype() == DType::kS32 ||
                       dtype() == DType::kS64;
  return numeric ? absl::OkStatus() : Error("f32, f64, bf16, s32 or s64");
}

absl::Status Operand::Is(DType dtype) const {
  return type_->dtype == dtype ? absl::OkStatus()
                               : Error(absl::StrCat("type ", Name(dtype)));
}

absl::Status Operand::HasRank(int64_t rank, absl::string_view layout) const {
  return this->rank() == rank ? absl::OkStatus()
                              : Error(absl::StrCat("rank ", rank, " ", layout));
}

absl::Status Operand::HasRankAtLeast(int64_t rank,
                                     absl::string_view layout) const {
  return this->rank() >= rank
             ? absl::OkStatus()
             : Error(absl::StrCat("rank ", rank, " or more ", layout));
}

absl::Status Operand::HasShape(const Shape& shape) const {
  return type_->shape == shape ? absl::OkStatus()
                               : Error(absl::StrCat("shape ", ToString(shape)));
}

absl::Status Operand::Has(DType dtype, const Shape& shape) const {
  const TensorType want{dtype, shape};
  return *type_ == want ? absl::OkStatus() : Error(ToString(want));
}

absl::Status Operand::HasExtent(int64_t axis, int64_t extent,
                                absl::string_view what) const {
  return dim(axis) == extent ? absl::OkStatus()
                             : Error(absl::StrCat("extent ", extent, " (", what,
                                                  ") on axis ", axis));
}

DType StatisticsType(DType dtype) {
  return dtype == DType::kBF16 ? DType::kF32 : dtype;
}

absl::StatusOr<int64_t> NormalizeAxis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) {
    return absl::InvalidArgumentError(absl::StrCat(
        "axis: expected a value in [", -rank, ", ", rank, "), got ", axis));
  }
  return KnownAxis(axis, rank);
}

int64_t KnownAxis(int64_t axis, int64_t rank) {
  return axis < 0 ? axis + rank : axis;
}

absl::StatusOr<std::vector<int64_t>> NormalizeAxes(std::vector<int64_t> axes,
                                                   int64_t rank) {
  for (int64_t& axis : axes) {
    ASSAY_ASSIGN_OR_RETURN(axis, NormalizeAxis(axis, rank));
  }
  std::sort(axes.begin(), axes.end());
  const auto twice = std::adjacent_find(axes.begin(), axes.end());
  if (twice != axes.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("axes: axis ", *twice, " is given twice"));
  }
  return axes;
}

absl::StatusOr<std::vector<int64_t>> IntsOfSize(const Attributes& attributes,
                                                absl::string_view name,
                                                std::vector<int64_t> preset,
                                                size_t count, int64_t low) {
  std::vector<int64_t> values = attributes.Ints(name, std::move(preset));
  const bool in_range =
      std::all_of(values.begin(), values.end(), [low](int64_t v) {
        return v >= low && v <= std::numeric_limits<int32_t>::max();
      });
  if (values.size() != count || !in_range) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": expected ", count, " values of at least ", low,
                     " and below 2^31, got ", ToString(values)));
  }
  return values;
}

absl::Status CheckRange(absl::string_view name, double value, double low,
                        double high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      name, ": expected a value in [", low, ", ", high, "], got ", value));
}

absl::Status SetResults(InferContext& context, std::vector<TensorType> types) {
  for (const TensorType& type : types) {
    int64_t bytes = SizeOf(type.dtype);
    for (const int64_t extent : type.shape) {
      if (extent < 1) {
        return absl::InvalidArgumentError(absl::StrCat(
            "result: expected extents of at least 1, got ", ToString(type)));
      }
      if (__builtin_mul_overflow(bytes, extent, &bytes) || bytes > kMaxBytes) {
        return absl::InvalidArgumentError(absl::StrCat(
            "result: expected at most 2^48 bytes, got ", ToString(type)));
      }
    }
  }
  for (TensorType& type : types) {
    context.outputs->push_back(std::move(type));
  }
  return absl::OkStatus();
}

}  // namespace assay
