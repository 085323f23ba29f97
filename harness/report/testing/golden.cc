#include "harness/report/testing/golden.h"

#include <cstdlib>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"

namespace assay {
namespace {

// `pattern` with "{{...}}" for any run of characters.
bool Matches(absl::string_view pattern, absl::string_view line) {
  const std::vector<absl::string_view> parts =
      absl::StrSplit(pattern, "{{...}}");
  if (parts.size() == 1) return pattern == line;
  if (!absl::StartsWith(line, parts.front())) return false;
  line.remove_prefix(parts.front().size());
  for (size_t i = 1; i + 1 < parts.size(); ++i) {
    const size_t at = line.find(parts[i]);
    if (at == line.npos) return false;
    line.remove_prefix(at + parts[i].size());
  }
  return absl::EndsWith(line, parts.back());
}

}  // namespace

void ExpectGolden(const std::string& path, const std::string& text) {
  const char* workspace = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  if (workspace != nullptr && std::getenv("ASSAY_UPDATE_GOLDENS") != nullptr) {
    EXPECT_EQ(WriteFileAtomically(JoinPath(workspace, path), text),
              absl::OkStatus());
    return;
  }
  const auto golden = ReadFile(path);
  ASSERT_EQ(golden.status(), absl::OkStatus());
  const std::vector<std::string> expected = absl::StrSplit(*golden, '\n');
  const std::vector<std::string> got = absl::StrSplit(text, '\n');
  for (size_t i = 0; i < expected.size() && i < got.size(); ++i) {
    ASSERT_TRUE(Matches(expected[i], got[i]))
        << path << ", line " << i + 1 << "\n expected " << expected[i]
        << "\n got      " << got[i] << "\nAll of it:\n"
        << text;
  }
  EXPECT_EQ(expected.size(), got.size()) << path << "\n" << text;
}

}  // namespace assay
