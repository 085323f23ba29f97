// IDX, the format of MNIST and its relatives: a magic number, extents, bytes.
#ifndef ASSAY_DATASETS_FORMATS_IDX_H_
#define ASSAY_DATASETS_FORMATS_IDX_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/core/shape.h"

namespace assay {

struct Idx {
  Shape shape;
  absl::string_view data;  // u8, row-major, into the bytes given
};

// Parses unsigned-byte IDX of `rank` extents: big-endian u32 magic 2048 + rank,
// one u32 for each extent, then exactly their product of bytes. Allocates
// nothing that the header asks for.
//
// DATA_LOSS names the offset: wrong magic (another type or rank), a header or
// data cut short, or bytes left over.
absl::StatusOr<Idx> ParseIdx(absl::string_view bytes, int rank,
                             absl::string_view path);

}  // namespace assay

#endif  // ASSAY_DATASETS_FORMATS_IDX_H_
