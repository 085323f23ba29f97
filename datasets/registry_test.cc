#include "datasets/registry.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"

namespace assay {
namespace {

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const DatasetInfo* info : DatasetInfos()) names.push_back(info->name);
  return names;
}

TEST(RegistryTest, NamesAreSortedAndUnique) {
  const std::vector<std::string> names = Names();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

// Every folder beside registry.bzl whose BUILD file declares a data set.
TEST(RegistryTest, EveryFolderIsListed) {
  const std::filesystem::path datasets =
      std::filesystem::canonical("datasets/registry.bzl").parent_path();
  std::vector<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator(datasets)) {
    const absl::StatusOr<std::string> build = ReadFile(entry.path() / "BUILD");
    if (build.ok() && build->find("assay_dataset(") != std::string::npos) {
      folders.push_back(entry.path().filename());
    }
  }
  std::sort(folders.begin(), folders.end());
  if (folders.empty()) GTEST_SKIP() << "the source tree is not visible";
  EXPECT_EQ(folders, Names());
}

TEST(RegistryTest, EveryRowIsComplete) {
  for (const DatasetInfo* info : DatasetInfos()) {
    SCOPED_TRACE(info->name);
    EXPECT_FALSE(info->summary.empty());
    EXPECT_FALSE(info->licence.empty());
    EXPECT_NE(info->open, nullptr);
    EXPECT_EQ(info->folder.empty(), info->files.empty());
    for (const DataFile& file : info->files) {
      EXPECT_GT(file.bytes, 0) << file.path;
      EXPECT_EQ(file.sha256.size(), 64u) << file.path;
      EXPECT_TRUE(!file.url.empty() || !info->archive.url.empty());
    }
    EXPECT_TRUE(ResolveOptions(info->name, info->options, {}).ok());
  }
}

TEST(RegistryTest, UnknownNameListsTheKnownOnes) {
  const absl::Status status = FindDataset("minst").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()),
              testing::StartsWith("no data set \"minst\"; known: cifar10, "));
}

TEST(RegistryTest, AbsentFilesAreNotFoundByName) {
  for (const DatasetInfo* info : DatasetInfos()) {
    if (info->files.empty()) continue;
    const absl::Status status =
        OpenDataset(info->name, {"no/such/dir", {}, true}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << info->name;
    EXPECT_THAT(
        std::string(status.message()),
        testing::AllOf(testing::HasSubstr("no/such/dir/" + info->folder),
                       testing::HasSubstr("assay data fetch " + info->name)));
  }
}

}  // namespace
}  // namespace assay
