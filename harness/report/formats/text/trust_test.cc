#include "harness/report/formats/text/trust.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/report/check.h"

namespace assay::formats::text {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(TrustTest, NothingToSayGivesNothing) {
  EXPECT_EQ(ClaimedGains({}), "");
  EXPECT_EQ(Drift({}), "");
  EXPECT_EQ(Audits({}), "");
}

TEST(TrustTest, AClaimWithoutAGainStandsOut) {
  Report report;
  CandidateRecord* network = report.add_candidates();
  network->set_name("sparsity>=0.9");
  ClaimedGain* claim = network->mutable_materialisation()->add_claims();
  claim->set_quantity("sparsity");
  claim->set_claimed(0.9);
  claim->set_macs_ratio(1);
  claim->set_bytes_ratio(1);
  claim->set_verdict(ClaimedGain::NOT_SHOWN);
  EXPECT_THAT(ClaimedGains(report), HasSubstr("sparsity 0.9"));
  EXPECT_THAT(ClaimedGains(report), HasSubstr("NOT_SHOWN"));
  claim->set_verdict(ClaimedGain::SHOWN);
  claim->set_shown_in("latency");
  EXPECT_THAT(ClaimedGains(report), HasSubstr("in latency"));
}

TEST(TrustTest, DriftAndAuditsSayWhatWasSeen) {
  Report report;
  DriftRecord* drift = report.mutable_dense()->add_drift();
  drift->set_batch(7);
  drift->set_answers_changed(3);
  *drift->mutable_availability() = MakeAvailability(Availability::MEASURED);
  EXPECT_THAT(Drift(report), HasSubstr("the run's"));
  AuditRecord* audit = report.mutable_dense()->add_audits();
  audit->set_kind("same_sample");
  audit->set_detail("got 3.0");
  *audit->mutable_availability() = MakeAvailability(Availability::MEASURED);
  EXPECT_THAT(Audits(report), HasSubstr("NO"));
  EXPECT_THAT(Audits(report), HasSubstr("got 3.0"));
  *audit->mutable_availability() =
      MakeAvailability(Availability::NOT_APPLICABLE, "a stream");
  EXPECT_THAT(Audits(report), Not(HasSubstr("got 3.0")));
  EXPECT_THAT(Audits(report), HasSubstr("NOT_APPLICABLE: a stream"));
}

}  // namespace
}  // namespace assay::formats::text
