// The JSON header of a safetensors file, strictly parsed.
#ifndef ASSAY_HARNESS_TRAIN_CHECKPOINT_HEADER_H_
#define ASSAY_HARNESS_TRAIN_CHECKPOINT_HEADER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/core/shape.h"

namespace assay {

// One tensor as the header declares it.
struct CheckpointEntry {
  std::string name;
  std::string dtype;  // the format's own name: "F32"
  Shape shape;
  int64_t begin = 0, end = 0;  // bytes after the header
};

struct CheckpointHeader {
  std::vector<CheckpointEntry> entries;  // in file order
  std::map<std::string, std::string> metadata;
};

// Parses {"name": {"dtype": "F32", "shape": [..], "data_offsets": [b, e]},
// "__metadata__": {"key": "text"}}: exactly these keys, each once, integers
// without sign, fraction or exponent. `where` (a path) and the byte offset in
// the file, where `json` starts at `file_offset`, stand in every error.
absl::StatusOr<CheckpointHeader> ParseCheckpointHeader(absl::string_view json,
                                                       int64_t file_offset,
                                                       absl::string_view where);

// "text" in quotes with the escapes that JSON needs.
std::string JsonQuote(absl::string_view text);

}  // namespace assay

#endif  // ASSAY_HARNESS_TRAIN_CHECKPOINT_HEADER_H_
