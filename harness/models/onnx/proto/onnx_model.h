// An ONNX model as plain structs: what import reads and export writes, so that
// neither sees protobuf. Names and meanings are those of the ONNX standard.
#ifndef ASSAY_HARNESS_MODELS_ONNX_PROTO_ONNX_MODEL_H_
#define ASSAY_HARNESS_MODELS_ONNX_PROTO_ONNX_MODEL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "harness/core/dtype.h"
#include "harness/core/tensor.h"

namespace assay {

// TensorProto.DataType, by ONNX's numbers.
enum class OnnxType : int32_t {
  kUndefined = 0,
  kFloat = 1,
  kUint8 = 2,
  kInt8 = 3,
  kUint16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kString = 8,
  kBool = 9,
  kFloat16 = 10,
  kDouble = 11,
  kUint32 = 12,
  kUint64 = 13,
  kBfloat16 = 16,
};

// "FLOAT", "INT64", ...; "type 99" for a number that the standard lacks.
std::string Name(OnnxType type);

// The element type in memory; none where Assay has no such type.
std::optional<DType> ToDType(OnnxType type);
OnnxType ToOnnxType(DType dtype);

// `value` is empty (Tensor()) where ToDType(type) is none: who needs the
// elements refuses the type, and names the tensor.
struct OnnxTensor {
  std::string name;
  OnnxType type = OnnxType::kUndefined;
  Tensor value;
};

struct OnnxDimension {
  int64_t extent = -1;  // below 0: not fixed
  std::string symbol;   // "batch"; may be empty where `extent` is not fixed
};

// An input, an output, or a value whose type the file states.
struct OnnxValueInfo {
  std::string name;
  // kUndefined: no tensor (a sequence, a map, an optional), or not stated.
  OnnxType type = OnnxType::kUndefined;
  std::optional<std::vector<OnnxDimension>> dimensions;  // none: any rank
};

struct OnnxGraph;

// std::monostate: of a kind that is not read (sparse tensors, types).
using OnnxAttribute = std::variant<std::monostate, int64_t, float, std::string,
                                   std::vector<int64_t>, std::vector<float>,
                                   std::vector<std::string>, OnnxTensor,
                                   std::shared_ptr<const OnnxGraph>>;

// "an integer", "a list of reals", "a tensor", "a graph", ...
absl::string_view KindName(const OnnxAttribute& attribute);

struct OnnxNode {
  std::string name, op, domain;              // domain "" is ONNX's own
  std::vector<std::string> inputs, outputs;  // "" where absent
  std::map<std::string, OnnxAttribute, std::less<>> attributes;
};

struct OnnxGraph {
  std::string name;
  std::vector<OnnxNode> nodes;
  std::vector<OnnxTensor> initializers;
  std::vector<OnnxValueInfo> inputs, outputs;
};

// An operator that the model defines itself: nodes over the inputs and the
// attributes of the node that calls it by domain and name.
struct OnnxFunction {
  std::string name, domain;
  std::vector<std::string> inputs, outputs;
  std::vector<std::string> attributes;  // names
  std::map<std::string, int64_t> opsets;
  std::vector<OnnxNode> nodes;
};

struct OnnxModel {
  int64_t ir_version = 8;
  std::map<std::string, int64_t> opsets;  // by domain
  std::string producer_name, producer_version;
  std::map<std::string, std::string> metadata;
  OnnxGraph graph;
  std::vector<OnnxFunction> functions;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_PROTO_ONNX_MODEL_H_
