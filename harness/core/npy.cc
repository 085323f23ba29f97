#include "harness/core/npy.h"

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

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

}  // namespace assay
