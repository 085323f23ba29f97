// From a run-time DType to a C++ type, for reference implementations.
#ifndef ASSAY_HARNESS_OPS_SUPPORT_VISIT_H_
#define ASSAY_HARNESS_OPS_SUPPORT_VISIT_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/dtype.h"

namespace assay {

inline absl::Status NoReference(DType dtype) {
  return absl::UnimplementedError(
      absl::StrCat("no reference for type ", Name(dtype)));
}

// Returns f.operator()<T>() with T = float or double. bf16 does not occur: who
// runs a reference widens it to f32 first.
template <typename F>
absl::Status VisitFloat(DType dtype, const F& f) {
  switch (dtype) {
    case DType::kF32:
      return f.template operator()<float>();
    case DType::kF64:
      return f.template operator()<double>();
    default:
      return NoReference(dtype);
  }
}

// float, double, int32_t or int64_t.
template <typename F>
absl::Status VisitNumeric(DType dtype, const F& f) {
  switch (dtype) {
    case DType::kS32:
      return f.template operator()<int32_t>();
    case DType::kS64:
      return f.template operator()<int64_t>();
    default:
      return VisitFloat(dtype, f);
  }
}

// An unsigned integer of the element's width, for ops that only move elements.
template <typename F>
absl::Status VisitWidth(DType dtype, const F& f) {
  switch (SizeOf(dtype)) {
    case 1:
      return f.template operator()<uint8_t>();
    case 2:
      return f.template operator()<uint16_t>();
    case 4:
      return f.template operator()<uint32_t>();
    default:
      return f.template operator()<uint64_t>();
  }
}

}  // namespace assay

#endif  // ASSAY_HARNESS_OPS_SUPPORT_VISIT_H_
