#include "harness/models/tflite/tflite.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/core/tensor.h"
#include "harness/graph/builder.h"
#include "harness/models/layers.h"
#include "harness/models/tflite/flat_buffer.h"

namespace assay {
namespace {

// Numbers of the TensorFlow Lite schema (version 3).
enum Operator : int32_t {
  kAdd = 0,
  kAveragePool = 1,
  kConv = 3,
  kDepthwiseConv = 4,
  kFullyConnected = 9,
  kReshape = 22,
  kSoftmax = 25,
};
enum Activation : int8_t { kNone = 0, kRelu = 1, kRelu6 = 3 };
constexpr int8_t kSame = 0;  // padding
constexpr int8_t kFloat32 = 0;
constexpr uint32_t kVersion = 3;

struct TensorInfo {
  Shape shape;
  int8_t type = kFloat32;
  absl::string_view data;  // of constants
};

struct OperatorInfo {
  int32_t code = 0;
  std::vector<int32_t> inputs, outputs;
  FlatTable options;
};

struct ModelInfo {
  std::vector<TensorInfo> tensors;
  std::vector<OperatorInfo> operators;
  int32_t input = -1, output = -1;
};

// dst[o][i][y][x] from src[o][y][x][i]; depthwise: src[0][y][x][c].
Tensor TransposeWeights(const float* src, int64_t out, int64_t height,
                        int64_t width, int64_t in, bool depthwise) {
  Tensor dst(DType::kF32, depthwise ? Shape{in, 1, height, width}
                                    : Shape{out, in, height, width});
  float* to = dst.data<float>();
  for (int64_t o = 0; o < (depthwise ? 1 : out); ++o) {
    for (int64_t i = 0; i < in; ++i) {
      for (int64_t p = 0; p < height * width; ++p) {
        *to++ = src[(o * height * width + p) * in + i];
      }
    }
  }
  return dst;
}

class Importer {
 public:
  Importer(absl::string_view bytes, absl::string_view where, const OpSet& ops)
      : file_(bytes, where),
        where_(where),
        identified_(bytes.size() >= 8 && bytes.substr(4, 4) == "TFL3"),
        graph_(ops),
        b_(&graph_) {}

  absl::StatusOr<ImportedGraph> Run(absl::string_view input) {
    ASSAY_RETURN_IF_ERROR(ReadModel());
    const Shape& shape = model_.tensors[Index(model_.input)].shape;
    if (shape.size() != 4) {
      return Unsupported(absl::StrCat("an input of shape ", ToString(shape)));
    }
    values_[model_.input] = b_.Input(std::string(input), DType::kF32,
                                     {shape[0], shape[3], shape[1], shape[2]});
    ValueId logits = kNoValue;
    for (size_t i = 0; i < model_.operators.size(); ++i) {
      const OperatorInfo& op = model_.operators[i];
      const bool last = i + 1 == model_.operators.size();
      if (last && op.code == kSoftmax) {
        ASSAY_ASSIGN_OR_RETURN(logits, Operand(op, 0));
        break;
      }
      ASSAY_ASSIGN_OR_RETURN(const ValueId result, Convert(op));
      ASSAY_RETURN_IF_ERROR(b_.status());
      values_[op.outputs[0]] = result;
      if (last) logits = result;
    }
    b_.Output("logits", logits);
    ASSAY_RETURN_IF_ERROR(b_.status());
    return ImportedGraph{std::move(graph_), std::move(parameters_)};
  }

 private:
  static size_t Index(int32_t i) { return static_cast<size_t>(i); }

  absl::Status Bad(absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat(where_, ": ", what));
  }
  absl::Status Unsupported(absl::string_view what) const {
    return absl::UnimplementedError(
        absl::StrCat(where_, ": ", what, " is not supported"));
  }

