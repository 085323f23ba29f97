#include "harness/measure/memory/memory.h"

#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

constexpr char kStatus[] = "/proc/self/status";

absl::StatusOr<int64_t> KibField(absl::string_view text,
                                 absl::string_view key) {
  const std::string field = FieldOf(text, key);
  absl::string_view digits = field;
  int64_t kib = 0;
  if (absl::ConsumeSuffix(&digits, " kB") && absl::SimpleAtoi(digits, &kib)) {
    return kib * 1024;
  }
  return absl::UnavailableError(absl::StrCat(kStatus, ": expected \"", key,
                                             ": N kB\", got \"", field, "\""));
}

}  // namespace

absl::StatusOr<MemoryUse> ReadMemoryUse(const SystemFiles& files) {
  ASSAY_ASSIGN_OR_RETURN(const std::string text, files.Text(kStatus));
  MemoryUse use;
  ASSAY_ASSIGN_OR_RETURN(use.resident_bytes, KibField(text, "VmRSS"));
  ASSAY_ASSIGN_OR_RETURN(use.peak_bytes, KibField(text, "VmHWM"));
  return use;
}

absl::Status ResetPeakMemory(const SystemFiles& files) {
  return files.Write("/proc/self/clear_refs", "5");
}

}  // namespace assay
