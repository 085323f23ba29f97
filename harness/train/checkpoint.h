// Parameters on disk, in the safetensors format: a u64 little-endian header
// length, a JSON header, then raw little-endian elements.
#ifndef ASSAY_HARNESS_TRAIN_CHECKPOINT_H_
#define ASSAY_HARNESS_TRAIN_CHECKPOINT_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/graph/parameter_store.h"

namespace assay {

struct Checkpoint {
  ParameterStore parameters;
  std::map<std::string, std::string> metadata;  // free text by key
};

// The same checkpoint gives the same bytes: elements of wide types first, then
// by name; the header is padded with blanks to a multiple of 8 bytes.
std::string SerializeCheckpoint(const Checkpoint& checkpoint);

// Checks everything before it allocates: a header of at most 100 MB that lies
// within the file, strict JSON, known element types, extents that agree with
// the byte counts, and data that fill the rest of the file without gap or
// overlap. INVALID_ARGUMENT names `where`, the offset, expected and got;
// UNIMPLEMENTED names an element type that Assay has no tensor for (F16).
absl::StatusOr<Checkpoint> ParseCheckpoint(absl::string_view bytes,
                                           absl::string_view where);

absl::StatusOr<Checkpoint> ReadCheckpoint(const std::string& path);

// Atomically: a reader sees the old file or the new one.
absl::Status WriteCheckpoint(const std::string& path,
                             const Checkpoint& checkpoint);

}  // namespace assay

#endif  // ASSAY_HARNESS_TRAIN_CHECKPOINT_H_
