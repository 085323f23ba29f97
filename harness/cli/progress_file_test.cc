#include "harness/cli/progress_file.h"

#include <cstdlib>
#include <string>

#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/core/progress.h"
#include "harness/sweep/status.pb.h"
#include "harness/sweep/status_file.h"

namespace assay {
namespace {

std::string Folder() {
  std::string name = testing::TempDir() + "/progressXXXXXX";
  return mkdtemp(name.data());
}

TEST(ProgressFileTest, IsWhatTheWatcherReads) {
  const std::string folder = Folder();
  KeepProgressFile(folder, "compress");
  {
    Progress progress("train \"lamp\"\n", 2800, "steps");
    progress.Update(12, "loss 0.41");
  }
  SetProgressObserver(nullptr);
  const auto phase = ReadPhaseStatus(folder);
  ASSERT_TRUE(phase.ok()) << phase.status();
  EXPECT_EQ(phase->process(), "compress");
  EXPECT_EQ(phase->label(), "train \"lamp\"\n");
  EXPECT_EQ(phase->done(), 12);
  EXPECT_EQ(phase->total(), 2800);
  EXPECT_EQ(phase->note(), "loss 0.41");
  EXPECT_GT(phase->updated().seconds(), 1600000000);
  EXPECT_FALSE(FileExists(JoinPath(folder, "progress.json.tmp")));
}

TEST(ProgressFileTest, AFolderThatIsNotThereIsNoError) {
  KeepProgressFile("/no/such/folder", "train");
  Progress progress("train", -1, "steps");
  progress.Update(1);
  SetProgressObserver(nullptr);
}

TEST(ProgressFileTest, TextIsExact) {
  ProgressState state;
  state.label = "time";
  state.unit = "blocks";
  state.done = 3;
  state.total = 8;
  state.seconds = 1.25;
  state.finished = true;
  EXPECT_EQ(ProgressJson("score", state, absl::FromUnixMillis(1500)),
            "{\"process\": \"score\", \"label\": \"time\", \"done\": 3, "
            "\"total\": 8, \"unit\": \"blocks\", \"note\": \"\", "
            "\"seconds\": 1.250, \"finished\": true, "
            "\"updated\": \"1970-01-01T00:00:01.500Z\"}\n");
}

}  // namespace
}  // namespace assay
