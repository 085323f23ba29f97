#include "harness/cli/screen.h"

#include "gtest/gtest.h"

namespace assay {
namespace {

TEST(ScreenTest, AFrameIsOnePieceThatErasesWhatItCovers) {
  EXPECT_EQ(FrameText({"one", "two"}),
            "\x1b[?2026h\x1b[Hone\x1b[K\r\ntwo\x1b[K\x1b[J\x1b[?2026l");
}

// A line end after the last line would scroll a full window.
TEST(ScreenTest, NoLineEndAfterTheLastLine) {
  EXPECT_EQ(FrameText({}), "\x1b[?2026h\x1b[H\x1b[J\x1b[?2026l");
  EXPECT_EQ(FrameText({"x"}).find('\n'), std::string::npos);
}

}  // namespace
}  // namespace assay
