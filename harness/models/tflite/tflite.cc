#include "harness/models/tflite/tflite.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/core/tensor.h"
#include "harness/models/tflite/flat_buffer.h"
#include "harness/models/tflite/tflite_model.h"

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
constexpr int64_t kOpset = 17;

using Attributes = std::map<std::string, OnnxAttribute, std::less<>>;
using Pair = std::array<int64_t, 2>;  // by height and width

// dst[o][i][p] from src[o][p][i].
Tensor SwapLast(const TfliteTensor& src, int64_t o, int64_t p, int64_t i,
                Shape to) {
  const DType dtype = src.type == TfliteType::kInt8 ? DType::kS8 : DType::kF32;
  Tensor dst(dtype, std::move(to));
  const auto size = static_cast<size_t>(SizeOf(dtype));
  const char* const from = src.data.data();
  char* out = static_cast<char*>(dst.raw());
  for (int64_t block = 0; block < o; ++block) {
    for (int64_t column = 0; column < i; ++column) {
      for (int64_t row = 0; row < p; ++row) {
        const int64_t at = (block * p + row) * i + column;
        std::memcpy(out, from + static_cast<size_t>(at) * size, size);
        out += size;
      }
    }
  }
  return dst;
}

Tensor S8s(const std::vector<int64_t>& values, Shape shape) {
  Tensor tensor(DType::kS8, std::move(shape));
  for (size_t i = 0; i < values.size(); ++i) {
    tensor.data<int8_t>()[i] = static_cast<int8_t>(values[i]);
  }
  return tensor;
}

class Writer {
 public:
  Writer(absl::string_view bytes, absl::string_view where)
      : file_(bytes, where), bytes_left_(16 * bytes.size()) {}

  absl::StatusOr<OnnxModel> Run() {
    ASSAY_ASSIGN_OR_RETURN(tflite_, ReadTfliteModel(&file_));
    model_.opsets[""] = kOpset;
    model_.producer_name = "TensorFlow Lite";
    model_.graph.name = "tflite";
    ASSAY_RETURN_IF_ERROR(WriteInput());
    for (const TfliteOperator& op : tflite_.operators) {
      op_ = &op;
      ASSAY_RETURN_IF_ERROR(Convert());
      ASSAY_RETURN_IF_ERROR(file_.status());
    }
    const auto found = names_.find(tflite_.output);
    if (found == names_.end()) {
      return absl::InvalidArgumentError("no operator makes the output");
    }
    const std::string& output = tflite_.tensor(tflite_.output).name;
    if (output.empty()) return absl::InvalidArgumentError("a nameless output");
    Node("Identity", {found->second}, output);
    model_.graph.outputs.push_back({output, OnnxType::kFloat, std::nullopt});
    return std::move(model_);
  }

 private:
  // --- Errors about the operator at hand.

