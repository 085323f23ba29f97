#include "harness/host/process/log_tail.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using ::testing::ElementsAre;

TEST(LogTailTest, KeepsTheLastLinesAcrossPieces) {
  LogTail tail(2);
  tail.Append("one\ntw");
  tail.Append("o\nthree\n");
  EXPECT_THAT(tail.Lines(), ElementsAre("two", "three"));
}

TEST(LogTailTest, AnUnfinishedLineCounts) {
  LogTail tail(2);
  tail.Append("one\ntwo\nthree");
  EXPECT_THAT(tail.Lines(), ElementsAre("two", "three"));
}

TEST(LogTailTest, ControlCharactersAndLongLinesAreTamed) {
  LogTail tail(1);
  tail.Append("\x1b[31m\n");
  EXPECT_THAT(tail.Lines(), ElementsAre("?[31m"));
  tail.Append(std::string(2000, 'x') + "\n");
  EXPECT_EQ(tail.Lines()[0].size(), 500u);
}

}  // namespace
}  // namespace assay
