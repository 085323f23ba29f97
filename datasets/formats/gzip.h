// gzip (RFC 1952) in memory, by zlib.
#ifndef ASSAY_DATASETS_FORMATS_GZIP_H_
#define ASSAY_DATASETS_FORMATS_GZIP_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

// The content of one gzip member, which must end where `bytes` end. `path` is
// for messages. Memory grows with what really comes out and never past
// `max_bytes`.
//
// DATA_LOSS, with the offset among the compressed bytes: not gzip, damaged
// (zlib's reason, its checksum included), truncated, followed by more bytes, or
// larger than `max_bytes`.
absl::StatusOr<std::string> Gunzip(absl::string_view bytes, size_t max_bytes,
                                   absl::string_view path);

// One gzip member that holds `bytes`.
std::string Gzip(absl::string_view bytes);

}  // namespace assay

#endif  // ASSAY_DATASETS_FORMATS_GZIP_H_
