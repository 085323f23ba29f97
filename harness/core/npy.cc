#include "harness/core/npy.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "harness/core/dtype.h"
#include "harness/core/shape.h"

namespace assay {
namespace {

// NumPy's name; empty where it has none.
absl::string_view NpyType(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return "<f4";
    case DType::kF64:
      return "<f8";
    case DType::kS8:
      return "|i1";
    case DType::kU8:
      return "|u1";
    case DType::kS32:
      return "<i4";
    case DType::kS64:
      return "<i8";
    case DType::kBool:
      return "|b1";
    case DType::kBF16:
      break;
  }
  return "";
}

// What stands behind 'key': in the header, up to the end of the value.
absl::string_view ValueOf(absl::string_view header, absl::string_view key,
                          absl::string_view end) {
  const size_t at = header.find(absl::StrCat("'", key, "':"));
  if (at == absl::string_view::npos) return "";
  absl::string_view value = header.substr(at + key.size() + 3);
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  const size_t stop = value.find(end);
  return stop == absl::string_view::npos ? "" : value.substr(0, stop);
}

std::optional<DType> TypeOf(absl::string_view descr) {
  for (const DType type : {DType::kF32, DType::kF64, DType::kS8, DType::kU8,
                           DType::kS32, DType::kS64, DType::kBool}) {
    if (descr == absl::StrCat("'", NpyType(type), "'")) return type;
  }
  return std::nullopt;
}

// The extents in "(2, 3" or "(2,"; their product times `width` is at most
// `bytes`.
std::optional<Shape> ShapeOf(absl::string_view text, int64_t width,
                             size_t bytes) {
  if (text.empty() || text[0] != '(') return std::nullopt;
  Shape shape;
  int64_t size = width;
  for (const absl::string_view word :
       absl::StrSplit(text.substr(1), ',', absl::SkipWhitespace())) {
    int64_t extent = 0;
    if (!absl::SimpleAtoi(word, &extent) || extent < 0 ||
        __builtin_mul_overflow(size, extent, &size) ||
        size > static_cast<int64_t>(bytes)) {
      return std::nullopt;
    }
    shape.push_back(extent);
  }
  return shape;
}

}  // namespace

absl::StatusOr<std::string> SerializeNpy(const Tensor& tensor) {
  const absl::string_view type = NpyType(tensor.dtype());
  if (type.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a .npy file has no elements of type ", Name(tensor.dtype())));
  }
  std::string header =
      absl::StrCat("{'descr': '", type, "', 'fortran_order': False, 'shape': (",
                   absl::StrJoin(tensor.shape(), ", "),
                   tensor.rank() == 1 ? "," : "", "), }");
  constexpr size_t kPrefix = 10, kAlignment = 64;
  const size_t unpadded = kPrefix + header.size() + 1;
  header.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  header.push_back('\n');
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes.push_back(static_cast<char>(header.size() % 256));
  bytes.push_back(static_cast<char>(header.size() / 256));
  bytes += header;
  bytes.append(static_cast<const char*>(tensor.raw()),
               static_cast<size_t>(tensor.bytes()));
  return bytes;
}

absl::StatusOr<Tensor> ParseNpy(absl::string_view bytes,
                                absl::string_view where) {
  const auto bad = [&](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": ", why));
  };
  const auto byte = [&](size_t i) {
    return static_cast<size_t>(static_cast<unsigned char>(bytes[i]));
  };
  if (bytes.size() < 12 || bytes.substr(0, 6) != "\x93NUMPY" || byte(6) < 1 ||
      byte(6) > 3) {
    return bad("no .npy file of format 1 to 3");
  }
  const size_t start = byte(6) == 1 ? 10 : 12;
  size_t length = byte(8) + (byte(9) << 8);
  if (start == 12) length += (byte(10) << 16) + (byte(11) << 24);
  if (length > bytes.size() - start) return bad("the header is cut short");
  const absl::string_view header = bytes.substr(start, length);
  bytes.remove_prefix(start + length);
  const absl::string_view descr = ValueOf(header, "descr", ",");
  const std::optional<DType> type = TypeOf(descr);
  if (!type) {
    return bad(absl::StrCat("elements ", descr,
                            " are none of f4, f8, i1, u1, i4, i8, b1 in little-"
                            "endian order"));
  }
  if (ValueOf(header, "fortran_order", ",") != "False") {
    return bad("expected 'fortran_order': False");
  }
  std::optional<Shape> shape =
      ShapeOf(ValueOf(header, "shape", ")"), SizeOf(*type), bytes.size());
  if (!shape) return bad("the shape does not fit the bytes that follow");
  Tensor tensor(*type, *std::move(shape));
  if (static_cast<int64_t>(bytes.size()) != tensor.bytes()) {
    return bad(absl::StrCat("expected ", tensor.bytes(),
                            " bytes of elements, got ", bytes.size()));
  }
  if (!bytes.empty()) std::memcpy(tensor.raw(), bytes.data(), bytes.size());
  if (*type == DType::kBool) {
    uint8_t* flags = static_cast<uint8_t*>(tensor.raw());
    for (int64_t i = 0; i < tensor.size(); ++i) flags[i] = flags[i] != 0;
  }
  return tensor;
}

}  // namespace assay
