// The one shape of errors about the bytes of a file.
#ifndef ASSAY_DATASETS_FORMATS_FORMAT_ERROR_H_
#define ASSAY_DATASETS_FORMATS_FORMAT_ERROR_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace assay {

// DATA_LOSS "a/b.gz: byte 16: expected EXPECTED, got GOT".
inline absl::Status FormatError(absl::string_view path, size_t offset,
                                absl::string_view expected,
                                absl::string_view got) {
  return absl::DataLossError(absl::StrCat(
      path, ": byte ", offset, ": expected ", expected, ", got ", got));
}

}  // namespace assay

#endif  // ASSAY_DATASETS_FORMATS_FORMAT_ERROR_H_
