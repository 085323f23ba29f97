#include "harness/core/dtype.h"

#include <array>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace assay {
namespace {

struct Row {
  absl::string_view name;
  int64_t bytes;
};

// In the order of DType.
constexpr std::array<Row, 8> kRows = {{{"f32", 4},
                                       {"f64", 8},
                                       {"bf16", 2},
                                       {"s8", 1},
                                       {"u8", 1},
                                       {"s32", 4},
                                       {"s64", 8},
                                       {"bool", 1}}};

}  // namespace

int64_t SizeOf(DType dtype) { return kRows[static_cast<size_t>(dtype)].bytes; }

absl::string_view Name(DType dtype) {
  return kRows[static_cast<size_t>(dtype)].name;
}

absl::StatusOr<DType> ParseDType(absl::string_view name) {
  for (size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].name == name) return static_cast<DType>(i);
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown dtype \"", name, "\"; known are ",
      absl::StrJoin(kRows, ", ", [](std::string* out, const Row& row) {
        absl::StrAppend(out, row.name);
      })));
}

}  // namespace assay
