#include "harness/models/onnx/proto/read_model.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/models/onnx/proto/tensor_proto.h"
#include "onnx/onnx_pb.h"

namespace assay {
namespace {

absl::Status Prefixed(absl::string_view where, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(where, ": ", status.message()));
}

// "node 3 'conv1' (Conv)".
std::string NodeWord(int i, const onnx::NodeProto& node) {
  return absl::StrCat("node ", i, " '", node.name(), "' (", node.op_type(),
                      ")");
}

template <typename To, typename Field>
std::vector<To> ListOf(const Field& field) {
  return std::vector<To>(field.begin(), field.end());
}

OnnxValueInfo FromValueInfo(const onnx::ValueInfoProto& proto) {
  OnnxValueInfo info;
  info.name = proto.name();
  if (!proto.type().has_tensor_type()) return info;
  const auto& type = proto.type().tensor_type();
  info.type = static_cast<OnnxType>(type.elem_type());
  if (!type.has_shape()) return info;
  info.dimensions.emplace();
  for (const auto& dim : type.shape().dim()) {
    info.dimensions->push_back(
        {dim.has_dim_value() ? dim.dim_value() : -1, dim.dim_param()});
  }
  return info;
}

class ModelReader {
 public:
  ModelReader(const std::string& folder, int64_t budget)
      : folder_(folder), budget_(budget) {}

  absl::StatusOr<OnnxModel> Model(const onnx::ModelProto& proto) {
    if (!proto.has_graph()) {
      return absl::InvalidArgumentError("the model holds no graph");
    }
    OnnxModel model;
    model.ir_version = proto.ir_version();
    model.opsets = Opsets(proto);
    model.producer_name = proto.producer_name();
    model.producer_version = proto.producer_version();
    for (const auto& entry : proto.metadata_props()) {
      model.metadata[entry.key()] = entry.value();
    }
    ASSAY_ASSIGN_OR_RETURN(model.graph, Graph(proto.graph()));
    for (const auto& function : proto.functions()) {
      ASSAY_ASSIGN_OR_RETURN(OnnxFunction read, Function(function));
      model.functions.push_back(std::move(read));
    }
    return model;
  }

  absl::StatusOr<OnnxGraph> Graph(const onnx::GraphProto& proto) {
    OnnxGraph graph;
    graph.name = proto.name();
    if (proto.sparse_initializer_size() != 0) {
      return absl::UnimplementedError("sparse initializers are not read");
    }
    for (const auto& initializer : proto.initializer()) {
      ASSAY_ASSIGN_OR_RETURN(
          OnnxTensor tensor,
          Tensor(absl::StrCat("initializer '", initializer.name(), "'"),
                 initializer));
      graph.initializers.push_back(std::move(tensor));
    }
    for (const auto& input : proto.input()) {
      graph.inputs.push_back(FromValueInfo(input));
    }
    for (const auto& output : proto.output()) {
      graph.outputs.push_back(FromValueInfo(output));
    }
    for (int i = 0; i < proto.node_size(); ++i) {
      ASSAY_ASSIGN_OR_RETURN(OnnxNode node, Node(i, proto.node(i)));
      graph.nodes.push_back(std::move(node));
    }
    return graph;
  }

 private:
  // Of a model or a function.
  template <typename Message>
  static std::map<std::string, int64_t> Opsets(const Message& proto) {
    std::map<std::string, int64_t> opsets;
    for (const auto& opset : proto.opset_import()) {
      const bool own = opset.domain() == "ai.onnx";
      opsets[own ? "" : opset.domain()] = opset.version();
    }
    return opsets;
  }

  absl::StatusOr<OnnxFunction> Function(const onnx::FunctionProto& proto) {
    OnnxFunction function;
    function.name = proto.name();
    function.domain = proto.domain();
    function.inputs = ListOf<std::string>(proto.input());
    function.outputs = ListOf<std::string>(proto.output());
    function.attributes = ListOf<std::string>(proto.attribute());
    function.opsets = Opsets(proto);
    for (int i = 0; i < proto.node_size(); ++i) {
      absl::StatusOr<OnnxNode> node = Node(i, proto.node(i));
      if (!node.ok()) {
        return Prefixed(absl::StrCat("function '", function.name, "'"),
                        node.status());
      }
      function.nodes.push_back(*std::move(node));
    }
    return function;
  }

  absl::StatusOr<OnnxTensor> Tensor(absl::string_view where,
                                    const onnx::TensorProto& proto) {
    absl::StatusOr<OnnxTensor> tensor =
        FromTensorProto(proto, folder_, &budget_);
    if (!tensor.ok()) return Prefixed(where, tensor.status());
    return tensor;
  }

