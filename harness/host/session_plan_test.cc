#include "harness/host/session_plan.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/host/run_spec.pb.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// "SINGLE_STREAM 1/1", and " cold" where it is: samples per query / batch.
std::vector<std::string> Plans(const MeasureSpec& measure) {
  const auto plans = PlanSessions(measure);
  EXPECT_TRUE(plans.ok()) << plans.status();
  std::vector<std::string> names;
  for (const SessionPlan& plan : *plans) {
    names.push_back(absl::StrCat(ScenarioName(plan.scenario), " ",
                                 plan.samples_per_query, "/", plan.batch,
                                 plan.cold ? " cold" : ""));
  }
  return names;
}

TEST(SessionPlanTest, BatchOneIsSingleStreamAndOthersMultiStream) {
  MeasureSpec measure;
  EXPECT_THAT(Plans(measure), ElementsAre("SINGLE_STREAM 1/1"));
  measure.add_batch_sizes(1);
  measure.add_batch_sizes(32);
  EXPECT_THAT(Plans(measure),
              ElementsAre("SINGLE_STREAM 1/1", "MULTI_STREAM 32/32"));
}

TEST(SessionPlanTest, NamedScenariosUseTheBatchesThatApply) {
  MeasureSpec measure;
  for (const char* name :
       {"server", "offline", "multi_stream", "single_stream"}) {
    measure.add_scenarios(name);
  }
  measure.add_batch_sizes(3);
  EXPECT_THAT(Plans(measure),
              ElementsAre("SERVER 1/1", "OFFLINE 3/3", "MULTI_STREAM 9/3",
                          "SINGLE_STREAM 1/1"));
  measure.set_samples_per_query(2);
  EXPECT_EQ(Plans(measure)[2], "MULTI_STREAM 3/3");
}

TEST(SessionPlanTest, WritingTokensHasOneSequence) {
  MeasureSpec measure;
  measure.add_scenarios("prefill");
  measure.add_scenarios("decode");
  measure.add_batch_sizes(3);
  EXPECT_THAT(Plans(measure), ElementsAre("PREFILL 1/1", "DECODE 1/1"));
  measure.set_new_tokens(-1);
  EXPECT_THAT(std::string(PlanSessions(measure).status().message()),
              HasSubstr("measure.new_tokens"));
}

TEST(SessionPlanTest, ColdSessionsStandBesideHotOnes) {
  MeasureSpec measure;
  measure.add_scenarios("single_stream");
  measure.add_scenarios("server");
  measure.add_caches("cold");
  EXPECT_THAT(Plans(measure),
              ElementsAre("SINGLE_STREAM 1/1 cold", "SERVER 1/1"));
  measure.add_caches("hot");
  EXPECT_THAT(
      Plans(measure),
      ElementsAre("SINGLE_STREAM 1/1", "SINGLE_STREAM 1/1 cold", "SERVER 1/1"));
}

TEST(SessionPlanTest, SaysWhatItDoesNotKnow) {
  const auto complaint = [](const MeasureSpec& measure) {
    const absl::Status status = PlanSessions(measure).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  MeasureSpec measure;
  measure.add_scenarios("stream");
  EXPECT_THAT(complaint(measure), HasSubstr("got \"stream\""));
  measure.Clear();
  measure.add_caches("warm");
  EXPECT_THAT(complaint(measure), HasSubstr("got \"warm\""));
  measure.Clear();
  measure.add_batch_sizes(0);
  EXPECT_THAT(complaint(measure), HasSubstr("expected 1 or more, got 0"));
  measure.Clear();
  measure.set_server_qps(-1);
  EXPECT_THAT(complaint(measure), HasSubstr("measure.server_qps"));
}

}  // namespace
}  // namespace assay
