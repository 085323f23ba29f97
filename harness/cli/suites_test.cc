#include "harness/cli/suites.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/cli/methods.h"
#include "harness/host/run_spec.pb.h"
#include "harness/sweep/suite.h"
#include "harness/sweep/suite.pb.h"
#include "harness/tasks/registry.h"

namespace assay {
namespace {

using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

TEST(SuitesTest, TheProgramComesWithAQuickOneAndADeskOne) {
  EXPECT_THAT(SuiteNames(), IsSupersetOf({"desk", "quick"}));
}

TEST(SuitesTest, EverySuiteNamesMethodsAndTasksThatThereAre) {
  for (const std::string& name : SuiteNames()) {
    SCOPED_TRACE(name);
    auto path = SuiteFile(name);
    ASSERT_TRUE(path.ok()) << path.status();
    auto suite = ReadSuite(*path);
    ASSERT_TRUE(suite.ok()) << suite.status();
    EXPECT_EQ(suite->name(), name);
    EXPECT_NE(suite->description(), "");
    auto runs = ExpandSuite(*suite);
    ASSERT_TRUE(runs.ok()) << runs.status();
    for (const RunSpec& run : *runs) {
      EXPECT_TRUE(FindTask(run.task()).ok()) << run.task();
      EXPECT_TRUE(PluginFileOf(run.method(), "").ok()) << run.method();
    }
  }
}

TEST(SuitesTest, AnUnknownSuiteIsAnsweredWithTheKnownOnes) {
  auto path = SuiteFile("quik");
  ASSERT_FALSE(path.ok());
  EXPECT_THAT(std::string(path.status().message()),
              HasSubstr("no suite 'quik'; there are desk, quick"));
}

TEST(SuitesTest, AFileIsTakenAsItIs) {
  EXPECT_EQ(*SuiteFile("/a/mine.textproto"), "/a/mine.textproto");
}

}  // namespace
}  // namespace assay
