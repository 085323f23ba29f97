#include "datasets/idx_images/idx_images.h"

#include <map>
#include <string>

#include "datasets/formats/gzip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"

namespace assay {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

std::string Extent(size_t n) { return {0, 0, 0, static_cast<char>(n)}; }

std::string Images(size_t count) {
  std::string bytes("\0\0\x08\x03", 4);
  bytes += Extent(count) + Extent(2) + Extent(3);
  for (size_t i = 0; i < 6 * count; ++i) bytes += static_cast<char>(i);
  return Gzip(bytes);
}

std::string Labels(size_t count, char label) {
  return Gzip(std::string("\0\0\x08\x01", 4) + Extent(count) +
              std::string(count, label));
}

// Twenty training and four test images of 2 x 3, opened without checksums.
class IdxImagesTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Dataset>> Open() {
    DatasetInfo info;
    info.name = "toy";
    info.folder = "toy";
    for (const auto& [name, bytes] : files_) {
      info.files.push_back({name, 0, "", ""});
      EXPECT_TRUE(
          WriteFileAtomically(JoinPath(dir_, "toy/" + name), bytes).ok());
    }
    return OpenIdxImages(info, {dir_, {}, /*verify=*/false}, {"zero", "one"});
  }
  std::string Message() { return std::string(Open().status().message()); }

  const std::string dir_ = JoinPath(testing::TempDir(), "idx_images_test");
  std::map<std::string, std::string> files_ = {
      {"train-images-idx3-ubyte.gz", Images(20)},
      {"train-labels-idx1-ubyte.gz", Labels(20, 1)},
      {"t10k-images-idx3-ubyte.gz", Images(4)},
      {"t10k-labels-idx1-ubyte.gz", Labels(4, 0)}};
};

TEST_F(IdxImagesTest, OpensWithATenthOfTrainingHeldOut) {
  const auto dataset = Open();
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->size(Split::kTrain), 18);
  EXPECT_EQ((*dataset)->size(Split::kValidation), 2);
  EXPECT_EQ((*dataset)->size(Split::kTest), 4);
  Tensor x, y;
  ASSERT_TRUE((*dataset)->Batch(Split::kTest, {1}, &x, &y).ok());
  EXPECT_EQ(x.TypeString(), "f32[1,1,2,3]");
  EXPECT_FLOAT_EQ(x.data<float>()[5], 11.0f / 255.0f);
  EXPECT_EQ(y.data<int32_t>()[0], 0);
}

TEST_F(IdxImagesTest, LabelsMustBeAsManyAsImages) {
  files_["train-labels-idx1-ubyte.gz"] = Labels(19, 1);
  EXPECT_THAT(Message(), EndsWith("toy/train-labels-idx1-ubyte.gz: byte 4: "
                                  "expected labels of 20 images, "
                                  "got 19"));
}

TEST_F(IdxImagesTest, LabelsMustBeClasses) {
  files_["t10k-labels-idx1-ubyte.gz"] = Labels(4, 2);
  EXPECT_THAT(
      Message(),
      EndsWith(
          "toy/t10k-labels-idx1-ubyte.gz: byte 8: expected a label below 2, "
          "got 2"));
}

TEST_F(IdxImagesTest, SwappedFilesAreFoundByTheirMagic) {
  files_["train-images-idx3-ubyte.gz"] = Labels(20, 1);
  EXPECT_THAT(Message(), EndsWith("toy/train-images-idx3-ubyte.gz: byte 0: "
                                  "expected IDX magic 2051, got "
                                  "2049"));
}

TEST_F(IdxImagesTest, TruncatedFileIsNamed) {
  files_["t10k-images-idx3-ubyte.gz"].resize(30);
  EXPECT_THAT(Message(), HasSubstr("t10k-images-idx3-ubyte.gz: byte 30: "));
}

}  // namespace
}  // namespace assay
