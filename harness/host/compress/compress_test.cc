#include "harness/host/compress/compress.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/reference/reference_device.h"
#include "harness/core/file.h"
#include "harness/dynamic/dynamic_builder.h"
#include "harness/graph/cost.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/host/artifact.h"
#include "harness/host/compress/compress_sink.h"
#include "harness/host/services/testing/tiny_run.h"
#include "harness/host/supervisor_outcome.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

RunSpec SpecFor(const std::string& method) {
  RunSpec spec;
  spec.set_method(method);
  spec.set_task("tiny");
  spec.set_seed(1);
  spec.set_plugin_path("plugins/" + method + "/" + method + ".so");
  spec.set_output_dir(
      ::testing::TempDir() + "/compress_test_" +
      ::testing::UnitTest::GetInstance()->current_test_info()->name());
  return spec;
}

class CompressTest : public ::testing::Test {
 protected:
  CompressResult Run(const RunSpec& spec) {
    const std::unique_ptr<Device> device = MakeReferenceDevice();
    ServedTask served;
    served.task = &tiny_.task();
    CompressSink::Options options;
    options.output_dir = spec.output_dir();
    for (const ServedBudget& b : BudgetsOf(spec)) {
      options.budgets.push_back(b.id);
    }
    CompressSink sink(options);
    CompressInput input{&spec,
                        &served,
                        device.get(),
                        tiny_.reference_graph(),
                        tiny_.reference_parameters().Clone(),
                        nullptr};
    CompressResult result;
    Compress(std::move(input), &sink, &result);
    const absl::Status fair =
        CheckCompressResult(result, static_cast<int>(options.budgets.size()));
    EXPECT_TRUE(fair.ok()) << fair;
    return result;
  }

  TinyRun tiny_;
};

TEST_F(CompressTest, LeavesAnArtifactForEachBudget) {
  RunSpec spec = SpecFor("plain_c");
  spec.add_budgets()->set_sparsity(0.5);
  spec.add_budgets()->set_sparsity(0.9);
  const CompressResult result = Run(spec);
  ASSERT_EQ(result.outcome().status(), Outcome::OK)
      << result.outcome().message();
  EXPECT_EQ(result.plugin().id(), "plain_c");
  EXPECT_EQ(result.plugin().abi_revision(), 1u);
  EXPECT_THAT(result.plugin().sha256(), SizeIs(64));
  ASSERT_THAT(result.submissions(), SizeIs(2));
  EXPECT_EQ(result.submissions(1).name(), "sparsity>=0.9");
  const auto artifact =
      ReadArtifact(spec.output_dir() + "/" + result.submissions(1).folder(),
                   StandardOps(), ArtifactLimits(), nullptr);
  ASSERT_TRUE(artifact.ok()) << artifact.status();
  int64_t nonzeros = 0, elements = 0;
  for (const char* name : {"stem.weights", "head.weights"}) {
    const Tensor value = *artifact->parameters.Get(name);
    nonzeros += CountNonzeros(value);
    elements += value.size();
  }
  EXPECT_LT(nonzeros, elements / 2);
  EXPECT_THAT(
      result.extensions(),
      ElementsAre("assay.graph/1", "assay.parameters/1", "assay.status/1",
                  "assay.submit/1", "assay.task/1", "assay.tensor/1"));
}

TEST_F(CompressTest, ANetworkWithControlFlowBecomesAnArtifact) {
  CompressSink::Options options;
  options.output_dir = JoinPath(::testing::TempDir(), "control flow");
  options.budgets = {"none"};
  options.reference = &tiny_.reference_graph();
  CompressSink sink(options);
  const auto whole = Rebatch(tiny_.reference_graph(), 1);
  ASSERT_TRUE(whole.ok()) << whole.status();
  DynamicBuilder b(whole->ops(), "whole");
  b.Outputs({"logits"});
  b.Return(b.Run(*whole, {b.Input("image", whole->type(whole->inputs()[0]))}));
  DynamicGraph network = *b.Finish();
  const absl::Status written =
      sink.Submit(0, network, tiny_.reference_parameters());
  ASSERT_TRUE(written.ok()) << written;
  const auto artifact = ReadArtifact(
      JoinPath(options.output_dir, "artifacts/0"), StandardOps(), {}, nullptr);
  ASSERT_TRUE(artifact.ok()) << artifact.status();
  EXPECT_NE(artifact->dynamic, nullptr);
  EXPECT_EQ(artifact->parameters.values().size(), whole->parameters().size());
  network.outputs = {"answer"};
  EXPECT_FALSE(sink.Submit(0, network, tiny_.reference_parameters()).ok());
  EXPECT_FALSE(sink.refusal().ok());
}

TEST_F(CompressTest, SettingsAreCheckedBeforeAnythingRuns) {
  RunSpec spec = SpecFor("template");
  (*spec.mutable_parameters())["step"] = "-1";
  const CompressResult result = Run(spec);
  EXPECT_EQ(result.outcome().status(), Outcome::UNSUPPORTED);
  EXPECT_EQ(result.outcome().stage(), Outcome::LOAD);
  EXPECT_THAT(result.outcome().message(),
              HasSubstr("step: expected a value in [1e-06, 1], got -1"));
}

TEST_F(CompressTest, AMethodsErrorIsTheOutcome) {
  RunSpec spec = SpecFor("plain_c");
  spec.add_budgets()->set_macs_fraction(0.5);
  const CompressResult result = Run(spec);
  EXPECT_EQ(result.outcome().status(), Outcome::METHOD_ERROR);
  EXPECT_EQ(result.outcome().stage(), Outcome::COMPRESS);
  EXPECT_EQ(result.outcome().hook(), "run");
  EXPECT_EQ(result.outcome().code(), "FAILED_PRECONDITION");
  EXPECT_THAT(result.outcome().message(),
              HasSubstr("only budgets of sparsity can be met"));
}

TEST_F(CompressTest, AnAbsentPluginIsTheOutcome) {
  RunSpec spec = SpecFor("absent");
  const CompressResult result = Run(spec);
  EXPECT_EQ(result.outcome().status(), Outcome::METHOD_ERROR);
  EXPECT_EQ(result.outcome().stage(), Outcome::LOAD);
  EXPECT_THAT(result.outcome().message(), HasSubstr("no such plugin file"));
}

TEST_F(CompressTest, SettingsAreCanonicalInTheResult) {
  const CompressResult result = Run(SpecFor("template"));
  ASSERT_EQ(result.outcome().status(), Outcome::OK)
      << result.outcome().message();
  ASSERT_THAT(result.settings(), SizeIs(1));
  EXPECT_EQ(result.settings(0).key(), "step");
  EXPECT_EQ(result.settings(0).value(), "0.015625");
  ASSERT_THAT(result.submissions(), SizeIs(1));
  EXPECT_EQ(result.submissions(0).name(), "none");
}

}  // namespace
}  // namespace assay
