// A TensorFlow Lite file as plain structs, its numbers checked.
#ifndef ASSAY_HARNESS_MODELS_TFLITE_TFLITE_MODEL_H_
#define ASSAY_HARNESS_MODELS_TFLITE_TFLITE_MODEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/core/shape.h"
#include "harness/models/tflite/flat_buffer.h"

namespace assay {

// By the schema's numbers (version 3); other types keep theirs.
enum class TfliteType : int8_t { kFloat32 = 0, kInt32 = 2, kInt8 = 9 };

// real = scale * (integer - zero_point); one of each, or one per slice along
// `axis`. Empty where the file states none.
struct TfliteGrid {
  std::vector<float> scales;
  std::vector<int64_t> zero_points;
  int32_t axis = 0;
};

struct TfliteTensor {
  std::string name;
  Shape shape;  // every extent at least 1
  TfliteType type = TfliteType::kFloat32;
  absl::string_view data;  // of constants: as many bytes as the shape says
  TfliteGrid grid;
};

struct TfliteOperator {
  int32_t code = -1;
  std::vector<int32_t> inputs;  // -1 where absent
  int32_t output = -1;
  FlatTable options;
};

struct TfliteModel {
  std::vector<TfliteTensor> tensors;
  std::vector<TfliteOperator> operators;
  int32_t input = -1, output = -1;

  const TfliteTensor& tensor(int32_t i) const {
    return tensors[static_cast<size_t>(i)];
  }
};

// Whether these may be the bytes of such a file.
bool IsTflite(absl::string_view bytes);

// Reads a file with one subgraph, one input and one output; every index in it
// is in range, every grid whole. The model points into the file's bytes.
//
// INVALID_ARGUMENT: bytes that are no such file; the message names the offset,
// the tensor or the operator. UNIMPLEMENTED: sparse tensors.
absl::StatusOr<TfliteModel> ReadTfliteModel(FlatBuffer* file);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_TFLITE_TFLITE_MODEL_H_
