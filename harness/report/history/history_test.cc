#include "harness/report/history/history.h"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/report/report.pb.h"
#include "harness/report/report_file.h"
#include "harness/report/testing/sample_reports.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class HistoryTest : public testing::Test {
 protected:
  HistoryTest() {
    std::string name = testing::TempDir() + "/historyXXXXXX";
    folder_ = mkdtemp(name.data());
  }

  // A report whose dense network has that median, finished at that second.
  void Write(const std::string& name, double median_ns, int64_t second,
             char machine = '4') {
    Report report = SampleReport();
    report.mutable_finished()->set_seconds(second);
    report.mutable_provenance()->set_machine_fingerprint(
        std::string(64, machine));
    report.mutable_provenance()->set_assay_revision(
        absl::StrCat("commit-", second));
    report.mutable_dense()
        ->mutable_latency(0)
        ->mutable_percentiles(0)
        ->set_estimate_ns(median_ns);
    ASSERT_TRUE(WriteReport(PathOf(name), report).ok());
  }
  std::string PathOf(const std::string& name) const {
    return absl::StrCat(folder_, "/reports/", name, ".report.pb");
  }
  History OpenOrDie() {
    auto history = History::Open(JoinPath(folder_, "db/history.sqlite"));
    EXPECT_TRUE(history.ok()) << history.status();
    return *std::move(history);
  }
  IndexCounts Index(History& history) {
    auto counts = history.IndexFolder(JoinPath(folder_, "reports"));
    EXPECT_TRUE(counts.ok()) << counts.status();
    return counts.ok() ? *counts : IndexCounts();
  }
  std::vector<Series> Medians(const History& history) {
    SeriesFilter filter;
    filter.metric = "latency p50";
    filter.candidate = "dense";
    auto series = history.Find(filter);
    EXPECT_TRUE(series.ok()) << series.status();
    return series.ok() ? *series : std::vector<Series>();
  }

  std::string folder_;
};

TEST_F(HistoryTest, ASeriesInTheOrderOfTime) {
  Write("b", 200, 20);
  Write("a", 300, 30);
  Write("c", 100, 10);
  History history = OpenOrDie();
  EXPECT_EQ(Index(history).read, 3);
  const auto series = Medians(history);
  ASSERT_EQ(series.size(), 1u);
  EXPECT_EQ(series[0].unit, "ns");
  EXPECT_TRUE(series[0].less_is_better);
  ASSERT_EQ(series[0].points.size(), 3u);
  EXPECT_EQ(series[0].points[0].value, 100);
  EXPECT_EQ(series[0].points[2].value, 300);
  EXPECT_EQ(series[0].points[2].revision, "commit-30");
  EXPECT_THAT(series[0].points[2].path, HasSubstr("/reports/a.report.pb"));
}

TEST_F(HistoryTest, AnotherMachineStartsAnotherSeries) {
  Write("a", 100, 10);
  Write("b", 50, 20, '9');
  Write("c", 101, 30);
  History history = OpenOrDie();
  Index(history);
  const auto series = Medians(history);
  ASSERT_EQ(series.size(), 2u);
  EXPECT_EQ(series[0].points.size(), 2u);
  EXPECT_EQ(series[1].points.size(), 1u);
}

TEST_F(HistoryTest, OnlyWhatChangedIsReadAgain) {
  Write("a", 100, 10);
  Write("b", 200, 20);
  {
    History history = OpenOrDie();
    Index(history);
  }
  History history = OpenOrDie();
  EXPECT_EQ(Index(history).unchanged, 2);
  Write("b", 250, 20);
  std::filesystem::remove(PathOf("a"));
  const IndexCounts counts = Index(history);
  EXPECT_EQ(counts.read, 1);
  EXPECT_EQ(counts.gone, 1);
  const auto series = Medians(history);
  ASSERT_EQ(series.size(), 1u);
  ASSERT_EQ(series[0].points.size(), 1u);
  EXPECT_EQ(series[0].points[0].value, 250);
}

TEST_F(HistoryTest, ABrokenReportHidesNoOther) {
  Write("a", 100, 10);
  ASSERT_TRUE(WriteFileAtomically(PathOf("b"), "rubbish").ok());
  History history = OpenOrDie();
  const IndexCounts counts = Index(history);
  EXPECT_EQ(counts.read, 1);
  EXPECT_THAT(counts.problems, ElementsAre(HasSubstr("b.report.pb")));
  EXPECT_EQ(Medians(history).size(), 1u);
}

TEST_F(HistoryTest, MetricsAreCounted) {
  Write("a", 100, 10);
  Write("b", 100, 20, '9');
  History history = OpenOrDie();
  Index(history);
  const auto metrics = history.Metrics();
  ASSERT_TRUE(metrics.ok());
  for (const auto& one : *metrics) {
    if (one.metric != "MACs") continue;
    EXPECT_EQ(one.series, 4);  // two networks on two machines
    EXPECT_EQ(one.points, 4);
    return;
  }
  FAIL() << "no MACs";
}

TEST_F(HistoryTest, PatternsAreTakenLiterally) {
  Write("a", 100, 10);
  History history = OpenOrDie();
  Index(history);
  SeriesFilter filter;
  filter.metric = "%";
  EXPECT_TRUE(history.Find(filter)->empty());
  filter.metric = "top1_acc";
  EXPECT_EQ(history.Find(filter)->size(), 2u);
  filter.metric = "top1xacc";
  EXPECT_TRUE(history.Find(filter)->empty());
}

TEST_F(HistoryTest, WhoeverOnlyReadsMakesNoFile) {
  const std::string path = JoinPath(folder_, "none/history.sqlite");
  EXPECT_EQ(History::OpenExisting(path).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_FALSE(FileExists(path));
  ASSERT_TRUE(History::Open(path).ok());
  EXPECT_TRUE(History::OpenExisting(path).ok());
}

TEST_F(HistoryTest, RefusesWhatIsNoHistory) {
  const std::string path = JoinPath(folder_, "text.sqlite");
  ASSERT_TRUE(WriteFileAtomically(path, std::string(4096, 'x')).ok());
  EXPECT_EQ(History::Open(path).status().code(),
            absl::StatusCode::kFailedPrecondition);
  History history = OpenOrDie();
  EXPECT_EQ(history.IndexFolder(folder_ + "/none").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace assay
