#include "harness/train/checkpoint.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "absl/base/internal/endian.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/core/dtype.h"
#include "harness/core/file.h"
#include "harness/core/status_macros.h"
#include "harness/core/tensor.h"
#include "harness/train/checkpoint_header.h"

namespace assay {
namespace {

constexpr int64_t kLengthBytes = 8;
constexpr uint64_t kMaxHeaderBytes = 100'000'000;

struct DTypeName {
  DType dtype;
  absl::string_view name;
};
constexpr DTypeName kDTypeNames[] = {
    {DType::kF64, "F64"}, {DType::kS64, "I64"},   {DType::kF32, "F32"},
    {DType::kS32, "I32"}, {DType::kBF16, "BF16"}, {DType::kS8, "I8"},
    {DType::kU8, "U8"},   {DType::kBool, "BOOL"}};

absl::string_view FormatName(DType dtype) {
  for (const DTypeName& row : kDTypeNames) {
    if (row.dtype == dtype) return row.name;
  }
  return "";
}

absl::StatusOr<DType> ParseFormatName(const CheckpointEntry& entry,
                                      absl::string_view where) {
  for (const DTypeName& row : kDTypeNames) {
    if (row.name == entry.dtype) return row.dtype;
  }
  return absl::UnimplementedError(
      absl::StrCat(where, ": tensor \"", entry.name, "\": element type \"",
                   entry.dtype, "\" is not among ",
                   absl::StrJoin(kDTypeNames, ", ",
                                 [](std::string* out, const DTypeName& row) {
                                   absl::StrAppend(out, row.name);
                                 })));
}

// Bytes of the tensor, or an error when they do not fit in 63 bits.
absl::StatusOr<int64_t> DeclaredBytes(const CheckpointEntry& entry, DType dtype,
                                      absl::string_view where) {
  int64_t bytes = SizeOf(dtype);
  for (const int64_t extent : entry.shape) {
    if (extent != 0 && bytes > std::numeric_limits<int64_t>::max() / extent) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, ": tensor \"", entry.name, "\": shape ",
                       ToString(entry.shape), " is too large"));
    }
    bytes *= extent;
  }
  return bytes;
}

// `at`: where the previous tensor ended.
absl::StatusOr<Tensor> ParseTensor(const CheckpointEntry& entry, int64_t at,
                                   absl::string_view data, int64_t data_offset,
                                   absl::string_view where) {
  ASSAY_ASSIGN_OR_RETURN(const DType dtype, ParseFormatName(entry, where));
  ASSAY_ASSIGN_OR_RETURN(const int64_t bytes,
                         DeclaredBytes(entry, dtype, where));
  const std::string name = absl::StrCat(where, ": tensor \"", entry.name, "\"");
  if (entry.begin != at) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": expected data at offset ", data_offset + at,
                     " (tensors touch without gap or overlap), got ",
                     entry.begin, " after the header at ", data_offset));
  }
  if (bytes > static_cast<int64_t>(data.size()) - at) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, ": expected ", bytes, " bytes at offset ", data_offset + at,
        " for ", entry.dtype, ToString(entry.shape), ", got ",
        static_cast<int64_t>(data.size()) - at, " before the file ends"));
  }
  if (entry.end - entry.begin != bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": expected ", bytes, " bytes for ", entry.dtype,
                     ToString(entry.shape), ", got data_offsets [", entry.begin,
                     ",", entry.end, "]"));
  }
  Tensor tensor(dtype, entry.shape);
  if (bytes > 0) {
    std::memcpy(tensor.raw(), data.data() + at, static_cast<size_t>(bytes));
  }
  return tensor;
}

}  // namespace

