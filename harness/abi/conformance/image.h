// What a shared library says of itself, read from its bytes: nothing of it
// runs.
#ifndef ASSAY_HARNESS_ABI_CONFORMANCE_IMAGE_H_
#define ASSAY_HARNESS_ABI_CONFORMANCE_IMAGE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay::conformance {

struct ImageFacts {
  std::vector<std::string> exports;  // defined and visible to others; sorted
  bool text_relocations = false;     // code that the loader must patch
};

// Of a 64-bit little-endian ELF shared object. INVALID_ARGUMENT where `bytes`
// are none, or are cut short; safe on any bytes.
absl::StatusOr<ImageFacts> ReadImage(absl::string_view bytes);

}  // namespace assay::conformance

#endif  // ASSAY_HARNESS_ABI_CONFORMANCE_IMAGE_H_
