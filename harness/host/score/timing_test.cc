// What sessions of networks that write tokens leave in the records.
#include "harness/host/score/timing.h"

#include <algorithm>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/registry.h"
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
  void Time(const std::string& id, CandidateRecord* record) {
    ASSERT_OK_AND_ASSIGN(const TaskSpec spec, FindTask(id));
    ASSERT_OK_AND_ASSIGN(const auto task, Task::Open(spec, ""));
    ASSERT_OK_AND_ASSIGN(const auto device, MakeDevice("cpu"));
    ASSERT_OK_AND_ASSIGN(const ReferenceGraph network,
                         task->BuildNetwork(StandardOps(), 1));
    ASSERT_OK_AND_ASSIGN(const ParameterStore parameters,
                         Initialise(network.graph, network.initialisers, 1));
    TimingOptions options;
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
  }
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
