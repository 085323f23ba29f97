#include "datasets/cifar10/cifar10.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"

namespace assay::datasets::cifar10 {
namespace {

using testing::EndsWith;

// `count` records of one colour: red, green and blue planes.
std::string Records(int count, char label, char r, char g, char b) {
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    bytes += label;
    bytes += std::string(1024, r) + std::string(1024, g) + std::string(1024, b);
  }
  return bytes;
}

// Five training files of two records and a test file of three.
class Cifar10Test : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& bytes) {
    const std::string path =
        JoinPath(dir_, "cifar-10/cifar-10-batches-bin/" + name + ".bin");
    ASSERT_TRUE(WriteFileAtomically(path, bytes).ok());
  }
  void SetUp() override {
    for (char n = '1'; n <= '5'; ++n) {
      Write(std::string("data_batch_") + n, Records(2, 1, 0, 0, 0));
    }
    Write("test_batch", Records(3, 9, '\xff', 51, 0));
  }
  absl::StatusOr<std::unique_ptr<Dataset>> Open() {
    return Info().open({dir_, {}, /*verify=*/false});
  }
  std::string Message() { return std::string(Open().status().message()); }
  const std::string dir_ = JoinPath(testing::TempDir(), "cifar10_test");
};

TEST_F(Cifar10Test, OpensWithATenthOfTrainingHeldOut) {
  const auto dataset = Open();
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->size(Split::kTrain), 9);
  EXPECT_EQ((*dataset)->size(Split::kValidation), 1);
  EXPECT_EQ((*dataset)->size(Split::kTest), 3);
}

TEST_F(Cifar10Test, PlanesAreRedGreenBlue) {
  Tensor x, y;
  ASSERT_TRUE((*Open())->Batch(Split::kTest, {2}, &x, &y).ok());
  EXPECT_EQ(x.TypeString(), "f32[1,3,32,32]");
  EXPECT_FLOAT_EQ(x.data<float>()[0], 1.0f);
  EXPECT_FLOAT_EQ(x.data<float>()[1024], 0.2f);
  EXPECT_FLOAT_EQ(x.data<float>()[3071], 0.0f);
  EXPECT_EQ(y.data<int32_t>()[0], 9);
}

TEST_F(Cifar10Test, PartOfARecordIsRefused) {
  Write("data_batch_3", Records(2, 1, 0, 0, 0).substr(0, 3073 + 5));
  EXPECT_THAT(Message(), EndsWith("data_batch_3.bin: byte 3078: expected whole "
                                  "records of 3073 bytes, got 5 bytes of one"));
}

TEST_F(Cifar10Test, EmptyFileIsRefused) {
  Write("test_batch", "");
  EXPECT_EQ(Open().status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(Cifar10Test, LabelMustBeAClass) {
  Write("test_batch", Records(1, 0, 0, 0, 0) + Records(1, 10, 0, 0, 0));
  EXPECT_THAT(Message(), EndsWith("test_batch.bin: byte 3073: expected a label "
                                  "below 10, got 10"));
}

TEST_F(Cifar10Test, OtherFilesAreRefusedWhenVerified) {
  EXPECT_THAT(
      std::string(Info().open({dir_, {}, true}).status().message()),
      EndsWith("data_batch_1.bin: byte 6146: expected 30730000 bytes in all, "
               "got 6146"));
}

}  // namespace
}  // namespace assay::datasets::cifar10
