#include "harness/host/run_setup.h"

#include <signal.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

TEST(RunSetupTest, LimitsTheProcessToOneThread) {
  EXPECT_TRUE(LimitThreads(0).ok());
  ASSERT_TRUE(LimitThreads(1).ok());
  EXPECT_EQ(UsableThreads(), 1);
  EXPECT_TRUE(LimitThreads(1).ok());
}

TEST(RunSetupTest, RefusesMoreThreadsThanThereAre) {
  const absl::Status status = LimitThreads(1 << 20);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("1048576 threads"));
}

TEST(RunSetupTest, ATerminationAsksForAStop) {
  const std::atomic<bool>* stop = StopOnTerminate();
  EXPECT_FALSE(*stop);
  raise(SIGTERM);
  EXPECT_TRUE(*stop);
}

TEST(RunSetupTest, UnknownTasksAndBackendsAreNamed) {
  RunSpec spec;
  spec.set_task("absent-task");
  EXPECT_THAT(std::string(OpenTask(spec).status().message()),
              HasSubstr("absent-task"));
}

}  // namespace
}  // namespace assay