  absl::Status Bad(absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat("operator ", op_->code, ": ", what));
  }
  absl::Status Unsupported(absl::string_view what) const {
    return absl::UnimplementedError(
        absl::StrCat("operator ", op_->code, ": ", what, " is not supported"));
  }

  // --- Nodes.

  std::string Node(const std::string& op, std::vector<std::string> inputs,
                   const std::string& output, Attributes attributes = {}) {
    OnnxNode node;
    node.name = output;
    node.op = op;
    node.inputs = std::move(inputs);
    node.outputs = {output};
    node.attributes = std::move(attributes);
    model_.graph.nodes.push_back(std::move(node));
    return output;
  }

  std::string Constant(const std::string& name, Tensor value) {
    const OnnxType type = ToOnnxType(value.dtype());
    return Node("Constant", {}, name,
                {{"value", OnnxTensor{name, type, std::move(value)}}});
  }

  // A parameter of the network.
  absl::StatusOr<std::string> Parameter(const std::string& name, Tensor value) {
    const auto bytes = static_cast<size_t>(value.bytes());
    if (bytes > bytes_left_) return Bad("the weights outgrow their file");
    bytes_left_ -= bytes;
    const OnnxType type = ToOnnxType(value.dtype());
    model_.graph.initializers.push_back({name, type, std::move(value)});
    return name;
  }

  // The constants of a grid, as operands behind `name`.
  absl::StatusOr<std::vector<std::string>> Quantizing(
      const std::string& name, const std::string& at,
      const TfliteTensor& tensor) {
    const TfliteGrid& grid = tensor.grid;
    const auto count = static_cast<int64_t>(grid.scales.size());
    for (const float scale : grid.scales) {
      if (!(scale > 0) || !std::isfinite(scale)) {
        return Bad(absl::StrCat("tensor '", tensor.name, "': scale ", scale));
      }
    }
    for (const int64_t zero : grid.zero_points) {
      if (zero < -128 || zero > 127) {
        return Bad(
            absl::StrCat("tensor '", tensor.name, "': zero point ", zero));
      }
    }
    if (count == 0) {
      return Bad(absl::StrCat("tensor '", tensor.name, "': no scale"));
    }
    const Shape shape = count == 1 ? Shape{} : Shape{count};
    return std::vector<std::string>{
        name,
        Constant(absl::StrCat(at, ".scale"),
                 Tensor::From<float>(shape, grid.scales)),
        Constant(absl::StrCat(at, ".zero_point"),
                 S8s(grid.zero_points, shape))};
  }

  // --- Values: the ONNX name of what a tensor stands for.

  bool IsInt8(int32_t tensor) const {
    return tflite_.tensor(tensor).type == TfliteType::kInt8;
  }

  // `name` holds the real values of a tensor; integers go through their grid.
  absl::Status Set(int32_t index, std::string name) {
    const TfliteTensor& tensor = tflite_.tensor(index);
    if (tensor.type == TfliteType::kInt8) {
      if (tensor.grid.scales.size() > 1) {
        return Unsupported("an activation with a scale per channel");
      }
      const std::string at = absl::StrCat("t", index);
      ASSAY_ASSIGN_OR_RETURN(std::vector<std::string> operands,
                             Quantizing(name, at, tensor));
      operands[0] =
          Node("QuantizeLinear", operands, absl::StrCat(at, ".quantized"));
      name = Node("DequantizeLinear", operands, absl::StrCat(at, ".real"));
    } else if (tensor.type != TfliteType::kFloat32) {
      return Unsupported(absl::StrCat("a result of element type ",
                                      static_cast<int>(tensor.type)));
    }
    names_[index] = std::move(name);
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Operand(size_t i) const {
    const auto found =
        i < op_->inputs.size() ? names_.find(op_->inputs[i]) : names_.end();
    if (found == names_.end()) {
      return Bad(absl::StrCat("operand ", i, " has no value yet"));
    }
    return found->second;
  }

  const Shape& ShapeOf(int32_t tensor) const {
    return tflite_.tensor(tensor).shape;
  }

  absl::StatusOr<const TfliteTensor*> ConstantOperand(size_t i,
                                                      size_t rank) const {
    if (i >= op_->inputs.size() || op_->inputs[i] < 0) {
      return Bad(absl::StrCat("operand ", i, " is absent"));
    }
    const TfliteTensor& tensor = tflite_.tensor(op_->inputs[i]);
    if (tensor.data.empty() || tensor.shape.size() != rank) {
      return Bad(absl::StrCat("operand ", i, ": expected a constant of rank ",
                              rank, ", got ", ToString(tensor.shape)));
    }
    return &tensor;
  }

  absl::Status WriteInput() {
    const TfliteTensor& tensor = tflite_.tensor(tflite_.input);
    if (tensor.shape.empty() || tensor.name.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the input: expected a name and a batch, got '",
                       tensor.name, "' ", ToString(tensor.shape)));
    }
    std::vector<OnnxDimension> dimensions = {{-1, "batch"}};
    if (tensor.shape.size() == 4) dimensions.push_back({tensor.shape[3], ""});
    const size_t end = tensor.shape.size() == 4 ? 3 : tensor.shape.size();
    for (size_t i = 1; i < end; ++i)
      dimensions.push_back({tensor.shape[i], ""});
    model_.graph.inputs.push_back(
        {tensor.name, OnnxType::kFloat, std::move(dimensions)});
    return Set(tflite_.input, tensor.name);
  }

  // --- Weights and biases.

  absl::StatusOr<std::string> Weights(const std::string& name,
                                      const TfliteTensor& tensor,
                                      Tensor arranged) {
    if (tensor.type == TfliteType::kFloat32) {
      return Parameter(name, std::move(arranged));
    }
    ASSAY_RETURN_IF_ERROR(Parameter(name, std::move(arranged)).status());
    ASSAY_ASSIGN_OR_RETURN(std::vector<std::string> operands,
                           Quantizing(name, name, tensor));
    return Node("DequantizeLinear", std::move(operands),
                absl::StrCat(name, ".real"), {{"axis", int64_t{0}}});
  }

  absl::Status CheckWeights(const TfliteTensor& weights, int32_t channels) {
    if (weights.type != TfliteType::kFloat32 &&
        weights.type != TfliteType::kInt8) {
      return Unsupported(absl::StrCat("weights of element type ",
                                      static_cast<int>(weights.type)));
    }
    if (weights.grid.scales.size() > 1 && weights.grid.axis != channels) {
      return Unsupported(absl::StrCat("weights with a scale per slice of ",
                                      "dimension ", weights.grid.axis));
    }
    return absl::OkStatus();
  }

  // The bias is operand 2; "" where it is absent.
  absl::StatusOr<std::string> Bias(const std::string& path,
                                   const TfliteTensor& weights) {
    if (op_->inputs.size() < 3 || op_->inputs[2] < 0) return std::string();
    ASSAY_ASSIGN_OR_RETURN(const TfliteTensor* bias, ConstantOperand(2, 1));
    Tensor reals(DType::kF32, bias->shape);
    if (bias->type == TfliteType::kFloat32) {
      std::memcpy(reals.raw(), bias->data.data(), bias->data.size());
    } else if (bias->type == TfliteType::kInt32 && IsInt8(op_->inputs[0])) {
      ASSAY_RETURN_IF_ERROR(FromProducts(*bias, weights.grid, &reals));
    } else {
      return Unsupported(absl::StrCat("a bias of element type ",
                                      static_cast<int>(bias->type)));
    }
    return Parameter(absl::StrCat(path, ".bias"), std::move(reals));
  }

  // Integers on the grid of the products of source and weights.
  absl::Status FromProducts(const TfliteTensor& bias, const TfliteGrid& weights,
                            Tensor* reals) const {
    const TfliteGrid& source = tflite_.tensor(op_->inputs[0]).grid;
    const auto count = static_cast<size_t>(reals->size());
    if (source.scales.size() != 1 || weights.scales.empty() ||
        (weights.scales.size() != 1 && weights.scales.size() != count)) {
      return Bad("the bias does not fit the scales");
    }
    for (size_t i = 0; i < count; ++i) {
      int32_t integer = 0;
      std::memcpy(&integer, bias.data.data() + 4 * i, 4);
      const double scale = weights.scales[weights.scales.size() > 1 ? i : 0];
      reals->data<float>()[i] = static_cast<float>(
          integer * (scale * static_cast<double>(source.scales[0])));
    }
    return absl::OkStatus();
  }

  // --- Operators.

  absl::Status Convert() {
    switch (op_->code) {
      case kConv:
        return Convolution(/*depthwise=*/false);
      case kDepthwiseConv:
        return Convolution(/*depthwise=*/true);
      case kAdd:
        return Add();
      case kAveragePool:
        return AveragePool();
      case kReshape:
        return Reshape();
      case kFullyConnected:
        return FullyConnected();
      case kSoftmax:
        return Softmax();
      default:
        return absl::UnimplementedError(
            absl::StrCat("operator ", op_->code, " is not supported"));
    }
  }

  std::string Result() const { return absl::StrCat("t", op_->output); }

  int64_t Option(int field, int32_t preset) {
    return file_.Scalar<int32_t>(op_->options, field, preset);
  }

  absl::Status Activate(int field, std::string name) {
    const int8_t kind = file_.Scalar<int8_t>(op_->options, field, kNone);
    const std::string result = absl::StrCat(Result(), ".activation");
    switch (kind) {
      case kNone:
        break;
      case kRelu:
        name = Node("Relu", {name}, result);
        break;
      case kRelu6:
        name = Node("Clip",
                    {name,
                     Constant(absl::StrCat(result, ".low"),
                              Tensor::From<float>({}, {0.0f})),
                     Constant(absl::StrCat(result, ".high"),
                              Tensor::From<float>({}, {6.0f}))},
                    result);
        break;
      default:
        return Unsupported(absl::StrCat("fused activation ", kind));
    }
    return Set(op_->output, std::move(name));
  }

  // kernel_shape, strides, dilations and pads of a windowed operator; fields 0
  // to 2 of each are padding and strides.
  absl::StatusOr<Attributes> Window(Pair kernel, Pair dilations) {
    const Shape& shape = ShapeOf(op_->inputs[0]);
    const Pair strides = {Option(2, 1), Option(1, 1)};
    if (shape.size() != 4) return Bad("expected an image");
    std::vector<int64_t> pads(4, 0);
    for (size_t i = 0; i < 2; ++i) {
      if (kernel[i] < 1 || strides[i] < 1 || dilations[i] < 1) {
        return Bad("expected a kernel, strides and dilations of at least 1");
      }
      if (file_.Scalar<int8_t>(op_->options, 0, kSame) != kSame) continue;
      // An odd total pads one more behind.
      const int64_t results = (shape[i + 1] + strides[i] - 1) / strides[i];
      const int64_t total = std::max<int64_t>(
          0, (results - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 -
                 shape[i + 1]);
      pads[i] = total / 2;
      pads[i + 2] = total - total / 2;
    }
    Attributes window;
    window["kernel_shape"] = std::vector<int64_t>{kernel[0], kernel[1]};
    window["strides"] = std::vector<int64_t>{strides[0], strides[1]};
    window["pads"] = std::move(pads);
    return window;
  }

  absl::Status Convolution(bool depthwise) {
    const int shift = depthwise ? 1 : 0;  // depth_multiplier comes in between
    ASSAY_ASSIGN_OR_RETURN(const std::string x, Operand(0));
    ASSAY_ASSIGN_OR_RETURN(const TfliteTensor* weights, ConstantOperand(1, 4));
    ASSAY_RETURN_IF_ERROR(CheckWeights(*weights, depthwise ? 3 : 0));
    const Shape& shape = weights->shape;  // [O,h,w,I], or [1,h,w,O]
    if (depthwise && shape[0] != 1) return Bad("expected weights [1,h,w,O]");
    const Pair dilations = {Option(5 + shift, 1), Option(4 + shift, 1)};
    ASSAY_ASSIGN_OR_RETURN(Attributes attributes,
                           Window({shape[1], shape[2]}, dilations));
    attributes["dilations"] = std::vector<int64_t>{dilations[0], dilations[1]};
    attributes["group"] = depthwise ? ShapeOf(op_->inputs[0])[3] : int64_t{1};
    const std::string path = depthwise
                                 ? absl::StrCat("depthwise", ++depthwises_)
                                 : absl::StrCat("conv", ++convs_);
    const Shape arranged = depthwise
                               ? Shape{shape[3], 1, shape[1], shape[2]}
                               : Shape{shape[0], shape[3], shape[1], shape[2]};
    ASSAY_ASSIGN_OR_RETURN(
        const std::string w,
        Weights(absl::StrCat(path, ".weights"), *weights,
                SwapLast(*weights, shape[0], shape[1] * shape[2], shape[3],
                         arranged)));
    std::vector<std::string> operands = {x, w};
    ASSAY_ASSIGN_OR_RETURN(const std::string bias, Bias(path, *weights));
    if (!bias.empty()) operands.push_back(bias);
    return Activate(3 + shift, Node("Conv", std::move(operands), path,
                                    std::move(attributes)));
  }

  absl::Status FullyConnected() {
    ASSAY_ASSIGN_OR_RETURN(const TfliteTensor* weights, ConstantOperand(1, 2));
    ASSAY_RETURN_IF_ERROR(CheckWeights(*weights, 0));
    const Shape& shape = weights->shape;
    if (file_.Scalar<int8_t>(op_->options, 1, 0) != 0 ||
        file_.Scalar<int8_t>(op_->options, 2, 0) != 0 ||
        ShapeOf(op_->output).size() != 2) {
      return Unsupported("shuffled weights or a result that is no row");
    }
    ASSAY_ASSIGN_OR_RETURN(const std::string x, Rows(shape[1]));
    const std::string path = absl::StrCat("linear", ++linears_);
    ASSAY_ASSIGN_OR_RETURN(
        const std::string w,
        Weights(absl::StrCat(path, ".weights"), *weights,
                SwapLast(*weights, shape[0], shape[1], 1, shape)));
    std::vector<std::string> operands = {x, w};
    ASSAY_ASSIGN_OR_RETURN(const std::string bias, Bias(path, *weights));
    if (!bias.empty()) operands.push_back(bias);
    return Activate(
        0, Node("Gemm", std::move(operands), path, {{"transB", int64_t{1}}}));
  }

  // Operand 0 with images as the file has them, channels last.
  absl::StatusOr<std::string> ChannelsLast() {
    ASSAY_ASSIGN_OR_RETURN(const std::string x, Operand(0));
    const Shape& shape = ShapeOf(op_->inputs[0]);
    if (shape.size() != 4 || shape[1] * shape[2] == 1) return x;
    return Node("Transpose", {x}, absl::StrCat(Result(), ".channels_last"),
                {{"perm", std::vector<int64_t>{0, 2, 3, 1}}});
  }

  std::string Reshaped(const std::string& x, std::vector<int64_t> to,
                       const std::string& name) {
    const auto rank = static_cast<int64_t>(to.size());
    return Node("Reshape",
                {x, Constant(absl::StrCat(name, ".shape"),
                             Tensor::From<int64_t>({rank}, to))},
                name);
  }

  // Operand 0 as rows of so many columns.
  absl::StatusOr<std::string> Rows(int64_t columns) {
    ASSAY_ASSIGN_OR_RETURN(const std::string x, ChannelsLast());
    if (ShapeOf(op_->inputs[0]).size() == 2) return x;
    return Reshaped(x, {-1, columns}, absl::StrCat(Result(), ".rows"));
  }

  // The grid of a reshape's result is that of its source.
  absl::Status Reshape() {
    ASSAY_RETURN_IF_ERROR(Operand(0).status());
    const Shape& from = ShapeOf(op_->inputs[0]);
    const Shape& to = ShapeOf(op_->output);
    if (from.empty() || to.empty() || from[0] != to[0]) {
      return Unsupported(
          absl::StrCat("RESHAPE of ", ToString(from), " to ", ToString(to)));
    }
    ASSAY_ASSIGN_OR_RETURN(const std::string x, ChannelsLast());
    std::vector<int64_t> extents(to.begin(), to.end());
    extents[0] = 0;  // the batch
    std::string name = Reshaped(x, extents, Result());
    if (to.size() == 4) {
      name =
          Node("Transpose", {name}, absl::StrCat(Result(), ".channels_first"),
               {{"perm", std::vector<int64_t>{0, 3, 1, 2}}});
    }
    names_[op_->output] = name;
    return absl::OkStatus();
  }

  absl::Status Add() {
    ASSAY_ASSIGN_OR_RETURN(const std::string a, Operand(0));
    ASSAY_ASSIGN_OR_RETURN(const std::string b, Operand(1));
    if (ShapeOf(op_->inputs[0]) != ShapeOf(op_->inputs[1])) {
      return Unsupported("a broadcasting ADD");
    }
    return Activate(0, Node("Add", {a, b}, Result()));
  }

  absl::Status AveragePool() {
    ASSAY_ASSIGN_OR_RETURN(const std::string x, Operand(0));
    ASSAY_ASSIGN_OR_RETURN(Attributes window,
                           Window({Option(4, 1), Option(3, 1)}, {1, 1}));
    return Activate(5, Node("AveragePool", {x}, Result(), std::move(window)));
  }

  absl::Status Softmax() {
    ASSAY_ASSIGN_OR_RETURN(const std::string x, Operand(0));
    if (file_.Scalar<float>(op_->options, 0, 0) != 1.0f) {
      return Unsupported("a SOFTMAX whose beta is not 1");
    }
    const int64_t axis = ShapeOf(op_->inputs[0]).size() == 4 ? 1 : -1;
    return Set(op_->output, Node("Softmax", {x}, Result(), {{"axis", axis}}));
  }

  FlatBuffer file_;
  TfliteModel tflite_;
  TfliteOperator input_;                // stands for the input in errors
  const TfliteOperator* op_ = &input_;  // being converted
  OnnxModel model_;
  std::map<int32_t, std::string> names_;  // by tensor
  size_t bytes_left_;                     // of parameters
  int convs_ = 0, depthwises_ = 0, linears_ = 0;
};

}  // namespace

absl::StatusOr<OnnxModel> ReadTflite(absl::string_view bytes,
                                     absl::string_view where) {
  if (!IsTflite(bytes)) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": offset 4: expected the identifier TFL3"));
  }
  auto model = Writer(bytes, where).Run();
  if (model.ok() || absl::StartsWith(model.status().message(), where)) {
    return model;
  }
  return absl::Status(model.status().code(),
                      absl::StrCat(where, ": ", model.status().message()));
}

}  // namespace assay
