#include "harness/core/tensor.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <type_traits>

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

constexpr size_t kAlignment = 64;

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "Tensor: %s\n", why.c_str());
  std::abort();
}

// Elements of `shape`, whose bytes are sure to fit in int64_t.
int64_t CheckedCount(DType dtype, const Shape& shape) {
  int64_t bytes = SizeOf(dtype);
  bool empty = false, fits = true;
  for (int64_t extent : shape) {
    if (extent < 0) Die(absl::StrCat("negative extent in ", ToString(shape)));
    if (extent == 0) empty = true;
    if (fits && !empty) fits = !__builtin_mul_overflow(bytes, extent, &bytes);
  }
  if (empty) return 0;
  if (!fits) Die(absl::StrCat("too many elements in ", ToString(shape)));
  return bytes / SizeOf(dtype);
}

std::shared_ptr<void> Allocate(int64_t bytes, const std::string& type) {
  if (bytes == 0) return nullptr;
  const size_t rounded =
      (static_cast<size_t>(bytes) + kAlignment - 1) / kAlignment * kAlignment;
  void* memory = std::aligned_alloc(kAlignment, rounded);
  if (memory == nullptr) Die(absl::StrCat("out of memory for ", type));
  return std::shared_ptr<void>(memory, [](void* p) { std::free(p); });
}

// Calls visit(T()) with the C++ type of `dtype`.
template <typename Visit>
void VisitType(DType dtype, const Visit& visit) {
  switch (dtype) {
    case DType::kF32:
      return visit(float());
    case DType::kF64:
      return visit(double());
    case DType::kBF16:
      return visit(BFloat16());
    case DType::kS8:
      return visit(int8_t());
    case DType::kU8:
      return visit(uint8_t());
    case DType::kS32:
      return visit(int32_t());
    case DType::kS64:
      return visit(int64_t());
    case DType::kBool:
      return visit(bool());
  }
}

template <typename To>
To RoundAndSaturate(double value) {
  using Limits = std::numeric_limits<To>;
  if (std::isnan(value)) return 0;
  const double rounded = std::nearbyint(value);
  // 2^digits is exact in double; the largest s64 itself is not.
  if (rounded >= std::ldexp(1.0, Limits::digits)) return Limits::max();
  if (rounded <= static_cast<double>(Limits::min())) return Limits::min();
  return static_cast<To>(rounded);
}

template <typename To, typename From>
To Convert(From value) {
  if constexpr (std::is_same_v<From, BFloat16>) {
    return Convert<To>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, BFloat16>) {
    return BFloat16(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, bool>) {
    return value != From(0);
  } else if constexpr (std::is_floating_point_v<To> ||
                       std::is_same_v<From, bool>) {
    return static_cast<To>(value);
  } else if constexpr (std::is_floating_point_v<From>) {
    return RoundAndSaturate<To>(static_cast<double>(value));
  } else {
    using Limits = std::numeric_limits<To>;
    const int64_t wide = value;
    if (wide > int64_t{Limits::max()}) return Limits::max();
    if (wide < int64_t{Limits::min()}) return Limits::min();
    return static_cast<To>(wide);
  }
}

}  // namespace

Tensor::Tensor(DType dtype, Shape shape)
    : dtype_(dtype),
      shape_(std::move(shape)),
      size_(CheckedCount(dtype_, shape_)),
      data_(Allocate(bytes(), TypeString())) {}

Tensor Tensor::Zeros(DType dtype, Shape shape) {
  Tensor t(dtype, std::move(shape));
  if (t.bytes() > 0) std::memset(t.raw(), 0, static_cast<size_t>(t.bytes()));
  return t;
}

Tensor Tensor::Borrow(DType dtype, Shape shape, void* data,
                      std::shared_ptr<void> owner) {
  Tensor t;
  t.dtype_ = dtype;
  t.size_ = CheckedCount(dtype, shape);
  t.shape_ = std::move(shape);
  // Shares the owner's count but points at `data`.
  t.data_ = std::shared_ptr<void>(std::move(owner), data);
  return t;
}

Tensor Tensor::Clone() const {
  Tensor t(dtype_, shape_);
  if (bytes() > 0) std::memcpy(t.raw(), raw(), static_cast<size_t>(bytes()));
  return t;
}

Tensor Tensor::Reshaped(Shape shape) const {
  if (CheckedCount(dtype_, shape) != size_) {
    Die(absl::StrCat("cannot reshape ", TypeString(), " to ", ToString(shape)));
  }
  Tensor t = *this;
  t.shape_ = std::move(shape);
  return t;
}

Tensor Tensor::Cast(DType dtype) const {
  if (dtype == dtype_) return Clone();
  Tensor t(dtype, shape_);
  VisitType(dtype_, [&](auto from_tag) {
    using From = decltype(from_tag);
    VisitType(dtype, [&](auto to_tag) {
      using To = decltype(to_tag);
      const From* from = data<From>();
      To* to = t.data<To>();
      for (int64_t i = 0; i < size_; ++i) to[i] = Convert<To>(from[i]);
    });
  });
  return t;
}

std::string Tensor::TypeString() const {
  return absl::StrCat(Name(dtype_), ToString(shape_));
}

bool BitEqual(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  return a.bytes() == 0 ||
         std::memcmp(a.raw(), b.raw(), static_cast<size_t>(a.bytes())) == 0;
}

}  // namespace assay
