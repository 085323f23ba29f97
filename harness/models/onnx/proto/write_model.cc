#include "harness/models/onnx/proto/write_model.h"

#include <variant>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "harness/core/status_macros.h"
#include "harness/models/onnx/proto/tensor_proto.h"
#include "onnx/onnx_pb.h"

namespace assay {
namespace {

void ToValueInfo(const OnnxValueInfo& info, onnx::ValueInfoProto* proto) {
  proto->set_name(info.name);
  if (info.type == OnnxType::kUndefined) return;
  auto* type = proto->mutable_type()->mutable_tensor_type();
  type->set_elem_type(static_cast<int32_t>(info.type));
  if (!info.dimensions) return;
  auto* shape = type->mutable_shape();
  for (const OnnxDimension& dimension : *info.dimensions) {
    auto* dim = shape->add_dim();
    if (dimension.extent >= 0) {
      dim->set_dim_value(dimension.extent);
    } else if (!dimension.symbol.empty()) {
      dim->set_dim_param(dimension.symbol);
    }
  }
}

absl::Status ToGraph(const OnnxGraph& graph, onnx::GraphProto* proto);

// Writes the value of an attribute into its field.
struct AttributeWriter {
  onnx::AttributeProto* proto;

  absl::Status operator()(std::monostate) const {
    return absl::InvalidArgumentError("it has no value");
  }
  absl::Status operator()(int64_t value) const {
    proto->set_type(onnx::AttributeProto::INT);
    proto->set_i(value);
    return absl::OkStatus();
  }
  absl::Status operator()(float value) const {
    proto->set_type(onnx::AttributeProto::FLOAT);
    proto->set_f(value);
    return absl::OkStatus();
  }
  absl::Status operator()(const std::string& value) const {
    proto->set_type(onnx::AttributeProto::STRING);
    proto->set_s(value);
    return absl::OkStatus();
  }
  absl::Status operator()(const std::vector<int64_t>& values) const {
    proto->set_type(onnx::AttributeProto::INTS);
    for (const int64_t value : values) proto->add_ints(value);
    return absl::OkStatus();
  }
  absl::Status operator()(const std::vector<float>& values) const {
    proto->set_type(onnx::AttributeProto::FLOATS);
    for (const float value : values) proto->add_floats(value);
    return absl::OkStatus();
  }
  absl::Status operator()(const std::vector<std::string>& values) const {
    proto->set_type(onnx::AttributeProto::STRINGS);
    for (const std::string& value : values) proto->add_strings(value);
    return absl::OkStatus();
  }
  absl::Status operator()(const OnnxTensor& value) const {
    proto->set_type(onnx::AttributeProto::TENSOR);
    return ToTensorProto(value, proto->mutable_t());
  }
  absl::Status operator()(const std::shared_ptr<const OnnxGraph>& value) const {
    proto->set_type(onnx::AttributeProto::GRAPH);
    return ToGraph(*value, proto->mutable_g());
  }
};

absl::Status ToNode(const OnnxNode& node, onnx::NodeProto* proto) {
  proto->set_name(node.name);
  proto->set_op_type(node.op);
  if (!node.domain.empty()) proto->set_domain(node.domain);
  for (const std::string& input : node.inputs) proto->add_input(input);
  for (const std::string& output : node.outputs) proto->add_output(output);
  for (const auto& [name, value] : node.attributes) {
    auto* attribute = proto->add_attribute();
    attribute->set_name(name);
    const absl::Status status = std::visit(AttributeWriter{attribute}, value);
    if (!status.ok()) {
      return absl::Status(
          status.code(),
          absl::StrCat("node '", node.name, "' (", node.op, "): attribute '",
                       name, "': ", status.message()));
    }
  }
  return absl::OkStatus();
}

absl::Status ToGraph(const OnnxGraph& graph, onnx::GraphProto* proto) {
  proto->set_name(graph.name);
  for (const OnnxNode& node : graph.nodes) {
    ASSAY_RETURN_IF_ERROR(ToNode(node, proto->add_node()));
  }
  for (const OnnxTensor& tensor : graph.initializers) {
    ASSAY_RETURN_IF_ERROR(ToTensorProto(tensor, proto->add_initializer()));
  }
  for (const OnnxValueInfo& input : graph.inputs) {
    ToValueInfo(input, proto->add_input());
  }
  for (const OnnxValueInfo& output : graph.outputs) {
    ToValueInfo(output, proto->add_output());
  }
  return absl::OkStatus();
}

void ToOpset(const std::string& domain, int64_t version,
             onnx::OperatorSetIdProto* proto) {
  proto->set_domain(domain);
  proto->set_version(version);
}

absl::Status ToFunction(const OnnxFunction& function,
                        onnx::FunctionProto* proto) {
  proto->set_name(function.name);
  proto->set_domain(function.domain);
  for (const std::string& input : function.inputs) proto->add_input(input);
  for (const std::string& output : function.outputs) {
    proto->add_output(output);
  }
  for (const std::string& attribute : function.attributes) {
    proto->add_attribute(attribute);
  }
  for (const auto& [domain, version] : function.opsets) {
    ToOpset(domain, version, proto->add_opset_import());
  }
  for (const OnnxNode& node : function.nodes) {
    ASSAY_RETURN_IF_ERROR(ToNode(node, proto->add_node()));
  }
  return absl::OkStatus();
}

// In the order of fields, which protobuf promises on request only.
template <typename Message>
absl::StatusOr<std::string> Bytes(const Message& message) {
  if (message.ByteSizeLong() >= (size_t{1} << 31)) {
    return absl::InvalidArgumentError(
        absl::StrCat(message.ByteSizeLong(),
                     " bytes are more than the 2 GiB of a protobuf file"));
  }
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeWithCachedSizes(&coded);
  }
  return bytes;
}

}  // namespace

absl::StatusOr<std::string> SerializeOnnxModel(const OnnxModel& model) {
  onnx::ModelProto proto;
  proto.set_ir_version(model.ir_version);
  for (const auto& [domain, version] : model.opsets) {
    ToOpset(domain, version, proto.add_opset_import());
  }
  if (!model.producer_name.empty()) {
    proto.set_producer_name(model.producer_name);
  }
  if (!model.producer_version.empty()) {
    proto.set_producer_version(model.producer_version);
  }
  for (const auto& [key, value] : model.metadata) {
    auto* entry = proto.add_metadata_props();
    entry->set_key(key);
    entry->set_value(value);
  }
  ASSAY_RETURN_IF_ERROR(ToGraph(model.graph, proto.mutable_graph()));
  for (const OnnxFunction& function : model.functions) {
    ASSAY_RETURN_IF_ERROR(ToFunction(function, proto.add_functions()));
  }
  return Bytes(proto);
}

absl::StatusOr<std::string> SerializeOnnxTensor(const OnnxTensor& tensor) {
  onnx::TensorProto proto;
  ASSAY_RETURN_IF_ERROR(ToTensorProto(tensor, &proto));
  return Bytes(proto);
}

}  // namespace assay
