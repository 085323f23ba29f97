// Ownership of host objects.
#ifndef ASSAY_HARNESS_ABI_SDK_HANDLE_H_
#define ASSAY_HARNESS_ABI_SDK_HANDLE_H_

#include <utility>

#include "services.h"

namespace assay::sdk {

// A host object that is released with this handle; movable. `free` is a member
// of the table `table` of Services.
template <typename Object, typename Table, const Table* Services::*table,
          void (*Table::*free)(assay_host*, Object*)>
class Handle {
 public:
  Handle() = default;
  Handle(const Services& s, Object* object) : s_(&s), object_(object) {}
  Handle(Handle&& other) noexcept { *this = std::move(other); }
  Handle& operator=(Handle&& other) noexcept {
    std::swap(s_, other.s_);
    std::swap(object_, other.object_);
    return *this;
  }
  ~Handle() {
    if (object_ != nullptr) CallOr(s_->*table, free, s_->host, object_);
  }

  Object* get() const { return object_; }
  const Services& services() const { return *s_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  const Services* s_ = nullptr;
  Object* object_ = nullptr;
};

}  // namespace assay::sdk

#endif  // ASSAY_HARNESS_ABI_SDK_HANDLE_H_
