// The loaders on the published files: set ASSAY_DATA_DIR to the folder that
// holds them. Expected numbers are the publishers' own or widely reported.
#include <cstdlib>
#include <string>
#include <vector>

#include "datasets/data_files.h"
#include "datasets/registry.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"

namespace assay {
namespace {

using testing::ElementsAre;

// Opens the data set or returns null, when its files are not on this machine.
std::unique_ptr<Dataset> Open(const std::string& name,
                              const DatasetOptions& options = {}) {
  const char* dir = std::getenv("ASSAY_DATA_DIR");
  if (dir == nullptr || !FileExists(FolderOf(**FindDataset(name), dir))) {
    return nullptr;
  }
  auto dataset = OpenDataset(name, {dir, options, true});
  EXPECT_TRUE(dataset.ok()) << dataset.status();
  return dataset.ok() ? *std::move(dataset) : nullptr;
}

#define OPEN_OR_SKIP(dataset, ...)                            \
  const std::unique_ptr<Dataset> dataset = Open(__VA_ARGS__); \
  if (dataset == nullptr) GTEST_SKIP() << "no files below ASSAY_DATA_DIR"

std::vector<int64_t> Sizes(const Dataset& dataset) {
  std::vector<int64_t> sizes;
  for (Split split : kSplits) sizes.push_back(dataset.size(split));
  return sizes;
}

std::vector<int64_t> ClassCounts(const Dataset& dataset,
                                 const std::vector<Split>& splits) {
  std::vector<int64_t> counts(static_cast<size_t>(dataset.spec().classes));
  Tensor x, y;
  for (Split split : splits) {
    for (int64_t i = 0; i < dataset.size(split); ++i) {
      EXPECT_TRUE(dataset.Batch(split, {i}, &x, &y).ok());
      ++counts[static_cast<size_t>(y.data<int32_t>()[0])];
    }
  }
  return counts;
}

std::string Text(const Dataset& dataset, Split split, int64_t at) {
  Tensor x, y;
  EXPECT_TRUE(dataset.Batch(split, {at}, &x, &y).ok());
  const auto tokens = x.span<int32_t>();
  return std::string(tokens.begin(), tokens.end());
}

TEST(RealDataTest, Mnist) {
  OPEN_OR_SKIP(mnist, "mnist");
  EXPECT_THAT(Sizes(*mnist), ElementsAre(54000, 6000, 10000));
  EXPECT_EQ(mnist->spec().sample_shape, (Shape{1, 28, 28}));
  EXPECT_THAT(
      ClassCounts(*mnist, {Split::kTrain, Split::kValidation}),
      ElementsAre(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949));
  EXPECT_THAT(
      ClassCounts(*mnist, {Split::kTest}),
      ElementsAre(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009));
  EXPECT_NEAR(mnist->spec().mean[0], 0.1307, 0.001);
  EXPECT_NEAR(mnist->spec().stddev[0], 0.3081, 0.001);
}

TEST(RealDataTest, FashionMnist) {
  OPEN_OR_SKIP(fashion, "fashion_mnist");
  EXPECT_THAT(Sizes(*fashion), ElementsAre(54000, 6000, 10000));
  EXPECT_THAT(
      ClassCounts(*fashion, {Split::kTest}),
      ElementsAre(1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000));
  EXPECT_NEAR(fashion->spec().mean[0], 0.2860, 0.001);
  EXPECT_NEAR(fashion->spec().stddev[0], 0.3530, 0.001);
}

TEST(RealDataTest, Cifar10) {
  OPEN_OR_SKIP(cifar, "cifar10");
  EXPECT_THAT(Sizes(*cifar), ElementsAre(45000, 5000, 10000));
  EXPECT_EQ(cifar->spec().sample_shape, (Shape{3, 32, 32}));
  EXPECT_THAT(
      ClassCounts(*cifar, {Split::kTest}),
      ElementsAre(1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000));
  EXPECT_NEAR(cifar->spec().mean[0], 0.4914, 0.001);
  EXPECT_NEAR(cifar->spec().mean[1], 0.4822, 0.001);
  EXPECT_NEAR(cifar->spec().mean[2], 0.4465, 0.001);
  EXPECT_NEAR(cifar->spec().stddev[0], 0.2470, 0.001);
  // The first test image is a cat whose first pixel is (158, 112, 49).
  Tensor x, y;
  ASSERT_TRUE(cifar->Batch(Split::kTest, {0}, &x, &y).ok());
  EXPECT_EQ(y.data<int32_t>()[0], 3);
  EXPECT_FLOAT_EQ(x.data<float>()[0], 158.0f / 255.0f);
  EXPECT_FLOAT_EQ(x.data<float>()[1024], 112.0f / 255.0f);
  EXPECT_FLOAT_EQ(x.data<float>()[2048], 49.0f / 255.0f);
}

TEST(RealDataTest, FreeSpokenDigitsOfficialSplit) {
  OPEN_OR_SKIP(fsdd, "fsdd");
  EXPECT_THAT(Sizes(*fsdd), ElementsAre(2430, 270, 300));
  EXPECT_EQ(fsdd->spec().sample_shape, (Shape{1, 98, 40}));
  EXPECT_THAT(ClassCounts(*fsdd, {Split::kTest}),
              ElementsAre(30, 30, 30, 30, 30, 30, 30, 30, 30, 30));
}

TEST(RealDataTest, FreeSpokenDigitsHoldASpeakerOut) {
  OPEN_OR_SKIP(fsdd, "fsdd",
               {{"holdout_speaker", "theo"}, {"front_end", "mfcc"}});
  EXPECT_THAT(Sizes(*fsdd), ElementsAre(2250, 250, 500));
  EXPECT_EQ(fsdd->spec().sample_shape, (Shape{1, 49, 10}));
}

TEST(RealDataTest, TinyShakespeare) {
  OPEN_OR_SKIP(plays, "tinyshakespeare", {{"window", "10"}});
  EXPECT_THAT(Sizes(*plays), ElementsAre(1003844, 55760, 55760));
  EXPECT_EQ(Text(*plays, Split::kTrain, 0), "First Citi");
}

TEST(RealDataTest, WikiText2) {
  OPEN_OR_SKIP(wiki, "wikitext2", {{"window", "20"}});
  EXPECT_EQ(wiki->size(Split::kTrain), 10797148 - 20);
  EXPECT_THAT(wiki->spec().words, ElementsAre(2088628, 217646, 245569));
  EXPECT_EQ(Text(*wiki, Split::kTest, 3), "= Robert <unk> = \n \n");
}

TEST(RealDataTest, Sst2) {
  OPEN_OR_SKIP(sst2, "sst2");
  EXPECT_THAT(Sizes(*sst2), ElementsAre(6920, 872, 1821));
  EXPECT_THAT(ClassCounts(*sst2, {Split::kTrain}), ElementsAre(3310, 3610));
  EXPECT_THAT(ClassCounts(*sst2, {Split::kValidation}), ElementsAre(428, 444));
  EXPECT_THAT(ClassCounts(*sst2, {Split::kTest}), ElementsAre(912, 909));
  EXPECT_EQ(sst2->spec().sample_shape, (Shape{64}));
  EXPECT_EQ(sst2->spec().vocabulary, 8192);
}

}  // namespace
}  // namespace assay
