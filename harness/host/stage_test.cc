#include "harness/host/stage.h"

#include "gtest/gtest.h"

namespace assay {
namespace {

TEST(StageTest, ReadsStageAndHook) {
  const StagePlace place = ParseStage("COMPRESS: after_backward");
  EXPECT_EQ(place.stage, Outcome::COMPRESS);
  EXPECT_EQ(place.hook, "after_backward");
}

TEST(StageTest, ReadsAStageAlone) {
  const StagePlace place = ParseStage("LOAD");
  EXPECT_EQ(place.stage, Outcome::LOAD);
  EXPECT_EQ(place.hook, "");
}

TEST(StageTest, KeepsWhatItDoesNotKnow) {
  const StagePlace place = ParseStage("NONSENSE: here");
  EXPECT_EQ(place.stage, Outcome::STAGE_UNSPECIFIED);
  EXPECT_EQ(place.hook, "NONSENSE: here");
  EXPECT_EQ(ParseStage("").stage, Outcome::STAGE_UNSPECIFIED);
}

// Outside RunChild nobody listens.
TEST(StageTest, EnterStageDoesNothingWithoutAParent) {
  EnterStage(Outcome::SCORE);
  EnterStage(Outcome::COMPRESS, "run");
}

}  // namespace
}  // namespace assay
