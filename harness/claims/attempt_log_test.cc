#include "harness/claims/attempt_log.h"

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "harness/claims/claims.h"
#include "harness/claims/claims.pb.h"
#include "harness/core/file.h"
#include "harness/host/run_identity.h"
#include "harness/host/run_spec.pb.h"

namespace assay {
namespace {

std::string PathOf(const char* name) {
  return JoinPath(::testing::TempDir(), name);
}

TEST(AttemptLogTest, EveryNewLookSpendsAShare) {
  const std::string path = PathOf("looks.textproto");
  auto log = AttemptLog::Open(path);
  ASSERT_TRUE(log.ok()) << log.status();
  ClaimAttempt first = log->Look("p/a", 0.05, "one");
  EXPECT_EQ(first.attempt(), 1u);
  EXPECT_DOUBLE_EQ(first.alpha_spent(), 0.025);
  first.set_verdict(ClaimAttempt::UNDECIDED);
  ASSERT_TRUE(log->Record(first, "one").ok());

  // The same reports are the same look; others are the next.
  EXPECT_EQ(log->Look("p/a", 0.05, "one").attempt(), 1u);
  ClaimAttempt second = log->Look("p/a", 0.05, "two");
  EXPECT_EQ(second.attempt(), 2u);
  EXPECT_DOUBLE_EQ(second.alpha_spent(), 0.05 / 6);
  EXPECT_EQ(log->Look("p/b", 0.05, "two").attempt(), 1u);

  second.set_verdict(ClaimAttempt::HOLDS);
  ASSERT_TRUE(log->Record(second, "two").ok());
  const auto again = AttemptLog::Open(path);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->Look("p/a", 0.05, "two").verdict(), ClaimAttempt::HOLDS);
  EXPECT_EQ(again->Look("p/a", 0.05, "three").attempt(), 3u);
}

TEST(AttemptLogTest, ADamagedLogIsAnErrorThatNamesIt) {
  const std::string path = PathOf("damaged.textproto");
  ASSERT_TRUE(WriteFileAtomically(path, "attempts { attempt }").ok());
  const absl::Status status = AttemptLog::Open(path).status();
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find(path), std::string::npos) << status;
}

TEST(AttemptLogTest, EvidenceIsWhatServesTheClaim) {
  Claim claim;
  claim.mutable_first()->mutable_method()->set_name("m");
  claim.set_task("t");
  claim.add_seeds(1);
  claim.mutable_metric()->set_quantity(ClaimMetric::QUALITY);
  const auto runs = RunsOf(claim);
  ASSERT_TRUE(runs.ok()) << runs.status();
  Report serving;
  FillIdentity((*runs)[0], serving.mutable_identity());
  serving.mutable_finished()->set_seconds(5);
  RunSpec other = (*runs)[0];
  other.set_seed(77);
  Report stranger;
  FillIdentity(other, stranger.mutable_identity());
  const auto none = EvidenceOf(claim, {});
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_EQ(*EvidenceOf(claim, {stranger}), *none);
  EXPECT_NE(*EvidenceOf(claim, {serving}), *none);
  EXPECT_EQ(*EvidenceOf(claim, {serving, stranger}),
            *EvidenceOf(claim, {serving}));
  Report later = serving;
  later.mutable_finished()->set_seconds(6);
  EXPECT_NE(*EvidenceOf(claim, {later}), *EvidenceOf(claim, {serving}));
}

}  // namespace
}  // namespace assay
