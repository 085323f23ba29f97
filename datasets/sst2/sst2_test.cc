#include "datasets/sst2/sst2.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"

namespace assay::datasets::sst2 {
namespace {

// Tiny files in the format of the real ones, opened without checksums.
class Sst2Test : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(
        WriteFileAtomically(JoinPath(dir_, "sst2/" + name), bytes).ok());
  }
  absl::StatusOr<std::unique_ptr<Dataset>> Open() {
    return Info().open(
        {dir_, {{"tokens", "bytes"}, {"length", "8"}}, /*verify=*/false});
  }
  void SetUp() override {
    Write("train.tsv", "good\t1\nbad\t0\n");
    Write("dev.tsv", "fine\t1");
    Write("test.tsv", "poor\t0\n");
  }
  const std::string dir_ = JoinPath(testing::TempDir(), "sst2_test");
};

TEST_F(Sst2Test, OpensThreeParts) {
  const auto dataset = Open();
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->size(Split::kTrain), 2);
  Tensor x, y;
  ASSERT_TRUE((*dataset)->Batch(Split::kValidation, {0}, &x, &y).ok());
  EXPECT_TRUE(BitEqual(
      x, Tensor::From<int32_t>({1, 8}, {2, 'f', 'i', 'n', 'e', 3, 0, 0})));
  EXPECT_EQ(y.data<int32_t>()[0], 1);
}

TEST_F(Sst2Test, MalformedLineIsNamedByFileAndByte) {
  Write("test.tsv", "poor\t0\nworse");
  EXPECT_THAT(std::string(Open().status().message()),
              testing::EndsWith("sst2/test.tsv: byte 12: expected a tab in "
                                "line 2, got the end of the line"));
}

TEST_F(Sst2Test, ChangedFileIsRefusedWhenVerified) {
  EXPECT_EQ(Info().open({dir_, {}, true}).status().code(),
            absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace assay::datasets::sst2
