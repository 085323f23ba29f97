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

TEST(TrustTest, TheSameAllowanceForTheDenseNetwork) {
  Report report;
  EXPECT_EQ(SameAllowance(report), "");
  TunedDense* tuned = report.mutable_tuned_dense();
  *tuned->mutable_availability() =
      MakeAvailability(Availability::NOT_REQUESTED, "not part of this run");
  EXPECT_EQ(SameAllowance(report), "");
  *tuned->mutable_availability() = MakeAvailability(
      Availability::NOT_APPLICABLE, "the method trained on nothing");
  EXPECT_THAT(SameAllowance(report), HasSubstr("trained on nothing"));
  *tuned->mutable_availability() = MakeAvailability(Availability::MEASURED);
  tuned->mutable_network()->set_name("dense, tuned");
  tuned->mutable_ledger()->set_samples(6400);
  tuned->set_validation_before(0.9);
  tuned->set_validation_after(0.85);
  CandidateRecord* candidate = report.add_candidates();
  candidate->set_name("sparsity>=0.9");
  for (QualityRecord* quality :
       {tuned->mutable_network()->add_quality(), candidate->add_quality()}) {
    quality->set_split("test");
    quality->set_metric("top1_accuracy");
    quality->set_precision("f32");
    quality->set_unit("fraction");
    quality->set_value(0.875);
    *quality->mutable_availability() = MakeAvailability(Availability::MEASURED);
  }
  QualityComparison* flips = candidate->add_against_tuned_dense();
  flips->set_split("test");
  flips->set_metric("top1_accuracy");
  flips->set_precision("f32");
  flips->set_difference(-0.0625);
  flips->set_test("mcnemar_exact");
  flips->set_dense_right_candidate_wrong(3);
  flips->set_dense_wrong_candidate_right(2);
  *flips->mutable_availability() = MakeAvailability(Availability::MEASURED);
  const std::string page = SameAllowance(report);
  EXPECT_THAT(page, HasSubstr("-6.25 pp"));
  EXPECT_THAT(page, HasSubstr("3/2"));
  EXPECT_THAT(page, HasSubstr("6.40 k samples"));
  EXPECT_THAT(page, HasSubstr("worse, so the network stands as it was"));
}

}  // namespace
}  // namespace assay::formats::text
