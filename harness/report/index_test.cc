#include "harness/report/index.h"

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/report/report_file.h"
#include "harness/report/testing/sample_reports.h"

namespace assay {
namespace {

std::string Folder(const std::string& name) {
  const std::string folder = JoinPath(testing::TempDir(), "index_test/" + name);
  std::filesystem::remove_all(folder);
  EXPECT_EQ(MakeFolders(folder), absl::OkStatus());
  return folder;
}

TEST(IndexTest, FindsReportsOfAnyEncodingBelowAFolder) {
  const std::string folder = Folder("all");
  for (const char* name : {"b/report.pb", "a/c/report.json",
                           "desk.report.textproto", "not_one.pb"}) {
    ASSERT_EQ(WriteReport(JoinPath(folder, name), SampleReport()),
              absl::OkStatus());
  }
  const auto index = OpenReports(folder);
  ASSERT_EQ(index.status(), absl::OkStatus());
  ASSERT_EQ(index->reports.size(), 3u);
  EXPECT_EQ(index->reports[0].path, JoinPath(folder, "a/c/report.json"));
  EXPECT_EQ(index->reports[2].path, JoinPath(folder, "desk.report.textproto"));
  EXPECT_TRUE(index->unread.empty());
}

TEST(IndexTest, ABrokenFileDoesNotHideTheOthers) {
  const std::string folder = Folder("broken");
  ASSERT_EQ(WriteReport(JoinPath(folder, "a/report.pb"), SampleReport()),
            absl::OkStatus());
  ASSERT_EQ(WriteFileAtomically(JoinPath(folder, "b/report.pb"), "x"),
            absl::OkStatus());
  const auto index = OpenReports(folder);
  EXPECT_EQ(index->reports.size(), 1u);
  ASSERT_EQ(index->unread.size(), 1u);
  EXPECT_EQ(index->unread[0].status.code(), absl::StatusCode::kDataLoss);
}

TEST(IndexTest, OneFileOrNothing) {
  const std::string folder = Folder("one");
  const std::string path = JoinPath(folder, "anything.pb");
  ASSERT_EQ(WriteReport(path, SampleReport()), absl::OkStatus());
  EXPECT_EQ(OpenReports(path)->reports.size(), 1u);
  EXPECT_EQ(OpenReports(folder).status().code(), absl::StatusCode::kNotFound);
  for (const char* absent : {"absent.pb", "absent"}) {
    EXPECT_EQ(OpenReports(JoinPath(folder, absent)).status().code(),
              absl::StatusCode::kNotFound);
  }
}

TEST(IndexTest, TheKeyTellsExperimentsApart) {
  RunIdentity identity = SampleReport().identity();
  const std::string key = ExperimentKey(identity);
  EXPECT_EQ(key.substr(0, 34), "magnitude shapes_lenet5 cpu seed 7");
  identity.set_plugin_version("2.0.0");
  identity.set_suite("desk");
  EXPECT_EQ(ExperimentKey(identity), key);
  RunIdentity brought = identity;
  brought.set_network_sha256("ab");
  EXPECT_NE(ExperimentKey(brought), key);
  identity.mutable_method_settings(0)->set_value("erk");
  EXPECT_NE(ExperimentKey(identity), key);
  identity.set_label("erk");
  EXPECT_EQ(ExperimentKey(identity).substr(0, 13), "magnitude/erk");
}

}  // namespace
}  // namespace assay
