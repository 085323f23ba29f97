#include "harness/report/verify.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/report/testing/sample_reports.h"

namespace assay {
namespace {

using testing::HasSubstr;

const VerifyRow& Find(const std::vector<VerifyRow>& rows,
                      const std::string& what) {
  for (const VerifyRow& row : rows) {
    if (row.what == what) return row;
  }
  ADD_FAILURE() << "no row " << what;
  static const VerifyRow none;
  return none;
}

TEST(VerifyTest, AReportIsEqualToItself) {
  const Verification result = VerifyReports(SampleReport(), SampleReport());
  EXPECT_EQ(result.Count(Agreement::kDiffers), 0);
  EXPECT_EQ(result.Count(Agreement::kOpen), 0);
  EXPECT_EQ(result.ExitCode(true), 0);
  EXPECT_EQ(Find(result.inputs, "revision").agreement, Agreement::kEqual);
  EXPECT_EQ(Find(result.results, "random stream shuffle").second, "12800");
}

TEST(VerifyTest, SaysWhatItWasMadeFrom) {
  Report other = SampleReport();
  other.mutable_identity()->set_plugin_sha256(std::string(64, 'f'));
  other.mutable_identity()->mutable_method_settings(0)->set_value("erk");
  other.mutable_provenance()->set_assay_revision("fedcba9");
  other.mutable_provenance()->set_machine_fingerprint(std::string(64, '9'));
  const Verification result = VerifyReports(SampleReport(), other);
  for (const char* what :
       {"plugin", "setting variant", "revision", "machine"}) {
    EXPECT_EQ(Find(result.inputs, what).agreement, Agreement::kDiffers) << what;
  }
  EXPECT_TRUE(DecidesResults(Find(result.inputs, "plugin")));
  EXPECT_FALSE(DecidesResults(Find(result.inputs, "machine")));
  // Inputs are no results; timings of two machines decide nothing.
  EXPECT_EQ(result.ExitCode(false), 0);
}

TEST(VerifyTest, DataIsComparedByChecksumFileByFile) {
  Report first = SampleReport(), second = SampleReport();
  for (Report* report : {&first, &second}) {
    FileRecord* file =
        report->mutable_identity()->mutable_dataset()->add_files();
    file->set_path("shapes/train.bin");
    file->set_sha256(std::string(64, 'a'));
  }
  second.mutable_identity()->mutable_dataset()->mutable_files(0)->set_sha256(
      std::string(64, 'b'));
  const VerifyRow row =
      Find(CompareInputs(first, second), "file shapes/train.bin");
  EXPECT_EQ(row.agreement, Agreement::kDiffers);
  EXPECT_TRUE(DecidesResults(row));
}

TEST(VerifyTest, TwoModifiedTreesAreTheSameOnlyAsOneProgram) {
  Report first = SampleReport(), second = SampleReport();
  first.mutable_provenance()->set_assay_modified(true);
  second.mutable_provenance()->set_assay_modified(true);
  first.mutable_provenance()->set_binary_sha256(std::string(64, 'a'));
  second.mutable_provenance()->set_binary_sha256(std::string(64, 'b'));
  EXPECT_EQ(Find(CompareInputs(first, second), "revision").agreement,
            Agreement::kDiffers);
  second.mutable_provenance()->set_binary_sha256(std::string(64, 'a'));
  EXPECT_EQ(Find(CompareInputs(first, second), "revision").agreement,
            Agreement::kEqual);
}

TEST(VerifyTest, TheFirstStreamThatDivergedIsNamed) {
  Report other = SampleReport();
  other.mutable_ledger()->mutable_streams(0)->set_words(12801);
  const Verification result = VerifyReports(SampleReport(), other);
  EXPECT_EQ(Find(result.results, "random stream shuffle").agreement,
            Agreement::kDiffers);
  EXPECT_EQ(result.ExitCode(false), 1);
}

// One answer of sixteen flips: other bits, and no score tells them apart.
TEST(VerifyTest, OtherBitsMatterWhereTheScoreSaysSo) {
  Report other = SampleReport();
  CandidateRecord* candidate = other.mutable_candidates(0);
  candidate->mutable_artifact()->set_sha256(std::string(64, 'e'));
  QualityRecord* quality = candidate->mutable_quality(0);
  quality->mutable_items()->set_scores_sha256(std::string(64, 'e'));
  quality->mutable_items()->set_correct(std::string("\xfc\x3f", 2));
  quality->set_value(0.75);
  const Verification result = VerifyReports(SampleReport(), other);
  EXPECT_EQ(Find(result.results, "sparsity>=0.9: artifact").agreement,
            Agreement::kOpen);
  EXPECT_EQ(result.ExitCode(false), 0);
  EXPECT_EQ(result.ExitCode(true), 1);
}

TEST(VerifyTest, WhatOneSideAloneScoredDiffers) {
  Report other = SampleReport();
  other.clear_candidates();
  const Verification result = VerifyReports(SampleReport(), other);
  EXPECT_EQ(Find(result.results, "candidate sparsity>=0.9").agreement,
            Agreement::kDiffers);
  EXPECT_EQ(VerifyReports(SampleReport(), SampleCrash()).ExitCode(false), 1);
}

TEST(VerifyTest, ASlowerClockIsBeyondItsInterval) {
  Report other = SampleReport();
  LatencySamples* kept =
      other.mutable_dense()->mutable_latency(0)->mutable_kept();
  kept->mutable_all()->set_delta_ns(0, 2 * kept->all().delta_ns(0));
  const Verification result = VerifyReports(SampleReport(), other);
  const VerifyRow row =
      Find(result.results, "dense: latency p50 SINGLE_STREAM f32 batch 1");
  EXPECT_EQ(row.agreement, Agreement::kDiffers);
  EXPECT_THAT(row.note, HasSubstr("ratio in "));
}

}  // namespace
}  // namespace assay
