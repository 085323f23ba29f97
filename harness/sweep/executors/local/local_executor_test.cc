#include "harness/sweep/executors/local/local_executor.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/sweep/sweep.h"

namespace assay {
namespace {

int CountFiles(const std::string& folder, const std::string& name) {
  int count = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(folder)) {
    count += entry.path().filename() == name;
  }
  return count;
}

// A method that crashes between two that do not.
TEST(LocalExecutorTest, ACrashCostsItsOwnRunAlone) {
  const std::string folder = JoinPath(::testing::TempDir(), "sweep");
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(MakeFolders(folder).ok());
  const std::string plugin = JoinPath(folder, "plugin.so");
  std::ofstream(plugin) << "not really";
  std::vector<RunSpec> specs(3);
  const char* methods[] = {"ok", "crash", "ok"};
  for (size_t i = 0; i < specs.size(); ++i) {
    specs[i].set_method(methods[i]);
    specs[i].set_label(methods[i]);
    specs[i].set_task("shapes");
    specs[i].set_seed(i);
    specs[i].set_plugin_path(plugin);
  }
  LocalExecutor executor("harness/host/testing/fake_assay", nullptr);
  SweepOptions options;
  options.folder = folder;
  auto rows = RunSweep(specs, options, executor);
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->size(), 3u);
  const Outcome::Status expected[] = {Outcome::OK, Outcome::CRASHED,
                                      Outcome::OK};
  for (size_t i = 0; i < rows->size(); ++i) {
    EXPECT_EQ((*rows)[i].state, SweepRow::kRan);
    EXPECT_EQ((*rows)[i].report.outcome().status(), expected[i]);
  }
  EXPECT_EQ(CountFiles(folder, "train.log"), 1) << "one network for all three";
  auto again = RunSweep(specs, options, executor);
  for (const SweepRow& row : *again) EXPECT_EQ(row.state, SweepRow::kHadRun);
}

}  // namespace
}  // namespace assay
