// Between the ABI's plain C and the harness's types.
#ifndef ASSAY_HARNESS_HOST_SERVICES_CONVERT_H_
#define ASSAY_HARNESS_HOST_SERVICES_CONVERT_H_

#include <cstdint>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "harness/abi/assay.h"
#include "harness/core/dtype.h"
#include "harness/core/shape.h"
#include "harness/core/tensor.h"

namespace assay {

inline absl::string_view View(assay_text text) {
  return text.data == nullptr ? absl::string_view()
                              : absl::string_view(text.data, text.size);
}
inline std::string Text(assay_text text) { return std::string(View(text)); }
// Lent as long as `text`.
inline assay_text Lend(absl::string_view text) {
  return {text.data(), text.size()};
}

// A status for the other side; null for OK.
assay_status* Give(const absl::Status& status);
// Takes a status over; OK for null.
absl::Status Take(assay_status* status);

// INVALID_ARGUMENT for an unknown number.
absl::StatusOr<DType> ToDType(int32_t dtype);
int32_t FromDType(DType dtype);
DLDataType ToDl(DType dtype);

// INVALID_ARGUMENT: a rank above 8, a null shape, or a negative extent.
absl::StatusOr<Shape> ToShape(const int64_t* shape, uint32_t rank);

// A row-major copy of borrowed host memory. INVALID_ARGUMENT: another device,
// an element type that Assay lacks, null data.
absl::StatusOr<Tensor> CopyDl(const DLTensor& source);

// Fills what both sides know of a struct whose `size` the caller set: copies
// min(out->size, sizeof(T)) bytes and leaves out->size as it was.
template <typename T>
void Fill(const T& value, T* out) {
  const uint32_t size = out->size;
  const size_t known = size < sizeof(T) ? size : sizeof(T);
  if (known <= sizeof(uint32_t)) return;
  std::memcpy(reinterpret_cast<char*>(out) + sizeof(uint32_t),
              reinterpret_cast<const char*>(&value) + sizeof(uint32_t),
              known - sizeof(uint32_t));
}

// A struct of the caller's, as this side knows it: what the caller's version
// lacks keeps the value in `defaults`. INVALID_ARGUMENT: null, or too small to
// hold its own size.
template <typename T>
absl::StatusOr<T> Receive(const T* in, T defaults, const char* what) {
  if (in == nullptr || in->size < sizeof(uint32_t)) {
    return absl::InvalidArgumentError(std::string(what) +
                                      ": expected a struct with its size");
  }
  const size_t known = in->size < sizeof(T) ? in->size : sizeof(T);
  std::memcpy(static_cast<void*>(&defaults), static_cast<const void*>(in),
              known);
  defaults.size = sizeof(T);
  return defaults;
}

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SERVICES_CONVERT_H_
