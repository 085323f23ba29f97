// Every node test of ONNX on the cpu backend: passes, or is refused by name.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/registry.h"
#include "harness/core/file.h"
#include "harness/models/onnx/import/import.h"
#include "harness/models/onnx/testing/node_table.h"
#include "harness/models/onnx/testing/node_tests.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

constexpr char kTable[] = "harness/models/onnx/testing/node_tests.md";

// With ASSAY_UPDATE_GOLDENS=FILE the page is written there instead.
void CheckTable(const std::string& text) {
  if (const char* path = std::getenv("ASSAY_UPDATE_GOLDENS")) {
    ASSERT_OK(WriteFileAtomically(path, text));
    return;
  }
  ASSERT_OK_AND_ASSIGN(const std::string golden, ReadFile(kTable));
  EXPECT_EQ(text, golden);
}

TEST(NodeTest, EveryTestPassesOrIsRefusedByName) {
  const std::string folder = NodeTestFolder();
  const auto names = NodeTestNames(folder);
  if (!names.ok() || names->empty()) {
    GTEST_SKIP() << "no node tests in " << folder
                 << "; install libonnx-testdata (tools/setup test) or set "
                    "ASSAY_ONNX_TESTDATA";
  }
  ASSERT_OK_AND_ASSIGN(const auto device, MakeDevice("cpu"));
  std::vector<NodeResult> results;
  for (const std::string& name : *names) {
    results.push_back(RunNodeTest(folder, name, device.get()));
    const NodeResult& r = results.back();
    EXPECT_NE(r.verdict, NodeVerdict::kFailed) << r.test << ": " << r.reason;
    if (r.verdict == NodeVerdict::kRefused) {
      std::printf("%s: %s\n", r.test.c_str(), r.reason.c_str());
    }
  }
  CheckTable(NodeTable(results, ImportedOnnxOps()));
}

}  // namespace
}  // namespace assay
