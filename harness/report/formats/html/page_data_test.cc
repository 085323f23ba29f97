#include "harness/report/formats/html/page_data.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "harness/report/compare.h"
#include "harness/report/report_file.h"
#include "harness/report/testing/sample_reports.h"

namespace assay::formats::html {
namespace {

// Paths of the reports of reference, from the command line.
std::vector<std::string>* g_paths = nullptr;

std::vector<Report> Samples() {
  Report second = SampleReport();
  second.mutable_identity()->set_seed(8);
  return {SampleReport(), SampleCrash(), second};
}

TEST(PageDataTest, OrderOfReportsDoesNotMatter) {
  std::vector<Report> reports = Samples();
  const std::string page = PageData(reports, nullptr);
  std::reverse(reports.begin(), reports.end());
  EXPECT_EQ(PageData(reports, nullptr), page);
}

TEST(PageDataTest, NothingToShow) {
  EXPECT_EQ(PageData({}, nullptr),
            "{\"runs\":[],\"changes\":[],\"machines\":[],\"energies\":[],"
            "\"kinds\":[],"
            "\"texts\":[]}");
}

// Sixteen runs a day apart, the last eight of them half as fast.
TEST(PageDataTest, ALastingChangeIsFound) {
  std::vector<Report> reports;
  for (int day = 0; day < 16; ++day) {
    Report report = SampleReport();
    report.mutable_started()->set_seconds(1750000000 + 86400 * day);
    PercentileRecord* median =
        report.mutable_candidates(0)->mutable_latency(0)->mutable_percentiles(
            0);
    median->set_estimate_ns((day < 8 ? 100000.0 : 200000.0) + day);
    reports.push_back(report);
  }
  const std::string page = PageData(reports, nullptr);
  EXPECT_NE(page.find("\"changes\":[{\"experiment\":\"magnitude "
                      "shapes_lenet5 cpu seed 7 b2dd9c5d\",\"network\":"
                      "\"sparsity\\u003e=0.9\",\"metric\":\"latency p50 "
                      "SINGLE_STREAM f32 batch 1\",\"unit\":\"ns\",\"run\":"
                      "\"111111111111-9\",\"before\":1e+05,"
                      "\"after\":2.0001e+05,"),
            std::string::npos)
      << page.substr(page.find("\"changes\""), 600);
}

TEST(PageDataTest, EqualRunsHaveNamesOfTheirOwn) {
  const std::string page = PageData({SampleReport(), SampleReport()}, nullptr);
  EXPECT_NE(page.find("\"id\":\"111111111111\""), std::string::npos);
  EXPECT_NE(page.find("\"id\":\"111111111111-2\""), std::string::npos);
}

// Whatever text stands in a report, it cannot leave the data block.
TEST(PageDataTest, HostileTextIsInert) {
  const std::string hostile = "</script>\u2028<!--<script>&\"\\\xff";
  Report report = SampleCrash();
  RunIdentity* id = report.mutable_identity();
  id->set_method(hostile);
  id->set_label(hostile);
  id->set_task(hostile);
  id->set_command(hostile);
  id->add_budgets(hostile);
  report.mutable_outcome()->set_message(hostile);
  report.mutable_outcome()->add_last_log_lines(hostile);
  MachineReason* reason = report.mutable_machine()->add_reasons();
  reason->set_code(hostile);
  reason->set_message(hostile);
  report.mutable_provenance()->mutable_cpu()->set_model_name(hostile);
  KeyValue* variable = report.mutable_provenance()->add_environment();
  variable->set_key(hostile);
  variable->set_value(hostile);
  const std::string page = PageData({report}, nullptr);
  for (const char* never : {"<", ">", "&", "\u2028", "\xff"}) {
    EXPECT_EQ(page.find(never), std::string::npos) << never;
  }
}

TEST(PageDataTest, ComparisonIsCarried) {
  Report now = SampleReport();
  now.mutable_candidates(0)->mutable_cost()->set_bytes_on_disk(1000000);
  const Comparison comparison = CompareReports({SampleReport()}, {now});
  const std::string page = PageData({}, &comparison);
  EXPECT_NE(page.find("\"comparison\":{\"matched\":1"), std::string::npos);
  EXPECT_NE(page.find("\"change\":\"WORSE\""), std::string::npos);
}

TEST(PageDataTest, PathsOfControlFlowAreCarried) {
  Report report = SampleReport();
  PathCosts* paths =
      report.mutable_candidates(0)->mutable_cost()->mutable_paths();
  paths->set_conditionals(2);
  paths->set_distinct(2);
  for (const auto& [path, share] :
       {std::pair{"0+", 0.75}, std::pair{"0-1-", 0.25}}) {
    PathShare* taken = paths->add_most_taken();
    taken->set_path(path);
    taken->set_share(share);
  }
  paths->set_least_macs(100);
  paths->set_p5_macs(100);
  paths->set_mean_macs(125);
  paths->set_p95_macs(200);
  paths->set_most_macs(200);
  EXPECT_NE(
      PageData({report}, nullptr)
          .find(
              "\"paths\":{\"conditionals\":2,\"distinct\":2,\"taken\":[[\"0+\","
              "0.75],[\"0-1-\",0.25]],\"least\":100,\"p5\":100,\"mean\":125,"
              "\"p95\":200,\"most\":200}"),
      std::string::npos);
  EXPECT_EQ(PageData({SampleReport()}, nullptr).find("\"paths\""),
            std::string::npos);
}

// A page of a thousand runs as they really are stays below 5 MB.
TEST(PageDataTest, AnEnergyTraceIsPowerBetweenReadings) {
  Report report = SampleReport();
  EnergyRecord* energy =
      report.mutable_dense()->mutable_latency(0)->mutable_energy(0);
  energy->mutable_availability()->set_state(Availability::MEASURED);
  for (const uint64_t at : {1, 2, 4, 6, 7}) {
    energy->mutable_trace()->add_at_ns(at * 1'000'000'000);
    energy->mutable_trace()->add_joules(static_cast<double>(at * 10));
  }
  energy->mutable_trace()->add_block_starts(0);
  energy->mutable_trace()->add_block_starts(3);
  // Nothing is said of the time between the two blocks.
  EXPECT_NE(PageData({report}, nullptr)
                .find("\"trace\":[[1,2,10],[2,4,10],[6,7,10]]"),
            std::string::npos);
  EXPECT_EQ(PageData({SampleReport()}, nullptr).find("trace"),
            std::string::npos);
}

TEST(PageDataTest, TheSameAllowanceIsCarried) {
  Report report = SampleReport();
  EXPECT_EQ(PageData({report}, nullptr).find("tuned"), std::string::npos);
  TunedDense* tuned = report.mutable_tuned_dense();
  tuned->mutable_availability()->set_state(Availability::MEASURED);
  tuned->set_validation_after(0.75);
  CandidateRecord* candidate = report.mutable_candidates(0);
  *candidate->add_against_tuned_dense() = candidate->against_dense(0);
  candidate->mutable_against_tuned_dense(0)->set_difference(-0.125);
  const std::string data = PageData({report}, nullptr);
  EXPECT_NE(data.find("\"after\":0.75"), std::string::npos);
  EXPECT_NE(data.find("\"versusTuned\":{\"difference\":-0.125"),
            std::string::npos);
}

TEST(PageDataTest, AThousandRealRunsAreFewBytes) {
  std::vector<Report> real;
  for (const std::string& path : *g_paths) {
    auto report = ReadReport(path);
    ASSERT_TRUE(report.ok()) << report.status();
    real.push_back(*std::move(report));
  }
  ASSERT_FALSE(real.empty());
  std::vector<Report> many;
  for (size_t i = 0; i < 1000; ++i) many.push_back(real[i % real.size()]);
  const std::string page = PageData(many, nullptr);
  constexpr size_t kAround = 400 << 10;  // page, style, script
  EXPECT_LT(page.size() + kAround, 5000000u);
}

}  // namespace
}  // namespace assay::formats::html

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  std::vector<std::string> paths(argv + 1, argv + argc);
  assay::formats::html::g_paths = &paths;
  return RUN_ALL_TESTS();
}
