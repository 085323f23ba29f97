#include "harness/cli/claim_files.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/claims/claims.h"
#include "harness/claims/claims.pb.h"
#include "harness/cli/methods.h"
#include "harness/host/run_spec.pb.h"
#include "harness/tasks/registry.h"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::IsSupersetOf;

TEST(ClaimFilesTest, TheBaselinesClaimSomething) {
  EXPECT_THAT(PluginsWithClaims(),
              IsSupersetOf({"magnitude", "nas_baselines", "quantization",
                            "structured_baselines"}));
}

TEST(ClaimFilesTest, EveryFileIsWellFormedAndCanBeRun) {
  for (const std::string& plugin : PluginsWithClaims()) {
    SCOPED_TRACE(plugin);
    const auto path = ClaimFile(plugin);
    ASSERT_TRUE(path.ok()) << path.status();
    const auto set = ReadClaims(*path);
    ASSERT_TRUE(set.ok()) << set.status();
    EXPECT_EQ(set->plugin(), plugin);
    bool about_itself = false;
    for (const Claim& claim : set->claims()) {
      const auto runs = RunsOf(claim);
      ASSERT_TRUE(runs.ok()) << runs.status();
      for (const RunSpec& run : *runs) {
        EXPECT_TRUE(FindTask(run.task()).ok()) << run.task();
        EXPECT_TRUE(PluginFileOf(run.method(), "").ok()) << run.method();
        about_itself = about_itself || run.method() == plugin;
      }
    }
    EXPECT_TRUE(about_itself);
  }
}

TEST(ClaimFilesTest, AnUnknownPluginIsAnsweredWithTheKnownOnes) {
  EXPECT_THAT(std::string(ClaimFile("null").status().message()),
              HasSubstr("plugin 'null' claims nothing; those that do are "));
  EXPECT_EQ(*ClaimFile("/a/mine.textproto"), "/a/mine.textproto");
}

}  // namespace
}  // namespace assay