  absl::Status ReadModel() {
    if (!identified_) return Bad("offset 4: expected the identifier TFL3");
    const FlatTable root = file_.Root();
    const uint32_t version = file_.Scalar<uint32_t>(root, 0, 0);
    const std::vector<FlatTable> codes = file_.Tables(root, 1);
    const std::vector<FlatTable> subgraphs = file_.Tables(root, 2);
    const std::vector<FlatTable> buffers = file_.Tables(root, 4);
    ASSAY_RETURN_IF_ERROR(file_.status());
    if (version != kVersion) {
      return Bad(absl::StrCat("expected version 3, got ", version));
    }
    if (subgraphs.size() != 1) {
      return Bad(absl::StrCat("expected one subgraph, got ", subgraphs.size()));
    }
    ReadTensors(subgraphs[0], buffers);
    ReadOperators(subgraphs[0], codes);
    const std::vector<int32_t> inputs = file_.Ints(subgraphs[0], 1);
    const std::vector<int32_t> outputs = file_.Ints(subgraphs[0], 2);
    ASSAY_RETURN_IF_ERROR(file_.status());
    if (inputs.size() != 1 || outputs.size() != 1) {
      return Bad(absl::StrCat("expected one input and one output, got ",
                              inputs.size(), " and ", outputs.size()));
    }
    model_.input = inputs[0];
    model_.output = outputs[0];
    return CheckModel();
  }

  void ReadTensors(FlatTable subgraph, const std::vector<FlatTable>& buffers) {
    for (const FlatTable& table : file_.Tables(subgraph, 0)) {
      TensorInfo tensor;
      for (const int32_t extent : file_.Ints(table, 0)) {
        tensor.shape.push_back(extent);
      }
      tensor.type = file_.Scalar<int8_t>(table, 1, kFloat32);
      const uint32_t buffer = file_.Scalar<uint32_t>(table, 2, 0);
      if (buffer < buffers.size()) {
        tensor.data = file_.Bytes(buffers[buffer], 0);
      }
      model_.tensors.push_back(std::move(tensor));
    }
  }

  void ReadOperators(FlatTable subgraph, const std::vector<FlatTable>& codes) {
    for (const FlatTable& table : file_.Tables(subgraph, 3)) {
      OperatorInfo op;
      const uint32_t code = file_.Scalar<uint32_t>(table, 0, 0);
      op.code = -1;
      if (code < codes.size()) {
        // Old files hold a byte; newer ones an int beside it.
        op.code = std::max<int32_t>(file_.Scalar<int8_t>(codes[code], 0, 0),
                                    file_.Scalar<int32_t>(codes[code], 3, 0));
      }
      op.inputs = file_.Ints(table, 1);
      op.outputs = file_.Ints(table, 2);
      op.options = file_.Table(table, 4);
      model_.operators.push_back(std::move(op));
    }
  }

