// What the kernel says of itself in /proc and /sys, under a root that tests
// choose.
#ifndef ASSAY_HARNESS_MEASURE_SYSTEM_FILES_H_
#define ASSAY_HARNESS_MEASURE_SYSTEM_FILES_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assay {

class SystemFiles {
 public:
  // The machine itself.
  SystemFiles() = default;
  // `root` stands for "/".
  explicit SystemFiles(std::string root) : root_(std::move(root)) {}

  // The file without blanks at its ends. Paths are absolute: "/proc/stat".
  absl::StatusOr<std::string> Text(absl::string_view path) const;
  // One whole number; INVALID_ARGUMENT shows what stood there.
  absl::StatusOr<int64_t> Integer(absl::string_view path) const;
  // Names in the folder, sorted; none where it is absent.
  std::vector<std::string> Names(absl::string_view folder) const;
  bool Exists(absl::string_view path) const;
  // For the few files that take orders, such as /proc/self/clear_refs.
  absl::Status Write(absl::string_view path, absl::string_view text) const;

 private:
  std::string Full(absl::string_view path) const;

  std::string root_;
};

// The value of the first line "key : value", without blanks at its ends:
// "VmRSS:    1234 kB" gives "1234 kB". Empty where there is none.
std::string FieldOf(absl::string_view text, absl::string_view key);

}  // namespace assay

#endif  // ASSAY_HARNESS_MEASURE_SYSTEM_FILES_H_
