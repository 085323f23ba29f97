#include "harness/models/onnx/proto/tensor_proto.h"

#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/models/onnx/proto/external_data.h"
#include "onnx/onnx_pb.h"

namespace assay {
namespace {

template <typename... Parts>
absl::Status Bad(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}

// The extents, whose product times the element's size fits into `budget`.
absl::StatusOr<Shape> CheckedShape(const onnx::TensorProto& proto,
                                   int64_t element_bytes, int64_t budget) {
  Shape shape(proto.dims().begin(), proto.dims().end());
  int64_t bytes = element_bytes;
  bool empty = false;
  for (const int64_t extent : shape) {
    if (extent < 0) return Bad("dims: negative extent in ", ToString(shape));
    empty |= extent == 0;
  }
  for (const int64_t extent : shape) {
    if (!empty &&
        (__builtin_mul_overflow(bytes, extent, &bytes) || bytes > budget)) {
      return Bad("dims: ", ToString(shape), " needs more than the ", budget,
                 " bytes allowed for tensors");
    }
  }
  return shape;
}

absl::Status CheckCount(absl::string_view field, int64_t got, int64_t want) {
  if (got == want) return absl::OkStatus();
  return Bad(field, ": expected ", want, " elements as dims say, got ", got);
}

// Elements from one of the typed fields, each within To's range.
template <typename To, typename Field>
absl::Status CopyField(absl::string_view name, const Field& field,
                       Tensor* tensor) {
  ASSAY_RETURN_IF_ERROR(CheckCount(name, field.size(), tensor->size()));
  To* to = tensor->data<To>();
  for (const auto value : field) {
    if constexpr (std::is_same_v<To, bool>) {
      *to++ = value != 0;
    } else if constexpr (std::is_same_v<To, BFloat16>) {
      to++->bits = static_cast<uint16_t>(value);
    } else {
      const To element = static_cast<To>(value);
      if constexpr (std::is_integral_v<To>) {
        if (static_cast<int64_t>(element) != static_cast<int64_t>(value)) {
          return Bad(name, ": ", value, " does not fit the element type");
        }
      }
      *to++ = element;
    }
  }
  return absl::OkStatus();
}

absl::Status CopyTyped(const onnx::TensorProto& proto, Tensor* tensor) {
  switch (tensor->dtype()) {
    case DType::kF32:
      return CopyField<float>("float_data", proto.float_data(), tensor);
    case DType::kF64:
      return CopyField<double>("double_data", proto.double_data(), tensor);
    case DType::kS64:
      return CopyField<int64_t>("int64_data", proto.int64_data(), tensor);
    case DType::kS32:
      return CopyField<int32_t>("int32_data", proto.int32_data(), tensor);
    case DType::kS8:
      return CopyField<int8_t>("int32_data", proto.int32_data(), tensor);
    case DType::kU8:
      return CopyField<uint8_t>("int32_data", proto.int32_data(), tensor);
    case DType::kBool:
      return CopyField<bool>("int32_data", proto.int32_data(), tensor);
    case DType::kBF16:
      return CopyField<BFloat16>("int32_data", proto.int32_data(), tensor);
  }
  return absl::InternalError("unknown element type");
}

// Bytes other than 0 and 1 are no bools to C++.
void NormalizeBools(Tensor* tensor) {
  if (tensor->dtype() != DType::kBool) return;
  uint8_t* bytes = static_cast<uint8_t*>(tensor->raw());
  for (int64_t i = 0; i < tensor->size(); ++i) bytes[i] = bytes[i] != 0;
}

absl::StatusOr<ExternalRange> ExternalRangeOf(const onnx::TensorProto& proto) {
  ExternalRange range;
  for (const auto& entry : proto.external_data()) {
    int64_t* number = entry.key() == "offset"   ? &range.offset
                      : entry.key() == "length" ? &range.length
                                                : nullptr;
    if (entry.key() == "location") range.location = entry.value();
    if (number != nullptr &&
        (!absl::SimpleAtoi(entry.value(), number) || *number < 0)) {
      return Bad("external_data: ", entry.key(),
                 ": expected a count of bytes, got '", entry.value(), "'");
    }
  }
  return range;
}

absl::Status CopyExternal(const onnx::TensorProto& proto,
                          const std::string& folder, Tensor* tensor) {
  if (folder.empty()) {
    return Bad("external_data: there is no folder to look for them in");
  }
  ASSAY_ASSIGN_OR_RETURN(const ExternalRange range, ExternalRangeOf(proto));
  ASSAY_RETURN_IF_ERROR(
      ReadExternalData(folder, range, tensor->bytes(), tensor->raw()));
  NormalizeBools(tensor);
  return absl::OkStatus();
}

absl::Status CopyRaw(const onnx::TensorProto& proto, Tensor* tensor) {
  const std::string& raw = proto.raw_data();
  if (static_cast<int64_t>(raw.size()) != tensor->bytes()) {
    return Bad("raw_data: expected ", tensor->bytes(),
               " bytes as dims say, got ", raw.size());
  }
  if (!raw.empty()) std::memcpy(tensor->raw(), raw.data(), raw.size());
  NormalizeBools(tensor);
  return absl::OkStatus();
}

// What the file itself holds of the elements, before memory is asked for.
bool MayHold(const onnx::TensorProto& proto, int64_t elements) {
  const int64_t held =
      proto.has_raw_data()
          ? static_cast<int64_t>(proto.raw_data().size())
          : int64_t{proto.float_data_size()} + proto.double_data_size() +
                proto.int32_data_size() + proto.int64_data_size();
  return held >= elements;
}

}  // namespace

absl::StatusOr<OnnxTensor> FromTensorProto(const onnx::TensorProto& proto,
                                           const std::string& folder,
                                           int64_t* budget) {
  OnnxTensor tensor;
  tensor.name = proto.name();
  tensor.type = static_cast<OnnxType>(proto.data_type());
  if (proto.has_segment()) return Bad("segment: parts of tensors are not read");
  const std::optional<DType> dtype = ToDType(tensor.type);
  if (!dtype) return tensor;
  ASSAY_ASSIGN_OR_RETURN(Shape shape,
                         CheckedShape(proto, SizeOf(*dtype), *budget));
  const bool external =
      proto.data_location() == onnx::TensorProto_DataLocation_EXTERNAL;
  const int64_t elements = ElementCount(shape);
  if (!external && !MayHold(proto, elements)) {
    return Bad("dims: ", ToString(shape), " of ", Name(tensor.type),
               " are more than the elements that the tensor holds");
  }
  *budget -= elements * SizeOf(*dtype);
  tensor.value = Tensor(*dtype, std::move(shape));
  ASSAY_RETURN_IF_ERROR(external ? CopyExternal(proto, folder, &tensor.value)
                        : proto.has_raw_data()
                            ? CopyRaw(proto, &tensor.value)
                            : CopyTyped(proto, &tensor.value));
  return tensor;
}

absl::Status ToTensorProto(const OnnxTensor& tensor, onnx::TensorProto* proto) {
  const Tensor& value = tensor.value;
  if (tensor.type != ToOnnxType(value.dtype())) {
    return Bad("tensor '", tensor.name, "': ", Name(tensor.type),
               " is not the type of its elements, ", value.TypeString());
  }
  if (value.bytes() > std::numeric_limits<int32_t>::max()) {
    return Bad("tensor '", tensor.name, "': ", value.bytes(),
               " bytes are more than a file takes");
  }
  if (!tensor.name.empty()) proto->set_name(tensor.name);
  proto->set_data_type(static_cast<int32_t>(tensor.type));
  for (const int64_t extent : value.shape()) proto->add_dims(extent);
  proto->set_raw_data(value.raw(), static_cast<size_t>(value.bytes()));
  return absl::OkStatus();
}

}  // namespace assay