  // Every index and extent is in range.
  absl::Status CheckModel() const {
    const auto known = [this](int32_t tensor) {
      return tensor >= 0 && Index(tensor) < model_.tensors.size();
    };
    for (const TensorInfo& tensor : model_.tensors) {
      for (const int64_t extent : tensor.shape) {
        if (extent < 1) {
          return Bad(
              absl::StrCat("a tensor has shape ", ToString(tensor.shape)));
        }
      }
    }
    if (!known(model_.input)) return Bad("the input is no tensor");
    for (const OperatorInfo& op : model_.operators) {
      if (op.outputs.size() != 1 || op.inputs.empty()) {
        return Bad(absl::StrCat("operator ", op.code, ": expected operands ",
                                "and one result"));
      }
      for (const int32_t tensor : op.inputs) {
        if (tensor != -1 && !known(tensor)) {
          return Bad(
              absl::StrCat("operator ", op.code, ": no tensor ", tensor));
        }
      }
      if (!known(op.outputs[0])) {
        return Bad(absl::StrCat("operator ", op.code, ": no such result"));
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<ValueId> Operand(const OperatorInfo& op, size_t i) const {
    const auto found =
        i < op.inputs.size() ? values_.find(op.inputs[i]) : values_.end();
    if (found == values_.end()) {
      return Bad(absl::StrCat("operator ", op.code, ": operand ", i,
                              " has no value yet"));
    }
    return found->second;
  }

  // A constant of floats with this rank.
  absl::StatusOr<const TensorInfo*> Constant(const OperatorInfo& op, size_t i,
                                             size_t rank) const {
    if (i >= op.inputs.size() || op.inputs[i] < 0) {
      return Bad(
          absl::StrCat("operator ", op.code, ": operand ", i, " is absent"));
    }
    const TensorInfo& tensor = model_.tensors[Index(op.inputs[i])];
    if (tensor.type != kFloat32) {
      return Unsupported(absl::StrCat("operator ", op.code,
                                      " over element type ", tensor.type));
    }
    int64_t elements = 1;
    const int64_t limit = static_cast<int64_t>(tensor.data.size() / 4);
    for (const int64_t extent : tensor.shape) {
      elements = extent > limit ? limit + 1 : elements * extent;
      if (elements > limit) break;
    }
    if (tensor.shape.size() != rank ||
        elements * 4 != static_cast<int64_t>(tensor.data.size())) {
      return Bad(absl::StrCat("operator ", op.code, ": operand ", i,
                              ": expected rank ", rank, " and its data, got ",
                              ToString(tensor.shape), " and ",
                              tensor.data.size(), " bytes"));
    }
    return &tensor;
  }

  ValueId Parameter(const std::string& name, Tensor value) {
    const Shape shape = value.shape();
    parameters_.Set(name, std::move(value));
    return b_.Parameter(name, DType::kF32, shape);
  }

  static Tensor Copy(const TensorInfo& info) {
    Tensor tensor(DType::kF32, info.shape);
    std::memcpy(tensor.raw(), info.data.data(), info.data.size());
    return tensor;
  }

  absl::StatusOr<ValueId> Activate(ValueId x, int8_t activation) {
    switch (activation) {
      case kNone:
        return x;
      case kRelu:
        return b_.Op("relu", {x});
      case kRelu6:
        return b_.Op("relu6", {x});
      default:
        return Unsupported(absl::StrCat("fused activation ", activation));
    }
  }

  absl::StatusOr<ValueId> Convert(const OperatorInfo& op) {
    switch (op.code) {
      case kConv:
        return Convolution(op, /*depthwise=*/false);
      case kDepthwiseConv:
        return Convolution(op, /*depthwise=*/true);
      case kAdd:
        return Add(op);
      case kAveragePool:
        return AveragePool(op);
      case kReshape:
        return Flatten(op);
      case kFullyConnected:
        return FullyConnected(op);
      default:
        return Unsupported(absl::StrCat("operator ", op.code));
    }
  }

  // Fields 0 to 2 of every windowed operator: padding, strides.
  std::array<int64_t, 2> Strides(const OperatorInfo& op) {
    return {file_.Scalar<int32_t>(op.options, 2, 1),
            file_.Scalar<int32_t>(op.options, 1, 1)};
  }
  std::array<int64_t, 4> Pads(const OperatorInfo& op, ValueId x,
                              std::array<int64_t, 2> kernel) {
    if (file_.Scalar<int8_t>(op.options, 0, kSame) != kSame) return {};
    return SamePads({b_.shape(x)[2], b_.shape(x)[3]}, kernel, Strides(op));
  }

  absl::StatusOr<ValueId> Convolution(const OperatorInfo& op, bool depthwise) {
    const int shift = depthwise ? 1 : 0;  // depth_multiplier comes in between
    if (file_.Scalar<int32_t>(op.options, 4 + shift, 1) != 1 ||
        file_.Scalar<int32_t>(op.options, 5 + shift, 1) != 1 ||
        (depthwise && file_.Scalar<int32_t>(op.options, 3, 1) != 1)) {
      return Unsupported("dilation or a depth multiplier");
    }
    ASSAY_ASSIGN_OR_RETURN(const ValueId x, Operand(op, 0));
    ASSAY_ASSIGN_OR_RETURN(const TensorInfo* weights, Constant(op, 1, 4));
    ASSAY_ASSIGN_OR_RETURN(const TensorInfo* bias, Constant(op, 2, 1));
    const auto strides = Strides(op);
    if (b_.shape(x).size() != 4 || strides[0] < 1 || strides[1] < 1) {
      return Bad("a convolution needs an image and strides of at least 1");
    }
    const Shape& shape = weights->shape;
    const std::string path = depthwise
                                 ? absl::StrCat("depthwise", ++depthwises_)
                                 : absl::StrCat("conv", ++convs_);
    const auto pads = Pads(op, x, {shape[1], shape[2]});
    const ValueId w = Parameter(
        path + ".weights",
        TransposeWeights(reinterpret_cast<const float*>(Copy(*weights).raw()),
                         shape[0], shape[1], shape[2], shape[3], depthwise));
    const ValueId result = b_.Op(
        "conv2d", {x, w, Parameter(path + ".bias", Copy(*bias))},
        {{"strides", std::vector<int64_t>(strides.begin(), strides.end())},
         {"pads", std::vector<int64_t>(pads.begin(), pads.end())},
         {"groups", depthwise ? shape[3] : 1}},
        path);
    return Activate(result, file_.Scalar<int8_t>(op.options, 3 + shift, kNone));
  }

  absl::StatusOr<ValueId> Add(const OperatorInfo& op) {
    ASSAY_ASSIGN_OR_RETURN(const ValueId a, Operand(op, 0));
    ASSAY_ASSIGN_OR_RETURN(const ValueId b, Operand(op, 1));
    if (b_.shape(a) != b_.shape(b)) return Unsupported("a broadcasting ADD");
    return Activate(b_.Add(a, b), file_.Scalar<int8_t>(op.options, 0, kNone));
  }

  absl::StatusOr<ValueId> AveragePool(const OperatorInfo& op) {
    ASSAY_ASSIGN_OR_RETURN(const ValueId x, Operand(op, 0));
    const std::array<int64_t, 2> kernel = {
        file_.Scalar<int32_t>(op.options, 4, 1),
        file_.Scalar<int32_t>(op.options, 3, 1)};
    const auto strides = Strides(op);
    if (b_.shape(x).size() != 4 || strides[0] < 1 || strides[1] < 1) {
      return Bad("a pooling needs an image and strides of at least 1");
    }
    const auto pads = Pads(op, x, kernel);
    return Activate(
        b_.Op(
            "avg_pool", {x},
            {{"kernel", std::vector<int64_t>(kernel.begin(), kernel.end())},
             {"strides", std::vector<int64_t>(strides.begin(), strides.end())},
             {"pads", std::vector<int64_t>(pads.begin(), pads.end())}}),
        file_.Scalar<int8_t>(op.options, 5, kNone));
  }

  absl::StatusOr<ValueId> Flatten(const OperatorInfo& op) {
    ASSAY_ASSIGN_OR_RETURN(const ValueId x, Operand(op, 0));
    const Shape& from = b_.shape(x);
    const Shape& to = model_.tensors[Index(op.outputs[0])].shape;
    if (from.size() != 4 || from[2] != 1 || from[3] != 1 ||
        to != Shape{from[0], from[1]}) {
      return Unsupported(
          absl::StrCat("RESHAPE of ", ToString(from), " to ", ToString(to)));
    }
    return b_.Reshape(x, {0, -1});
  }

  absl::StatusOr<ValueId> FullyConnected(const OperatorInfo& op) {
    ASSAY_ASSIGN_OR_RETURN(const ValueId x, Operand(op, 0));
    ASSAY_ASSIGN_OR_RETURN(const TensorInfo* weights, Constant(op, 1, 2));
    ASSAY_ASSIGN_OR_RETURN(const TensorInfo* bias, Constant(op, 2, 1));
    if (file_.Scalar<int8_t>(op.options, 1, 0) != 0) {
      return Unsupported("a shuffled FULLY_CONNECTED");
    }
    const std::string path = absl::StrCat("linear", ++linears_);
    const ValueId w = Parameter(path + ".weights", Copy(*weights));
    return Activate(
        b_.Op("linear", {x, w, Parameter(path + ".bias", Copy(*bias))}, {},
              path),
        file_.Scalar<int8_t>(op.options, 0, kNone));
  }

  FlatBuffer file_;
  std::string where_;
  bool identified_;
  Graph graph_;
  GraphBuilder b_;
  ParameterStore parameters_;
  ModelInfo model_;
  std::map<int32_t, ValueId> values_;  // by tensor number
  int convs_ = 0, depthwises_ = 0, linears_ = 0;
};

}  // namespace

absl::StatusOr<ImportedGraph> ImportTflite(absl::string_view bytes,
                                           absl::string_view where,
                                           absl::string_view input,
                                           const OpSet& ops) {
  return Importer(bytes, where, ops).Run(input);
}

}  // namespace assay
