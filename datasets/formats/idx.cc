#include "datasets/formats/idx.h"

#include "absl/strings/str_cat.h"
#include "datasets/formats/format_error.h"

namespace assay {
namespace {

uint32_t U32At(absl::string_view bytes, size_t offset) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes[offset + i]);
  }
  return value;
}

}  // namespace

absl::StatusOr<Idx> ParseIdx(absl::string_view bytes, int rank,
                             absl::string_view path) {
  const size_t header = 4 + 4 * static_cast<size_t>(rank);
  if (bytes.size() < header) {
    return FormatError(path, bytes.size(),
                       absl::StrCat("an IDX header of ", header, " bytes"),
                       "the end of the file");
  }
  const uint32_t magic = U32At(bytes, 0);
  const uint32_t expected = 2048 + static_cast<uint32_t>(rank);
  if (magic != expected) {
    return FormatError(path, 0, absl::StrCat("IDX magic ", expected),
                       absl::StrCat(magic));
  }
  Idx idx;
  idx.data = bytes.substr(header);
  int64_t count = 1;
  bool fits = true;
  for (size_t i = 4; i < header; i += 4) {
    idx.shape.push_back(U32At(bytes, i));
    fits = fits && !__builtin_mul_overflow(count, idx.shape.back(), &count);
  }
  const uint64_t have = idx.data.size();
  if (!fits || static_cast<uint64_t>(count) != have) {
    const bool more = fits && static_cast<uint64_t>(count) < have;
    return FormatError(
        path, more ? header + static_cast<size_t>(count) : bytes.size(),
        absl::StrCat(fits ? absl::StrCat(count) : "over 2^63",
                     " bytes of data for ", ToString(idx.shape)),
        absl::StrCat(have));
  }
  return idx;
}

}  // namespace assay
