#include "harness/report/check.h"

#include <limits>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/report/testing/sample_reports.h"

namespace assay {
namespace {

using testing::HasSubstr;

std::string Complaint(const Report& report) {
  return std::string(CheckReport(report).message());
}

TEST(CheckTest, AcceptsTheSamples) {
  EXPECT_EQ(CheckReport(SampleReport()), absl::OkStatus());
  EXPECT_EQ(CheckReport(SampleCrash()), absl::OkStatus());
}

TEST(CheckTest, NamesTheFieldThatIsNotFinite) {
  Report report = SampleReport();
  report.mutable_candidates(0)->mutable_latency(0)->set_mean_ns(
      std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(Complaint(report),
            "report field candidates[0].latency[0].mean_ns: expected a finite "
            "number, got nan");
}

TEST(CheckTest, FractionsLieInTheUnitInterval) {
  Report report = SampleReport();
  report.mutable_overhead()->set_harness_fraction(1.5);
  EXPECT_THAT(Complaint(report), HasSubstr("overhead.harness_fraction"));
}

TEST(CheckTest, IntervalsAreInOrder) {
  Report report = SampleReport();
  report.mutable_dense()->mutable_quality(0)->mutable_interval()->set_low(2);
  EXPECT_EQ(Complaint(report),
            "report field dense.quality[0].interval: expected low <= high, got "
            "2 > 0.965");
}

TEST(CheckTest, HashesAreHexadecimal) {
  Report report = SampleReport();
  report.mutable_identity()->set_plugin_sha256("abc");
  EXPECT_THAT(Complaint(report), HasSubstr("identity.plugin_sha256"));
  report.mutable_identity()->set_plugin_sha256(std::string(64, 'A'));
  EXPECT_THAT(Complaint(report), HasSubstr("identity.plugin_sha256"));
}

TEST(CheckTest, EveryAvailabilityMustBeSet) {
  Report report = SampleReport();
  report.mutable_dense()->clear_payback();
  EXPECT_EQ(Complaint(report),
            "report field dense.payback: expected it to be set or marked, got "
            "nothing");
  EXPECT_EQ(CheckWellFormed(report), absl::OkStatus());
}

TEST(CheckTest, AbsenceNeedsAReason) {
  Report report = SampleReport();
  report.mutable_conformance()->mutable_availability()->clear_reason();
  EXPECT_EQ(Complaint(report),
            "report field conformance.availability: expected a reason, got "
            "none with state NOT_REQUESTED");
}

TEST(CheckTest, RefusesAnUnknownOutcomeAndANewerSchema) {
  Report report = SampleReport();
  report.mutable_outcome()->clear_status();
  EXPECT_EQ(CheckWellFormed(report).code(), absl::StatusCode::kInvalidArgument);
  report = SampleReport();
  report.set_schema(kReportSchema + 1);
  EXPECT_EQ(CheckWellFormed(report).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(CheckTest, FillUnsetInheritsFromTheRecordAround) {
  Report report;
  EnergyRecord* energy = report.mutable_dense()->add_latency()->add_energy();
  *energy->mutable_availability() =
      MakeAvailability(Availability::UNAVAILABLE, "no meter");
  FillUnset(Availability::NOT_REQUESTED, "not asked", &report);
  EXPECT_EQ(energy->net_availability().state(), Availability::UNAVAILABLE);
  EXPECT_EQ(energy->net_availability().reason(), "no meter");
  EXPECT_EQ(report.dense().latency(0).availability().reason(), "not asked");
  EXPECT_EQ(report.ledger().joules_availability().state(),
            Availability::NOT_REQUESTED);
}

TEST(CheckTest, FillUnreachedSaysHowTheRunEnded) {
  EXPECT_EQ(SampleCrash().ledger().availability().reason(),
            "the run ended with CRASHED in stage COMPRESS");
}

}  // namespace
}  // namespace assay
