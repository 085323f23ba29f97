// A root with the /proc and /sys that a test wants.
#ifndef ASSAY_HARNESS_MEASURE_TESTING_FAKE_SYSTEM_H_
#define ASSAY_HARNESS_MEASURE_TESTING_FAKE_SYSTEM_H_

#include <string>

#include "absl/strings/string_view.h"
#include "harness/measure/system_files.h"

namespace assay {

// A folder of its own, gone with the object.
class FakeSystem {
 public:
  FakeSystem();
  ~FakeSystem();
  FakeSystem(const FakeSystem&) = delete;
  FakeSystem& operator=(const FakeSystem&) = delete;

  void Set(absl::string_view path, absl::string_view text);
  void Remove(absl::string_view path);
  // Files one after another, each after a line "=== /its/path".
  void Load(absl::string_view tree);
  // Load of a recording in harness/measure/testing/testdata.
  void LoadRecording(absl::string_view name);

  SystemFiles files() const { return SystemFiles(root_); }
  const std::string& root() const { return root_; }

 private:
  std::string root_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_MEASURE_TESTING_FAKE_SYSTEM_H_