  absl::StatusOr<OnnxNode> Node(int i, const onnx::NodeProto& proto) {
    OnnxNode node;
    node.name = proto.name();
    node.op = proto.op_type();
    node.domain = proto.domain() == "ai.onnx" ? "" : proto.domain();
    node.inputs = ListOf<std::string>(proto.input());
    node.outputs = ListOf<std::string>(proto.output());
    for (const auto& attribute : proto.attribute()) {
      const std::string where = absl::StrCat(
          NodeWord(i, proto), ": attribute '", attribute.name(), "'");
      absl::StatusOr<OnnxAttribute> value = Attribute(attribute);
      if (!value.ok()) return Prefixed(where, value.status());
      if (!node.attributes.emplace(attribute.name(), *std::move(value))
               .second) {
        return absl::InvalidArgumentError(absl::StrCat(where, " stands twice"));
      }
    }
    return node;
  }

  absl::StatusOr<OnnxAttribute> Attribute(const onnx::AttributeProto& proto) {
    switch (proto.type()) {
      case onnx::AttributeProto::INT:
        return OnnxAttribute(static_cast<int64_t>(proto.i()));
      case onnx::AttributeProto::FLOAT:
        return OnnxAttribute(proto.f());
      case onnx::AttributeProto::STRING:
        return OnnxAttribute(proto.s());
      case onnx::AttributeProto::INTS:
        return OnnxAttribute(ListOf<int64_t>(proto.ints()));
      case onnx::AttributeProto::FLOATS:
        return OnnxAttribute(ListOf<float>(proto.floats()));
      case onnx::AttributeProto::STRINGS:
        return OnnxAttribute(ListOf<std::string>(proto.strings()));
      case onnx::AttributeProto::TENSOR: {
        ASSAY_ASSIGN_OR_RETURN(OnnxTensor tensor, Tensor("tensor", proto.t()));
        return OnnxAttribute(std::move(tensor));
      }
      case onnx::AttributeProto::GRAPH: {
        ASSAY_ASSIGN_OR_RETURN(OnnxGraph graph, Graph(proto.g()));
        return OnnxAttribute(
            std::make_shared<const OnnxGraph>(std::move(graph)));
      }
      default:
        return OnnxAttribute(std::monostate());
    }
  }

  const std::string folder_;
  int64_t budget_;  // bytes of tensors that may still be read
};

// The bytes of a regular file of at most `max_bytes`, parsed.
template <typename Message>
absl::Status ParseFile(const std::string& path, int64_t max_bytes,
                       Message* message) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    const absl::Status status =
        absl::ErrnoToStatus(errno, absl::StrCat("open ", path));
    return errno == ENOENT || errno == ENOTDIR
               ? absl::NotFoundError(status.message())
               : absl::UnavailableError(status.message());
  }
  const absl::Cleanup closer = [fd] { close(fd); };
  struct stat info;
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": expected a regular file"));
  }
  if (info.st_size > max_bytes) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", info.st_size,
                                                   " bytes are more than the ",
                                                   max_bytes, " allowed"));
  }
  if (!message->ParseFromFileDescriptor(fd)) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": the bytes are no ", message->GetTypeName(),
        " (another kind of file, cut short, or nested too deeply)"));
  }
  return absl::OkStatus();
}

absl::StatusOr<OnnxModel> Checked(const onnx::ModelProto& proto,
                                  absl::string_view where,
                                  const std::string& folder,
                                  const OnnxReadLimits& limits) {
  absl::StatusOr<OnnxModel> model =
      ModelReader(folder, limits.max_tensor_bytes).Model(proto);
  if (!model.ok()) return Prefixed(where, model.status());
  return model;
}

}  // namespace

absl::StatusOr<OnnxModel> ReadOnnxModel(const std::string& path,
                                        const OnnxReadLimits& limits) {
  onnx::ModelProto proto;
  ASSAY_RETURN_IF_ERROR(ParseFile(path, limits.max_file_bytes, &proto));
  const std::string folder = std::filesystem::path(path).parent_path();
  return Checked(proto, path, folder.empty() ? "." : folder, limits);
}

absl::StatusOr<OnnxModel> ParseOnnxModel(absl::string_view bytes,
                                         absl::string_view where,
                                         const std::string& folder,
                                         const OnnxReadLimits& limits) {
  onnx::ModelProto proto;
  if (static_cast<int64_t>(bytes.size()) > limits.max_file_bytes ||
      !proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": the bytes are no ", proto.GetTypeName(),
                     " (another kind of file, cut short, or nested too "
                     "deeply)"));
  }
  return Checked(proto, where, folder, limits);
}

absl::StatusOr<OnnxTensor> ReadOnnxTensor(const std::string& path,
                                          const OnnxReadLimits& limits) {
  onnx::TensorProto proto;
  ASSAY_RETURN_IF_ERROR(ParseFile(path, limits.max_file_bytes, &proto));
  const std::string folder = std::filesystem::path(path).parent_path();
  int64_t budget = limits.max_tensor_bytes;
  absl::StatusOr<OnnxTensor> tensor =
      FromTensorProto(proto, folder.empty() ? "." : folder, &budget);
  if (!tensor.ok()) return Prefixed(path, tensor.status());
  return tensor;
}

}  // namespace assay
