// Element types of tensors.
#ifndef ASSAY_HARNESS_CORE_DTYPE_H_
#define ASSAY_HARNESS_CORE_DTYPE_H_

#include <cstdint>
#include <cstring>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

enum class DType : uint8_t { kF32, kF64, kBF16, kS8, kU8, kS32, kS64, kBool };

// Bytes per element.
int64_t SizeOf(DType dtype);

// "f32", "f64", "bf16", "s8", "u8", "s32", "s64", "bool": the names used in
// graph text and reports.
absl::string_view Name(DType dtype);

// INVALID_ARGUMENT for an unknown name; the message lists the known ones.
absl::StatusOr<DType> ParseDType(absl::string_view name);

// f32, f64 or bf16.
constexpr bool IsFloat(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF64 || dtype == DType::kBF16;
}

// A brain float: the upper half of an f32. Conversion from f32 rounds to
// nearest, ties to even; NaN stays NaN.
struct BFloat16 {
  uint16_t bits = 0;

  BFloat16() = default;
  explicit BFloat16(float value) {
    uint32_t u;
    std::memcpy(&u, &value, sizeof(u));
    if ((u & 0x7fffffffu) > 0x7f800000u) {
      bits = static_cast<uint16_t>((u >> 16) | 0x40u);
    } else {
      bits = static_cast<uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
    }
  }
  explicit operator float() const {
    const uint32_t u = static_cast<uint32_t>(bits) << 16;
    float value;
    std::memcpy(&value, &u, sizeof(value));
    return value;
  }
};

// The DType of a C++ type: DTypeOf<float>() is kF32.
template <typename T>
constexpr DType DTypeOf();
template <>
constexpr DType DTypeOf<float>() {
  return DType::kF32;
}
template <>
constexpr DType DTypeOf<double>() {
  return DType::kF64;
}
template <>
constexpr DType DTypeOf<BFloat16>() {
  return DType::kBF16;
}
template <>
constexpr DType DTypeOf<int8_t>() {
  return DType::kS8;
}
template <>
constexpr DType DTypeOf<uint8_t>() {
  return DType::kU8;
}
template <>
constexpr DType DTypeOf<int32_t>() {
  return DType::kS32;
}
template <>
constexpr DType DTypeOf<int64_t>() {
  return DType::kS64;
}
template <>
constexpr DType DTypeOf<bool>() {
  return DType::kBool;
}

}  // namespace assay

#endif  // ASSAY_HARNESS_CORE_DTYPE_H_
