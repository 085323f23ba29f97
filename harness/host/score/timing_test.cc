// What sessions of networks that write tokens leave in the records.
#include "harness/host/score/timing.h"

#include <algorithm>
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/registry.h"
#include "harness/host/tuned_plans.h"
#include "harness/measure/clock.h"
#include "harness/models/init.h"
#include "harness/ops/ops.h"
#include "harness/report/check.h"
#include "harness/tasks/registry.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

class DecodingTest : public ::testing::Test {
 protected:
  void Time(const std::string& id, CandidateRecord* record,
            TimingOptions options = {}) {
    ASSERT_OK_AND_ASSIGN(const TaskSpec spec, FindTask(id));
    ASSERT_OK_AND_ASSIGN(const auto task, Task::Open(spec, ""));
    ASSERT_OK_AND_ASSIGN(const auto device, MakeDevice("cpu"));
    ASSERT_OK_AND_ASSIGN(const ReferenceGraph network,
                         task->BuildNetwork(StandardOps(), 1));
    ASSERT_OK_AND_ASSIGN(const ParameterStore parameters,
                         Initialise(network.graph, network.initialisers, 1));
    options.measure.add_scenarios("prefill");
    options.measure.add_scenarios("decode");
    options.measure.add_precisions("f32");
    options.measure.set_queries(8);
    options.measure.set_seconds(0.05);
    options.measure.set_new_tokens(5);
    PhaseTimer phases(MonotonicClock());
    MachineRecord machine;
    ASSERT_OK(TimeNetworks(*task, {{"cpu", device.get()}},
                           {{&network.graph, &parameters, record}}, options,
                           &phases, &machine));
    const OverheadRecord spent = phases.Record();
    for (const PhaseRecord& phase : spent.phases()) {
      phases_[phase.name()] = phase.kind();
    }
  }

  std::map<std::string, PhaseRecord::Kind> phases_;  // of the last Time
};

TEST_F(DecodingTest, APromptAndTokensBehindIt) {
  CandidateRecord record;
  record.set_name("dense");
  Time("grammar-lmd", &record);
  ASSERT_EQ(record.latency_size(), 2);
  const LatencyRecord& prefill = record.latency(0);
  EXPECT_EQ(prefill.scenario(), LatencyRecord::PREFILL);
  EXPECT_EQ(prefill.prompt_tokens(), 32u);
  EXPECT_EQ(prefill.new_tokens(), 1u);
  const LatencyRecord& decode = record.latency(1);
  EXPECT_EQ(decode.scenario(), LatencyRecord::DECODE);
  EXPECT_EQ(decode.prompt_tokens(), 32u);
  EXPECT_EQ(decode.new_tokens(), 5u);
  for (const LatencyRecord& latency : record.latency()) {
    EXPECT_TRUE(HasValue(latency.availability()));
    EXPECT_GT(latency.mean_ns(), 0);
    EXPECT_GT(latency.median_token_ns(), 0);
    EXPECT_LT(latency.median_token_ns(), latency.max_ns());
    EXPECT_EQ(latency.energy_estimates_size(), 0);
  }
}

TEST_F(DecodingTest, PlansAreTunedAndMadeAgain) {
  CandidateRecord measured;
  measured.set_name("dense");
  TimingOptions options;
  options.threads = 2;
  options.measure.set_tune("quick");
  Time("grammar-lmd", &measured, options);
  EXPECT_EQ(phases_["tune plans"], PhaseRecord::TIMING);
  ASSERT_EQ(measured.latency_size(), 2);
  Report report;
  *report.mutable_dense() = measured;
  RunSpec spec;
  RepeatPlans(report, &spec);
  ASSERT_EQ(spec.tuned_size(), 2);
  EXPECT_EQ(spec.tuned(0).writes(), "prefill");
  EXPECT_EQ(spec.tuned(1).writes(), "decode");
  options.tuned.assign(spec.tuned().begin(), spec.tuned().end());
  CandidateRecord again;
  again.set_name("dense");
  Time("grammar-lmd", &again, options);
  ASSERT_EQ(again.latency_size(), 2);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(measured.latency(i).tuning().mode(), "quick");
    EXPECT_GT(measured.latency(i).tuning().comparisons(), 0u);
    EXPECT_EQ(again.latency(i).tuning().mode(), "replay");
    EXPECT_EQ(again.latency(i).threads(), measured.latency(i).threads());
  }
}

TEST_F(DecodingTest, WhatWritesNothingSaysSo) {
  CandidateRecord record;
  record.set_name("dense");
  Time("shapes-resnet8", &record);
  ASSERT_EQ(record.latency_size(), 2);
  for (const LatencyRecord& latency : record.latency()) {
    EXPECT_FALSE(HasValue(latency.availability()));
    EXPECT_THAT(latency.availability().reason(),
                HasSubstr("from tokens [N,T] to logits [N,T,V]"));
  }
}

}  // namespace
}  // namespace assay