std::string SerializeCheckpoint(const Checkpoint& checkpoint) {
  std::vector<std::pair<absl::string_view, const Tensor*>> tensors;
  for (const auto& [name, tensor] : checkpoint.parameters.values()) {
    tensors.emplace_back(name, &tensor);
  }
  std::stable_sort(
      tensors.begin(), tensors.end(), [](const auto& a, const auto& b) {
        return SizeOf(a.second->dtype()) > SizeOf(b.second->dtype());
      });
  std::vector<std::string> items;
  if (!checkpoint.metadata.empty()) {
    std::vector<std::string> pairs;
    for (const auto& [key, value] : checkpoint.metadata) {
      pairs.push_back(absl::StrCat(JsonQuote(key), ":", JsonQuote(value)));
    }
    items.push_back(
        absl::StrCat("\"__metadata__\":{", absl::StrJoin(pairs, ","), "}"));
  }
  int64_t at = 0;
  for (const auto& [name, tensor] : tensors) {
    items.push_back(absl::StrCat(
        JsonQuote(name), ":{\"dtype\":\"", FormatName(tensor->dtype()),
        "\",\"shape\":", ToString(tensor->shape()), ",\"data_offsets\":[", at,
        ",", at + tensor->bytes(), "]}"));
    at += tensor->bytes();
  }
  std::string header = absl::StrCat("{", absl::StrJoin(items, ","), "}");
  header.resize((header.size() + 7) / 8 * 8, ' ');
  std::string bytes(static_cast<size_t>(kLengthBytes), '\0');
  absl::little_endian::Store64(&bytes[0], header.size());
  bytes.reserve(bytes.size() + header.size() + static_cast<size_t>(at));
  bytes.append(header);
  for (const auto& [name, tensor] : tensors) {
    bytes.append(static_cast<const char*>(tensor->raw()),
                 static_cast<size_t>(tensor->bytes()));
  }
  return bytes;
}

absl::StatusOr<Checkpoint> ParseCheckpoint(absl::string_view bytes,
                                           absl::string_view where) {
  if (static_cast<int64_t>(bytes.size()) < kLengthBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": offset 0: expected a header length of ",
                     kLengthBytes, " bytes, got a file of ", bytes.size()));
  }
  const uint64_t length = absl::little_endian::Load64(bytes.data());
  const uint64_t rest = bytes.size() - static_cast<uint64_t>(kLengthBytes);
  if (length > kMaxHeaderBytes || length > rest) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": offset 0: expected a header length of at most ",
                     std::min(kMaxHeaderBytes, rest), " bytes, got ", length));
  }
  const absl::string_view json =
      bytes.substr(static_cast<size_t>(kLengthBytes), length);
  ASSAY_ASSIGN_OR_RETURN(CheckpointHeader header,
                         ParseCheckpointHeader(json, kLengthBytes, where));
  std::stable_sort(header.entries.begin(), header.entries.end(),
                   [](const CheckpointEntry& a, const CheckpointEntry& b) {
                     return a.begin != b.begin ? a.begin < b.begin
                                               : a.end < b.end;
                   });
  const int64_t data_offset = kLengthBytes + static_cast<int64_t>(length);
  const absl::string_view data = bytes.substr(static_cast<size_t>(data_offset));
  Checkpoint checkpoint;
  int64_t at = 0;
  for (const CheckpointEntry& entry : header.entries) {
    ASSAY_ASSIGN_OR_RETURN(Tensor tensor,
                           ParseTensor(entry, at, data, data_offset, where));
    at += tensor.bytes();
    checkpoint.parameters.Set(entry.name, std::move(tensor));
  }
  if (at != static_cast<int64_t>(data.size())) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": offset ", data_offset + at,
                     ": expected the end of the file, ", "got ",
                     static_cast<int64_t>(data.size()) - at, " more bytes"));
  }
  checkpoint.metadata = std::move(header.metadata);
  return checkpoint;
}

absl::StatusOr<Checkpoint> ReadCheckpoint(const std::string& path) {
  ASSAY_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  return ParseCheckpoint(bytes, path);
}

absl::Status WriteCheckpoint(const std::string& path,
                             const Checkpoint& checkpoint) {
  return WriteFileAtomically(path, SerializeCheckpoint(checkpoint));
}

}  // namespace assay
