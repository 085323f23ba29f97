// Tensors of the host, their elements as spans.
#ifndef ASSAY_HARNESS_ABI_SDK_TENSOR_H_
#define ASSAY_HARNESS_ABI_SDK_TENSOR_H_

#include <string>
#include <type_traits>
#include <utility>

#include "handle.h"

namespace assay::sdk {

enum class DType : int32_t {
  kF32 = ASSAY_F32,
  kF64 = ASSAY_F64,
  kBF16 = ASSAY_BF16,
  kS8 = ASSAY_S8,
  kU8 = ASSAY_U8,
  kS32 = ASSAY_S32,
  kS64 = ASSAY_S64,
  kBool = ASSAY_BOOL,
};

template <typename T>
struct ElementType;
#define ASSAY_SDK_ELEMENT_(type, value, dl_code)     \
  template <>                                        \
  struct ElementType<type> {                         \
    static constexpr DType kDType = DType::value;    \
    static constexpr DLDataTypeCode kCode = dl_code; \
  }
ASSAY_SDK_ELEMENT_(float, kF32, kDLFloat);
ASSAY_SDK_ELEMENT_(double, kF64, kDLFloat);
ASSAY_SDK_ELEMENT_(int8_t, kS8, kDLInt);
ASSAY_SDK_ELEMENT_(uint8_t, kU8, kDLUInt);
ASSAY_SDK_ELEMENT_(int32_t, kS32, kDLInt);
ASSAY_SDK_ELEMENT_(int64_t, kS64, kDLInt);
ASSAY_SDK_ELEMENT_(bool, kBool, kDLBool);
#undef ASSAY_SDK_ELEMENT_

// A view of a tensor's elements, held as long as this object. Row-major host
// memory (checked); another element type than asked for throws
// std::logic_error.
class View {
 public:
  View() = default;
  static StatusOr<View> Make(const Services& s, const assay_tensor* tensor,
                             uint32_t access) {
    View view;
    view.s_ = &s;
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(s, tensor, view, tensor, access, &view.dl_));
    view.tensor_ = tensor;
    if (view.dl_.device.device_type != kDLCPU || !view.IsRowMajor()) {
      return FailedPrecondition("the tensor is not row-major host memory");
    }
    return view;
  }
  View(View&& other) noexcept { *this = std::move(other); }
  View& operator=(View&& other) noexcept {
    std::swap(s_, other.s_);
    std::swap(tensor_, other.tensor_);
    std::swap(dl_, other.dl_);
    return *this;
  }
  ~View() {
    if (tensor_ != nullptr) s_->tensor->unview(s_->host, tensor_);
  }

  Span<const int64_t> shape() const {
    return {dl_.shape, static_cast<size_t>(dl_.ndim)};
  }
  int64_t dim(size_t axis) const { return shape()[axis]; }
  size_t size() const {
    size_t n = 1;
    for (int64_t d : shape()) n *= static_cast<size_t>(d);
    return n;
  }
  template <typename T>
  Span<T> values() const {
    if (dl_.dtype.code != ElementType<T>::kCode ||
        dl_.dtype.bits != 8 * sizeof(T)) {
      throw std::logic_error("a tensor was read as another element type");
    }
    auto* bytes = static_cast<char*>(dl_.data) + dl_.byte_offset;
    return {reinterpret_cast<T*>(bytes), size()};
  }
  const DLTensor& dl() const { return dl_; }

 private:
  bool IsRowMajor() const {
    int64_t stride = 1;
    for (int32_t i = dl_.ndim - 1; i >= 0; --i) {
      if (dl_.shape[i] != 1 && dl_.strides[i] != stride) return false;
      stride *= dl_.shape[i];
    }
    return true;
  }

  const Services* s_ = nullptr;
  const assay_tensor* tensor_ = nullptr;
  DLTensor dl_{};
};

// A view whose elements have the type T (const for reading): a contiguous
// range, which converts to a span.
template <typename T>
class Values {
 public:
  explicit Values(View view)
      : view_(std::move(view)), span_(view_.values<std::remove_const_t<T>>()) {}

  T* begin() const { return span_.data(); }
  T* end() const { return span_.data() + span_.size(); }
  T* data() const { return span_.data(); }
  T& operator[](size_t i) const { return span_[i]; }
  size_t size() const { return span_.size(); }
  Span<T> span() const { return span_; }
  Span<const int64_t> shape() const { return view_.shape(); }

 private:
  View view_;
  Span<T> span_;
};

// A tensor of the plugin's own.
class Tensor {
 public:
  using Raw = Handle<assay_tensor, assay_tensor_table, &Services::tensor,
                     &assay_tensor_table::free>;

  Tensor() = default;

  // Zeros.
  static StatusOr<Tensor> Make(const Services& s, DType dtype,
                               Span<const int64_t> shape) {
    assay_tensor* raw = nullptr;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(
        s, tensor, make, static_cast<int32_t>(dtype), shape.data(),
        static_cast<uint32_t>(shape.size()), &raw));
    return Adopt(s, raw);
  }
  // Takes over a given tensor.
  static StatusOr<Tensor> Adopt(const Services& s, assay_tensor* raw) {
    Tensor tensor;
    tensor.raw_ = Raw(s, raw);
    ASSAY_ASSIGN_OR_RETURN(tensor.view_,
                           View::Make(s, raw, ASSAY_READ | ASSAY_WRITE));
    return tensor;
  }
  Tensor(Tensor&&) noexcept = default;
  Tensor& operator=(Tensor&& other) noexcept {
    std::swap(view_, other.view_);
    std::swap(raw_, other.raw_);
    return *this;
  }

  Span<const int64_t> shape() const { return view_.shape(); }
  size_t size() const { return view_.size(); }
  template <typename T = float>
  Span<T> values() {
    return view_.values<T>();
  }
  template <typename T = float>
  Span<const T> values() const {
    return view_.values<T>();
  }
  const assay_tensor* raw() const { return raw_.get(); }
  explicit operator bool() const { return static_cast<bool>(raw_); }

 private:
  Raw raw_;
  View view_;  // ends before raw_
};

}  // namespace assay::sdk

#endif  // ASSAY_HARNESS_ABI_SDK_TENSOR_H_
