#include "harness/measure/testing/fake_system.h"

#include <atomic>
#include <filesystem>
#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"

namespace assay {

FakeSystem::FakeSystem() {
  static std::atomic<int> serial{0};
  root_ = JoinPath(testing::TempDir(),
                   absl::StrCat("fake_system/", serial.fetch_add(1)));
  std::filesystem::remove_all(root_);
  std::filesystem::create_directories(root_);
}

FakeSystem::~FakeSystem() { std::filesystem::remove_all(root_); }

void FakeSystem::Set(absl::string_view path, absl::string_view text) {
  const std::filesystem::path full = absl::StrCat(root_, path);
  std::filesystem::create_directories(full.parent_path());
  std::ofstream(full) << text;
}

void FakeSystem::Remove(absl::string_view path) {
  std::filesystem::remove_all(absl::StrCat(root_, path));
}

void FakeSystem::Load(absl::string_view tree) {
  std::string path, text;
  for (absl::string_view line : absl::StrSplit(tree, '\n')) {
    if (!absl::ConsumePrefix(&line, "=== ")) {
      absl::StrAppend(&text, line, "\n");
      continue;
    }
    if (!path.empty()) Set(path, text);
    path = std::string(line);
    text.clear();
  }
  if (!path.empty()) Set(path, text);
}

void FakeSystem::LoadRecording(absl::string_view name) {
  const auto tree = ReadFile(
      absl::StrCat("harness/measure/testing/testdata/", name, ".tree"));
  ASSERT_EQ(tree.status(), absl::OkStatus());
  Load(*tree);
}

}  // namespace assay
