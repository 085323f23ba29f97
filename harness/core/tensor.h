// A dense tensor in host memory: what data sets produce, checkpoints store and
// methods read. Device memory is a backend's affair (harness/backend/device.h).
#ifndef ASSAY_HARNESS_CORE_TENSOR_H_
#define ASSAY_HARNESS_CORE_TENSOR_H_

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/types/span.h"
#include "harness/core/dtype.h"
#include "harness/core/shape.h"

namespace assay {

// Row-major, 64-byte aligned. Copying a Tensor shares its memory (a handle, as
// shared_ptr); Clone() copies the elements. Not synchronised: writes need an
// outer lock.
class Tensor {
 public:
  Tensor() = default;  // f32, shape [0], no memory

  // Uninitialised elements. Aborts when memory is exhausted or an extent is
  // negative.
  Tensor(DType dtype, Shape shape);

  static Tensor Zeros(DType dtype, Shape shape);

  // A tensor over `data`, row-major; `owner` keeps that memory alive (may be
  // null for static data).
  static Tensor Borrow(DType dtype, Shape shape, void* data,
                       std::shared_ptr<void> owner);

  // Copies `values`; their count must equal the element count of `shape`.
  template <typename T>
  static Tensor From(Shape shape, absl::Span<const T> values) {
    Tensor t(DTypeOf<T>(), std::move(shape));
    assert(t.size() == static_cast<int64_t>(values.size()));
    std::copy(values.begin(), values.end(), t.data<T>());
    return t;
  }

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int64_t rank() const { return static_cast<int64_t>(shape_.size()); }
  int64_t dim(int64_t i) const { return shape_[static_cast<size_t>(i)]; }
  int64_t size() const { return size_; }  // elements
  int64_t bytes() const { return size_ * SizeOf(dtype_); }

  void* raw() { return data_.get(); }
  const void* raw() const { return data_.get(); }

  // Typed access; T must be the element type (checked in debug builds).
  template <typename T>
  T* data() {
    assert(DTypeOf<T>() == dtype_);
    return static_cast<T*>(data_.get());
  }
  template <typename T>
  const T* data() const {
    assert(DTypeOf<T>() == dtype_);
    return static_cast<const T*>(data_.get());
  }
  template <typename T>
  absl::Span<T> span() {
    return absl::MakeSpan(data<T>(), static_cast<size_t>(size_));
  }
  template <typename T>
  absl::Span<const T> span() const {
    return absl::MakeConstSpan(data<T>(), static_cast<size_t>(size_));
  }

  Tensor Clone() const;

  // The same memory under another shape of equal element count (checked: aborts
  // otherwise).
  Tensor Reshaped(Shape shape) const;

  // Converts element by element. To an integer: rounds half to even, saturates,
  // NaN becomes 0. To bool: nonzero. To bf16: by way of f32.
  Tensor Cast(DType dtype) const;

  // "f32[2,3]".
  std::string TypeString() const;

 private:
  DType dtype_ = DType::kF32;
  Shape shape_ = {0};
  int64_t size_ = 0;
  std::shared_ptr<void> data_;
};

// Same type, shape and bytes. (NaN equals the same NaN; 0.0 differs from -0.0.)
bool BitEqual(const Tensor& a, const Tensor& b);

}  // namespace assay

#endif  // ASSAY_HARNESS_CORE_TENSOR_H_
