#include "harness/core/progress.h"

#include <cstdio>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace assay {
namespace {

// A progress line on a temporary file under a clock that the test moves.
class ProgressTest : public testing::Test {
 protected:
  Progress::Options Options(bool terminal) {
    return {
        .out = out_, .terminal = terminal, .clock = [this] { return now_; }};
  }
  void Pass(absl::Duration d) { now_ += d; }
  std::string Output() {
    std::string text(static_cast<size_t>(std::ftell(out_)), '\0');
    std::rewind(out_);
    EXPECT_EQ(std::fread(text.data(), 1, text.size(), out_), text.size());
    return text;
  }
  ~ProgressTest() override { std::fclose(out_); }

 private:
  std::FILE* out_ = std::tmpfile();
  absl::Time now_ = absl::UnixEpoch();
};

TEST_F(ProgressTest, ShortWorkShowsNothing) {
  {
    Progress progress("train", 10, "steps", Options(true));
    for (int i = 1; i <= 10; ++i) {
      Pass(absl::Milliseconds(190));
      progress.Update(i);
    }
  }
  EXPECT_EQ(Output(), "");
}

TEST_F(ProgressTest, TerminalRedrawsOneLine) {
  {
    Progress progress("train", 2800, "steps", Options(true));
    Pass(absl::Seconds(4));
    progress.Update(1200, "loss 0.41");
    Pass(absl::Milliseconds(99));
    progress.Update(1230);  // less than 100 ms later: not shown
    Pass(absl::Seconds(5));
    progress.Update(2800);
  }
  EXPECT_EQ(Output(),
            "\rtrain  [====>     ] 42 %  1200/2800 steps  300 steps/s  6 s left"
            "  loss 0.41\x1b[K"
            "\rtrain  [==========] 100 %  2800/2800 steps  308 steps/s\x1b[K"
            "\rtrain  2800 steps in 9.1 s\x1b[K\n");
}

TEST_F(ProgressTest, PlainOutputPrintsALineEveryTenSeconds) {
  {
    Progress progress("fetch", 100, "files", Options(false));
    for (int i = 1; i <= 21; ++i) {
      Pass(absl::Seconds(1));
      progress.Update(i);
    }
  }
  EXPECT_EQ(Output(),
            "fetch  [=>        ] 10 %  10/100 files  1.0 files/s  1 min 30 s "
            "left\n"
            "fetch  [==>       ] 20 %  20/100 files  1.0 files/s  1 min 20 s "
            "left\n"
            "fetch  21 files in 21.0 s\n");
}

TEST_F(ProgressTest, UnknownTotalHasNoBar) {
  Progress progress("scan", -1, "items", Options(false));
  Pass(absl::Seconds(10));
  progress.Update(35);
  EXPECT_EQ(Output(), "scan  35 items  3.5 items/s\n");
}

TEST_F(ProgressTest, CountsThatGoBackKeepTheMaximum) {
  Progress progress("search", 10, "trials", Options(false));
  progress.Update(5);
  Pass(absl::Seconds(10));
  progress.Update(2);
  EXPECT_EQ(
      Output(),
      "search  [=====>    ] 50 %  5/10 trials  0.5 trials/s  10 s left\n");
}

TEST_F(ProgressTest, MoreThanTheTotalStaysInTheBar) {
  Progress progress("x", 10, "u", Options(false));
  Pass(absl::Seconds(10));
  progress.Update(20);
  EXPECT_EQ(Output(), "x  [==========] 100 %  20/10 u  2.0 u/s\n");
}

TEST_F(ProgressTest, FinishIsIdempotentAndSilencesUpdates) {
  Progress progress("x", 10, "u", Options(false));
  Pass(absl::Seconds(10));
  progress.Update(10);
  progress.Finish();
  const std::string once = Output();
  Pass(absl::Seconds(60));
  progress.Finish();
  progress.Update(10);
  EXPECT_EQ(Output(), once);
}

TEST_F(ProgressTest, LongLinesAreCutToTheTerminal) {
  Progress progress("x", 10, "u", Options(true));
  Pass(absl::Seconds(10));
  progress.Update(1, std::string(500, 'n'));
  EXPECT_EQ(Output().size(), 1 + 79 + 3u);  // \r, 79 columns, erase
}

TEST(HumanTest, Durations) {
  EXPECT_EQ(HumanDuration(absl::ZeroDuration()), "0 ms");
  EXPECT_EQ(HumanDuration(absl::Milliseconds(850)), "850 ms");
  EXPECT_EQ(HumanDuration(absl::Milliseconds(9100)), "9.1 s");
  EXPECT_EQ(HumanDuration(absl::Milliseconds(59960)), "1 min 00 s");
  EXPECT_EQ(HumanDuration(absl::Seconds(200)), "3 min 20 s");
  EXPECT_EQ(HumanDuration(absl::Seconds(3720)), "1 h 02 min");
}

TEST(HumanTest, Bytes) {
  EXPECT_EQ(HumanBytes(980), "980 B");
  EXPECT_EQ(HumanBytes(12595), "12.3 KiB");
  EXPECT_EQ(HumanBytes(4 << 20), "4.0 MiB");
  EXPECT_EQ(HumanBytes((1 << 20) - 1), "1.0 MiB");
  EXPECT_EQ(HumanBytes(int64_t{5} << 40), "5.0 TiB");
}

TEST_F(ProgressTest, ObserverHearsOnceASecondAndOfTheEnd) {
  std::vector<ProgressState> heard;
  SetProgressObserver([&](const ProgressState& s) { heard.push_back(s); });
  {
    Progress progress("train", 10, "steps", Options(true));
    for (int i = 1; i <= 10; ++i) {
      Pass(absl::Milliseconds(400));
      progress.Update(i, "loss 0.41");
    }
    Pass(absl::Seconds(1));
  }
  SetProgressObserver(nullptr);
  ASSERT_EQ(heard.size(), 5u);  // at 0.4, 1.6, 2.8, 4.0 and 5.0 s
  EXPECT_EQ(heard[0].label, "train");
  EXPECT_EQ(heard[0].done, 1);
  EXPECT_EQ(heard[1].done, 4);
  EXPECT_EQ(heard[1].total, 10);
  EXPECT_EQ(heard[1].unit, "steps");
  EXPECT_EQ(heard[1].note, "loss 0.41");
  EXPECT_DOUBLE_EQ(heard[1].seconds, 1.6);
  EXPECT_FALSE(heard[3].finished);
  EXPECT_TRUE(heard[4].finished);
}

TEST_F(ProgressTest, ManyShortOnesAreOneStream) {
  int heard = 0;
  SetProgressObserver([&](const ProgressState&) { ++heard; });
  for (int i = 0; i < 10; ++i) {
    Progress progress("evaluate", 10, "batches", Options(true));
    Pass(absl::Milliseconds(250));
    progress.Update(10);
  }
  SetProgressObserver(nullptr);
  EXPECT_EQ(heard, 3);  // at 0.25, 1.25 and 2.25 s
}

}  // namespace
}  // namespace assay
