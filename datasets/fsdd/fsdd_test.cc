#include "datasets/fsdd/fsdd.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "datasets/formats/wav.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"

namespace assay::datasets::fsdd {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

// Two speakers who say "three" ten times each.
class FsddTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(
        WriteFileAtomically(JoinPath(dir_, "fsdd/recordings/" + name), bytes)
            .ok());
  }
  void SetUp() override {
    ASSERT_EQ(std::system(("rm -rf '" + dir_ + "'").c_str()), 0);
    for (const char* speaker : {"lucas", "theo"}) {
      for (int i = 0; i < 10; ++i) {
        Write("3_" + std::string(speaker) + "_" + std::to_string(i) + ".wav",
              WriteWav(std::vector<int16_t>(800, 99), 8000));
      }
    }
  }
  absl::StatusOr<std::unique_ptr<Dataset>> Open(
      const DatasetOptions& options = {}) {
    return Info().open({dir_, options, /*verify=*/false});
  }
  std::string Message(const DatasetOptions& options = {}) {
    return std::string(Open(options).status().message());
  }
  const std::string dir_ = JoinPath(testing::TempDir(), "fsdd_test");
};

TEST_F(FsddTest, OfficialSplitTestsTheFirstFiveRecordings) {
  const auto dataset = Open();
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->size(Split::kTrain), 9);
  EXPECT_EQ((*dataset)->size(Split::kValidation), 1);
  EXPECT_EQ((*dataset)->size(Split::kTest), 10);
  Tensor x, y;
  ASSERT_TRUE((*dataset)->Batch(Split::kTest, {0}, &x, &y).ok());
  EXPECT_EQ(x.TypeString(), "f32[1,1,98,40]");
  EXPECT_EQ(y.data<int32_t>()[0], 3);
}

TEST_F(FsddTest, HeldOutSpeakerIsTheTestSplit) {
  const auto dataset = Open({{"holdout_speaker", "theo"}});
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->size(Split::kTest), 10);
  EXPECT_EQ((*dataset)->size(Split::kTrain), 9);
  EXPECT_THAT(Message({{"holdout_speaker", "george"}}),
              EndsWith("got 20 and 0"));
  EXPECT_THAT(Message({{"holdout_speaker", "nobody"}}),
              HasSubstr("expected none, george, jackson"));
}

TEST_F(FsddTest, DamagedRecordingIsNamed) {
  Write("3_theo_9.wav", WriteWav({1, 2, 3}, 8000).substr(0, 46));
  EXPECT_THAT(Message(), HasSubstr("recordings/3_theo_9.wav: byte 46: "));
}

TEST_F(FsddTest, OtherRatesAreRefused) {
  Write("3_theo_9.wav", WriteWav({1, 2, 3}, 16000));
  EXPECT_THAT(Message(),
              EndsWith("3_theo_9.wav: byte 24: expected 8000 samples "
                       "per second, got 16000"));
}

TEST_F(FsddTest, OtherNamesAreRefused) {
  for (const char* name : {"notes.txt", "x_theo_1.wav", "3_theo.wav"}) {
    Write(name, "");
    EXPECT_THAT(Message(), HasSubstr("expected a name like 7_jackson_32.wav"));
    std::remove(JoinPath(dir_, std::string("fsdd/recordings/") + name).c_str());
  }
}

}  // namespace
}  // namespace assay::datasets::fsdd
