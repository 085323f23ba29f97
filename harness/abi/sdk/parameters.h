// Sets of named tensors: weights, masks, snapshots.
#ifndef ASSAY_HARNESS_ABI_SDK_PARAMETERS_H_
#define ASSAY_HARNESS_ABI_SDK_PARAMETERS_H_

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "graph.h"

namespace assay::sdk {

// A reference to a set that lives elsewhere, for reading.
class ParametersRef {
 public:
  ParametersRef() = default;
  ParametersRef(const Services& s, const assay_parameters* raw)
      : s_(&s), raw_(raw) {}

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    const uint32_t n =
        CallOr(s_->parameters, &assay_parameters_table::count, s_->host, raw_);
    for (uint32_t i = 0; i < n; ++i) {
      assay_text name{};
      if (ASSAY_SDK_CALL(*s_, parameters, name, raw_, i, &name).ok()) {
        names.push_back(ToString(name));
      }
    }
    return names;
  }
  bool Has(std::string_view name) const { return Get(name).ok(); }

  // A tensor for reading, of any type or of f32; NOT_FOUND names it.
  StatusOr<View> Get(std::string_view name) const {
    return Get(name, ASSAY_READ);
  }
  StatusOr<Values<const float>> Floats(std::string_view name) const {
    ASSAY_ASSIGN_OR_RETURN(View view, Get(name));
    return Values<const float>(std::move(view));
  }

  const assay_parameters* raw() const { return raw_; }

 protected:
  StatusOr<View> Get(std::string_view name, uint32_t access) const {
    const assay_tensor* tensor = nullptr;
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(*s_, parameters, tensor, raw_, ToText(name), &tensor));
    return View::Make(*s_, tensor, access);
  }

  const Services* s_ = nullptr;
  const assay_parameters* raw_ = nullptr;
};

// A set of the plugin's own. Move-only; Clone() is a snapshot.
class Parameters : public ParametersRef {
 public:
  using Raw = Handle<assay_parameters, assay_parameters_table,
                     &Services::parameters, &assay_parameters_table::free>;

  Parameters() = default;
  Parameters(const Services& s, assay_parameters* raw)
      : ParametersRef(s, raw), handle_(s, raw) {}
  static StatusOr<Parameters> Make(const Services& s) {
    assay_parameters* raw = nullptr;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s, parameters, make, &raw));
    return Parameters(s, raw);
  }
  static StatusOr<Parameters> Clone(const Services& s, ParametersRef source) {
    assay_parameters* raw = nullptr;
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(s, parameters, clone, source.raw(), &raw));
    return Parameters(s, raw);
  }
  StatusOr<Parameters> Clone() const { return Clone(*s_, *this); }

  // A tensor for writing in place, of any type or of f32.
  StatusOr<View> GetMutable(std::string_view name) {
    return Get(name, ASSAY_READ | ASSAY_WRITE);
  }
  StatusOr<Values<float>> MutableFloats(std::string_view name) {
    ASSAY_ASSIGN_OR_RETURN(View view, GetMutable(name));
    return Values<float>(std::move(view));
  }
  // Copies the tensor into the set.
  Status Set(std::string_view name, const Tensor& tensor) {
    return ASSAY_SDK_CALL(*s_, parameters, set, handle_.get(), ToText(name),
                          tensor.raw());
  }
  Status Set(std::string_view name, Span<const int64_t> shape,
             Span<const float> values) {
    ASSAY_ASSIGN_OR_RETURN(Tensor tensor,
                           Tensor::Make(*s_, DType::kF32, shape));
    if (tensor.size() != values.size()) {
      return InvalidArgument("values do not fill the shape of " +
                             std::string(name));
    }
    std::copy(values.begin(), values.end(), tensor.values().begin());
    return Set(name, tensor);
  }
  // A mask of that shape: 1 = kept.
  Status SetMask(std::string_view name, Span<const int64_t> shape,
                 Span<const uint8_t> mask) {
    ASSAY_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Make(*s_, DType::kU8, shape));
    if (tensor.size() != mask.size()) {
      return InvalidArgument("the mask does not fill the shape of " +
                             std::string(name));
    }
    std::copy(mask.begin(), mask.end(), tensor.values<uint8_t>().begin());
    return Set(name, tensor);
  }
  Status Erase(std::string_view name) {
    return ASSAY_SDK_CALL(*s_, parameters, erase, handle_.get(), ToText(name));
  }
  // Copies every tensor of `source` over (restores a snapshot).
  Status Assign(ParametersRef source) {
    return ASSAY_SDK_CALL(*s_, parameters, assign, handle_.get(), source.raw());
  }
  Status ApplyMasks(ParametersRef masks) {
    return ASSAY_SDK_CALL(*s_, parameters, apply_masks, handle_.get(),
                          masks.raw());
  }
  // Initial values for what `graph` reads and the set lacks.
  Status Initialize(GraphRef graph, std::string_view stream) {
    return ASSAY_SDK_CALL(*s_, parameters, initialize, handle_.get(),
                          graph.raw(), ToText(stream));
  }

  assay_parameters* raw() const { return handle_.get(); }

 private:
  Raw handle_;
};

}  // namespace assay::sdk

#endif  // ASSAY_HARNESS_ABI_SDK_PARAMETERS_H_
