// Bounds-checked reading of FlatBuffers without a schema compiler.
#ifndef ASSAY_HARNESS_MODELS_TFLITE_FLAT_BUFFER_H_
#define ASSAY_HARNESS_MODELS_TFLITE_FLAT_BUFFER_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace assay {

// A table's place in the buffer; 0 for an absent table, whose fields are all
// absent.
struct FlatTable {
  size_t at = 0;
};

// Reads little-endian scalars, tables and vectors. Nothing outside the bytes is
// touched: the first bad offset sticks in status(), later reads give zeros and
// empty lists, so that code reads straight on and asks once. So does a file
// whose vectors are longer together than the file, 16 times over: a small one
// whose tables share a vector cannot ask for much. Not thread-safe.
class FlatBuffer {
 public:
  // `bytes` must outlive this; `where` (a path) stands in errors.
  FlatBuffer(absl::string_view bytes, absl::string_view where)
      : bytes_(bytes), where_(where), left_(16 * bytes.size()) {}

  FlatTable Root();

  // Field number `field` of a table, counted from 0 as in the schema.
  template <typename T>
  T Scalar(FlatTable table, int field, T preset) {
    const size_t at = Field(table, field);
    return at == 0 ? preset : Read<T>(at);
  }
  FlatTable Table(FlatTable table, int field);
  std::vector<FlatTable> Tables(FlatTable table, int field);
  // A vector of scalars.
  template <typename T>
  std::vector<T> Numbers(FlatTable table, int field) {
    size_t start = 0;
    const size_t count = Vector(table, field, sizeof(T), &start);
    std::vector<T> values;
    for (size_t i = 0; i < count; ++i) {
      values.push_back(Read<T>(start + sizeof(T) * i));
    }
    return values;
  }
  // A vector of bytes or a string; empty when absent.
  absl::string_view Bytes(FlatTable table, int field);

  const absl::Status& status() const { return status_; }

 private:
  template <typename T>
  T Read(size_t at) {
    T value = 0;
    if (Within(at, sizeof(T))) {
      std::memcpy(&value, bytes_.data() + at, sizeof(T));
    }
    return value;
  }
  bool Within(size_t at, size_t size);
  // Where a field's value lies; 0 when the table leaves it out.
  size_t Field(FlatTable table, int field);
  // Follows the offset stored at `at`.
  size_t Follow(size_t at);
  // Elements of the vector at `field` and where they start.
  size_t Vector(FlatTable table, int field, size_t element, size_t* start);

  absl::string_view bytes_;
  std::string where_;
  size_t left_;  // bytes of vectors that may still be read
  absl::Status status_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_TFLITE_FLAT_BUFFER_H_
