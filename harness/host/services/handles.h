// The objects behind the ABI's opaque handles, and the registry that knows
// which of them are alive.
//
// A module may hand in anything: a null pointer, a handle that it freed, one of
// another kind or of another instance. Every service looks a handle up before
// it touches it.
#ifndef ASSAY_HARNESS_HOST_SERVICES_HANDLES_H_
#define ASSAY_HARNESS_HOST_SERVICES_HANDLES_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace assay {

// Base of all objects behind handles.
class Handle {
 public:
  virtual ~Handle() = default;

  // Lent objects belong to the host: freeing one is a breach, writing to one is
  // refused.
  bool lent = false;
};

// Owns the live handles of one method instance. Thread-safe; a handle itself is
// used by one thread at a time.
class HandleRegistry {
 public:
  // Takes the object over; the result is what crosses the border.
  template <typename T>
  T* Add(std::unique_ptr<T> object) {
    T* raw = object.get();
    std::lock_guard<std::mutex> lock(mutex_);
    live_.emplace(static_cast<const Handle*>(raw), std::move(object));
    return raw;
  }

  // The live object; INVALID_ARGUMENT where `handle` is null, not alive or of
  // another kind. `what` names it: "graph".
  template <typename T>
  absl::StatusOr<T*> Find(const T* handle, const char* what) const {
    if (handle == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat(what, ": expected a handle, got null"));
    }
    std::lock_guard<std::mutex> lock(mutex_);
    // Only the address is used before the object is known to be alive.
    const auto it = live_.find(reinterpret_cast<const Handle*>(handle));
    T* found = it == live_.end() ? nullptr : dynamic_cast<T*>(it->second.get());
    if (found == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat(
          what,
          ": expected a live handle of this run, got a freed or foreign "
          "one"));
    }
    return found;
  }

  // Ends an object that is not lent. Errors as Find; PERMISSION_DENIED: lent.
  template <typename T>
  absl::Status Free(T* handle, const char* what) {
    absl::StatusOr<T*> found = Find<T>(handle, what);
    if (!found.ok()) return found.status();
    if ((*found)->lent) {
      return absl::PermissionDeniedError(
          absl::StrCat(what, ": a lent handle was freed"));
    }
    Remove(*found);
    return absl::OkStatus();
  }

  // Ends an object of the host's own; null is fine.
  void Remove(const Handle* handle) {
    std::unique_ptr<Handle> ended;  // outside the lock
    std::lock_guard<std::mutex> lock(mutex_);
    const auto it = live_.find(handle);
    if (it == live_.end()) return;
    ended = std::move(it->second);
    live_.erase(it);
  }

  // Live objects that were given to the module and not yet freed.
  int64_t given() const {
    std::lock_guard<std::mutex> lock(mutex_);
    int64_t count = 0;
    for (const auto& [handle, object] : live_) count += object->lent ? 0 : 1;
    return count;
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<const Handle*, std::unique_ptr<Handle>> live_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SERVICES_HANDLES_H_
