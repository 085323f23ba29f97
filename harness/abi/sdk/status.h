// Errors as values, for plugins: no library needed.
#ifndef ASSAY_HARNESS_ABI_SDK_STATUS_H_
#define ASSAY_HARNESS_ABI_SDK_STATUS_H_

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "../assay.h"

namespace assay::sdk {

enum class Code : int32_t {
  kOk = ASSAY_OK,
  kCancelled = ASSAY_CANCELLED,
  kUnknown = ASSAY_UNKNOWN,
  kInvalidArgument = ASSAY_INVALID_ARGUMENT,
  kNotFound = ASSAY_NOT_FOUND,
  kAlreadyExists = ASSAY_ALREADY_EXISTS,
  kResourceExhausted = ASSAY_RESOURCE_EXHAUSTED,
  kFailedPrecondition = ASSAY_FAILED_PRECONDITION,
  kOutOfRange = ASSAY_OUT_OF_RANGE,
  kUnimplemented = ASSAY_UNIMPLEMENTED,
  kInternal = ASSAY_INTERNAL,
  kUnavailable = ASSAY_UNAVAILABLE,
};

class [[nodiscard]] Status {
 public:
  Status() = default;  // OK
  Status(Code code, std::string message)
      : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

inline Status OkStatus() { return Status(); }
inline Status InvalidArgument(std::string message) {
  return Status(Code::kInvalidArgument, std::move(message));
}
inline Status FailedPrecondition(std::string message) {
  return Status(Code::kFailedPrecondition, std::move(message));
}
inline Status Cancelled() {
  return Status(Code::kCancelled, "the host wished to stop");
}

// A value, or the reason why there is none. Reading the value of an error
// throws std::logic_error, which the SDK turns into an INTERNAL status.
template <typename T>
class [[nodiscard]] StatusOr {
 public:
  StatusOr(Status status) : status_(std::move(status)) {}  // NOLINT: implicit
  StatusOr(T value) : value_(std::move(value)) {}          // NOLINT: implicit

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  T& value() & { return Checked(), *value_; }
  const T& value() const& { return Checked(), *value_; }
  T&& value() && { return Checked(), std::move(*value_); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  void Checked() const {
    if (!value_) throw std::logic_error("value of an error: " + message());
  }
  const std::string& message() const { return status_.message(); }

  Status status_;
  std::optional<T> value_;
};

}  // namespace assay::sdk

// Returns from the enclosing function with the status of `expr` unless OK.
#ifndef ASSAY_RETURN_IF_ERROR
#define ASSAY_RETURN_IF_ERROR(expr)                \
  do {                                             \
    auto assay_status_ = (expr);                   \
    if (!assay_status_.ok()) return assay_status_; \
  } while (false)
#endif

// ASSAY_ASSIGN_OR_RETURN(auto graph, run.CloneGraph()).
#ifndef ASSAY_ASSIGN_OR_RETURN
#define ASSAY_SDK_CONCAT_INNER_(a, b) a##b
#define ASSAY_SDK_CONCAT_(a, b) ASSAY_SDK_CONCAT_INNER_(a, b)
#define ASSAY_ASSIGN_OR_RETURN(lhs, expr) \
  ASSAY_SDK_ASSIGN_(ASSAY_SDK_CONCAT_(assay_or_, __LINE__), lhs, expr)
#define ASSAY_SDK_ASSIGN_(or_, lhs, expr) \
  auto or_ = (expr);                      \
  if (!or_.ok()) return or_.status();     \
  lhs = *std::move(or_)
#endif

#endif  // ASSAY_HARNESS_ABI_SDK_STATUS_H_
