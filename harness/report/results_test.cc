// Every report in results/ can be read and keeps the rules. Their paths are
// this program's arguments.
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "harness/report/check.h"
#include "harness/report/report_file.h"

namespace assay {
namespace {

std::vector<std::string> paths;

TEST(ResultsTest, EveryReportOfReferenceKeepsTheRules) {
  EXPECT_FALSE(paths.empty());
  for (const std::string& path : paths) {
    SCOPED_TRACE(path);
    auto report = ReadReport(path);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(CheckReport(*report).ok()) << CheckReport(*report);
    EXPECT_EQ(report->outcome().status(), Outcome::OK);
    EXPECT_NE(report->identity().command(), "");
  }
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  assay::paths.assign(argv + 1, argv + argc);
  return RUN_ALL_TESTS();
}
