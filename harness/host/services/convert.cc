#include "harness/host/services/convert.h"

#include <vector>

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

constexpr uint32_t kMaxRank = 8;

}  // namespace

absl::StatusOr<DType> ToDType(int32_t dtype) {
  switch (dtype) {
    case ASSAY_F32:
      return DType::kF32;
    case ASSAY_F64:
      return DType::kF64;
    case ASSAY_BF16:
      return DType::kBF16;
    case ASSAY_S8:
      return DType::kS8;
    case ASSAY_U8:
      return DType::kU8;
    case ASSAY_S32:
      return DType::kS32;
    case ASSAY_S64:
      return DType::kS64;
    case ASSAY_BOOL:
      return DType::kBool;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("element type: expected 0 to 7, got ", dtype));
  }
}

int32_t FromDType(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return ASSAY_F32;
    case DType::kF64:
      return ASSAY_F64;
    case DType::kBF16:
      return ASSAY_BF16;
    case DType::kS8:
      return ASSAY_S8;
    case DType::kU8:
      return ASSAY_U8;
    case DType::kS32:
      return ASSAY_S32;
    case DType::kS64:
      return ASSAY_S64;
    case DType::kBool:
      return ASSAY_BOOL;
  }
  return ASSAY_F32;
}

DLDataType ToDl(DType dtype) {
  const auto bits = static_cast<uint8_t>(8 * SizeOf(dtype));
  switch (dtype) {
    case DType::kF32:
    case DType::kF64:
      return {kDLFloat, bits, 1};
    case DType::kBF16:
      return {kDLBfloat, bits, 1};
    case DType::kS8:
    case DType::kS32:
    case DType::kS64:
      return {kDLInt, bits, 1};
    case DType::kU8:
      return {kDLUInt, bits, 1};
    case DType::kBool:
      return {kDLBool, bits, 1};
  }
  return {kDLOpaqueHandle, bits, 1};
}

absl::StatusOr<Shape> ToShape(const int64_t* shape, uint32_t rank) {
  if (rank > kMaxRank) {
    return absl::InvalidArgumentError(
        absl::StrCat("rank: expected at most ", kMaxRank, ", got ", rank));
  }
  if (rank > 0 && shape == nullptr) {
    return absl::InvalidArgumentError("shape: expected extents, got null");
  }
  Shape result;
  int64_t elements = 1;
  for (uint32_t i = 0; i < rank; ++i) {
    if (shape[i] < 0 || __builtin_mul_overflow(elements, shape[i], &elements)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "shape: extent ", i, " is ", shape[i], ", negative or too large"));
    }
    result.push_back(shape[i]);
  }
  return result;
}

namespace {

absl::StatusOr<DType> FromDl(DLDataType type) {
  for (DType dtype : {DType::kF32, DType::kF64, DType::kBF16, DType::kS8,
                      DType::kU8, DType::kS32, DType::kS64, DType::kBool}) {
    const DLDataType known = ToDl(dtype);
    if (known.code == type.code && known.bits == type.bits && type.lanes == 1) {
      return dtype;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("DLPack element type: code ", type.code, ", ", type.bits,
                   " bits, ", type.lanes, " lanes is none of Assay's"));
}

}  // namespace

absl::StatusOr<Tensor> CopyDl(const DLTensor& source) {
  if (source.device.device_type != kDLCPU) {
    return absl::InvalidArgumentError(
        absl::StrCat("DLPack device: expected host memory (1), got ",
                     static_cast<int32_t>(source.device.device_type)));
  }
  absl::StatusOr<DType> dtype = FromDl(source.dtype);
  if (!dtype.ok()) return dtype.status();
  absl::StatusOr<Shape> shape =
      ToShape(source.shape, static_cast<uint32_t>(source.ndim));
  if (!shape.ok()) return shape.status();
  Tensor tensor(*dtype, *shape);
  if (tensor.size() == 0) return tensor;
  if (source.data == nullptr) {
    return absl::InvalidArgumentError("DLPack data: expected memory, got null");
  }
  const std::vector<int64_t> row_major = RowMajorStrides(*shape);
  const int64_t* strides =
      source.strides == nullptr ? row_major.data() : source.strides;
  const auto width = static_cast<size_t>(SizeOf(*dtype));
  const char* from = static_cast<const char*>(source.data) + source.byte_offset;
  char* to = static_cast<char*>(tensor.raw());
  std::vector<int64_t> index(shape->size(), 0);
  for (int64_t i = 0; i < tensor.size(); ++i) {
    int64_t offset = 0;
    for (size_t a = 0; a < index.size(); ++a) offset += index[a] * strides[a];
    std::memcpy(to + static_cast<size_t>(i) * width,
                from + offset * static_cast<int64_t>(width), width);
    for (size_t a = index.size(); a-- > 0;) {
      if (++index[a] < (*shape)[a]) break;
      index[a] = 0;
    }
  }
  return tensor;
}

}  // namespace assay
