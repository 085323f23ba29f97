#include "harness/models/tflite/flat_buffer.h"

#include "absl/strings/str_cat.h"

namespace assay {

bool FlatBuffer::Within(size_t at, size_t size) {
  if (status_.ok() && (at > bytes_.size() || size > bytes_.size() - at)) {
    status_ = absl::InvalidArgumentError(
        absl::StrCat(where_, ": offset ", at, ": expected ", size,
                     " bytes, got a file of ", bytes_.size()));
  }
  return status_.ok();
}

size_t FlatBuffer::Follow(size_t at) {
  const size_t to = at + Read<uint32_t>(at);
  return Within(to, 4) ? to : 0;
}

FlatTable FlatBuffer::Root() { return {Follow(0)}; }

size_t FlatBuffer::Field(FlatTable table, int field) {
  if (table.at == 0) return 0;
  // The field offsets lie in a "vtable" in front of the table or behind it.
  const int64_t vtable =
      static_cast<int64_t>(table.at) - Read<int32_t>(table.at);
  if (vtable < 0) {
    Within(bytes_.size(), 1);  // records the error
    return 0;
  }
  const size_t from = static_cast<size_t>(vtable);
  const size_t slot = 4 + 2 * static_cast<size_t>(field);
  if (slot + 2 > Read<uint16_t>(from)) return 0;
  const uint16_t offset = Read<uint16_t>(from + slot);
  return offset == 0 ? 0 : table.at + offset;
}

FlatTable FlatBuffer::Table(FlatTable table, int field) {
  const size_t at = Field(table, field);
  return {at == 0 ? 0 : Follow(at)};
}

size_t FlatBuffer::Vector(FlatTable table, int field, size_t element,
                          size_t* start) {
  const size_t at = Field(table, field);
  if (at == 0) return 0;
  const size_t vector = Follow(at);
  const size_t count = Read<uint32_t>(vector);
  *start = vector + 4;
  if (!Within(*start, count * element)) return 0;
  if (count * element > left_) {
    status_ = absl::InvalidArgumentError(
        absl::StrCat(where_, ": offset ", vector,
                     ": the file's vectors lie upon one another"));
    return 0;
  }
  left_ -= count * element;
  return count;
}

std::vector<FlatTable> FlatBuffer::Tables(FlatTable table, int field) {
  size_t start = 0;
  const size_t count = Vector(table, field, 4, &start);
  std::vector<FlatTable> tables;
  for (size_t i = 0; i < count; ++i) tables.push_back({Follow(start + 4 * i)});
  return tables;
}

absl::string_view FlatBuffer::Bytes(FlatTable table, int field) {
  size_t start = 0;
  const size_t count = Vector(table, field, 1, &start);
  return bytes_.substr(start, count);
}

}  // namespace assay
