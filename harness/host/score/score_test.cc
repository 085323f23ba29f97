// The whole of scoring on a small task: an untrained LeNet-5 over 50 random
// images, candidates made by hand, the CPU backend.
#include "harness/host/score/score.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/registry.h"
#include "harness/core/file.h"
#include "harness/dynamic/dynamic_builder.h"
#include "harness/graph/builder.h"
#include "harness/graph/rewrites/apply_masks.h"
#include "harness/graph/rewrites/quantize.h"
#include "harness/graph/rewrites/rebatch.h"
#include "harness/graph/roles.h"
#include "harness/host/artifact.h"
#include "harness/host/score/testing/small_task.h"
#include "harness/host/supervisor_report.h"
#include "harness/host/twin.h"
#include "harness/measure/clock.h"
#include "harness/models/init.h"
#include "harness/ops/ops.h"
#include "harness/report/check.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kClasses = 3;
constexpr int64_t kTestItems = 50;

// Half of every layer's weights, the smallest, are 0.
void Halve(const Graph& graph, ParameterStore* parameters) {
  for (ValueId id : PrunableParameters(graph)) {
    Tensor* weights = parameters->Find(graph.value(id).name);
    std::vector<float> sizes(weights->span<float>().begin(),
                             weights->span<float>().end());
    for (float& size : sizes) size = std::abs(size);
    auto middle = sizes.begin() + static_cast<int64_t>(sizes.size() / 2);
    std::nth_element(sizes.begin(), middle, sizes.end());
    for (float& value : weights->span<float>()) {
      if (std::abs(value) < *middle) value = 0;
    }
  }
}

class ScoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = JoinPath(::testing::TempDir(), test->name());
    std::filesystem::remove_all(folder_);
    setup_.task = MakeSmallTask({.train = 20,
                                 .validation = 20,
                                 .test = kTestItems,
                                 .evaluation_batch = 20,
                                 .batch = 10});
    auto device = MakeDevice("cpu");
    ASSERT_TRUE(device.ok()) << device.status();
    setup_.device = *std::move(device);
    auto built = setup_.task->BuildNetwork(StandardOps(), 20);
    ASSERT_TRUE(built.ok()) << built.status();
    auto parameters = Initialise(built->graph, built->initialisers, 7);
    ASSERT_TRUE(parameters.ok()) << parameters.status();
    reference_ = std::make_unique<ReferenceNetwork>(
        ReferenceNetwork{built->graph, *std::move(parameters), "", ""});
    request_.mutable_spec()->set_output_dir(folder_);
    MeasureSpec* measure = request_.mutable_spec()->mutable_measure();
    measure->add_batch_sizes(1);
    measure->add_batch_sizes(4);
    measure->set_queries(16);
    measure->set_seconds(0.2);
  }

  void Submit(const Graph& graph, ParameterStore parameters,
              const Budget& budget) {
    const int index = request_.submissions_size();
    Submission* submission = request_.add_submissions();
    submission->set_budget(index);
    submission->set_folder(absl::StrCat("artifacts/", index));
    *request_.mutable_spec()->add_budgets() = budget;
    const absl::Status written =
        WriteArtifact(JoinPath(folder_, submission->folder()),
                      {"x", index, {}, graph, std::move(parameters)});
    ASSERT_TRUE(written.ok()) << written;
  }

  ScoreResult Do() {
    PhaseTimer phases(MonotonicClock());
    ScoreResult result;
    const absl::Status status =
        Score(request_, setup_, *reference_, &phases, &result);
    EXPECT_TRUE(status.ok()) << status;
    return result;
  }

  std::string folder_;
  RunSetup setup_;
  std::unique_ptr<ReferenceNetwork> reference_;
  ScoreRequest request_;
};

TEST_F(ScoreTest, ADenseCandidateEqualsTheReference) {
  Submit(reference_->graph, reference_->parameters, {});
  const ScoreResult result = Do();
  EXPECT_EQ(result.outcome().status(), Outcome::OK);
  ASSERT_EQ(result.candidates_size(), 1);
  const CandidateRecord& dense = result.dense();
  const CandidateRecord& candidate = result.candidates(0);
  EXPECT_EQ(candidate.name(), "none");
  ASSERT_EQ(candidate.quality_size(), 1);
  EXPECT_EQ(candidate.quality(0).precision(), "f32");
  EXPECT_EQ(candidate.quality(0).count(), static_cast<uint64_t>(kTestItems));
  EXPECT_EQ(candidate.quality(0).value(), dense.quality(0).value());
  EXPECT_EQ(candidate.quality(0).items().scores_sha256(),
            dense.quality(0).items().scores_sha256());
  ASSERT_EQ(candidate.against_dense_size(), 1);
  EXPECT_EQ(candidate.against_dense(0).answers_changed(), 0u);
  EXPECT_EQ(candidate.against_dense(0).p_value(), 1.0);
  EXPECT_EQ(candidate.cost().macs(), dense.cost().macs());
  EXPECT_TRUE(candidate.materialisation().passed());
  EXPECT_LT(candidate.materialisation().max_output_difference(), 1e-4);
  ASSERT_EQ(candidate.drift_size(), 2);  // batches 1 and 4 against 20
  for (const DriftRecord& drift : candidate.drift()) {
    EXPECT_EQ(drift.against_batch(), 20u);
    EXPECT_EQ(drift.items(), 20u);
    EXPECT_EQ(drift.logits(), 20u * kClasses);
    EXPECT_LT(drift.max_difference(), 1e-4 * drift.largest_logit());
    EXPECT_EQ(drift.answers_changed(), 0u);
  }
}

// An exit in front of the network, on the mean of the image.
DynamicGraph WithExit(const Graph& network, double threshold) {
  Graph exit(network.ops());
  GraphBuilder b(&exit);
  const ValueId x = b.Input("image", DType::kF32, {1, 1, 12, 12});
  b.Output("logits",
           b.Op("linear", {b.ReduceMean(x, {2, 3}, false),
                           b.Parameter("exit.weights", DType::kF32, {3, 1}),
                           b.Parameter("exit.bias", DType::kF32, {3})}));
  EXPECT_TRUE(b.status().ok()) << b.status();
  const auto whole = Rebatch(network, 1);
  EXPECT_TRUE(whole.ok()) << whole.status();
  DynamicBuilder d(network.ops(), "exit");
  d.Outputs({"logits"});
  const VariableId image = d.Input("image", {DType::kF32, {1, 1, 12, 12}});
  const VariableId logits = d.Run(std::move(exit), {image})[0];
  d.If({PredicateKind::kMaxProbability, logits, threshold},
       [&] { d.Return({logits}); });
  d.Return(d.Run(*whole, {image}));
  return *d.Finish();
}

TEST_F(ScoreTest, ANetworkWithControlFlowIsScoredByItsPaths) {
  ParameterStore parameters = reference_->parameters.Clone();
  parameters.Set("exit.weights", Tensor::From<float>({3, 1}, {8, 0, 0}));
  parameters.Set("exit.bias", Tensor::From<float>({3}, {-4, 0, 0}));
  // The largest probability of logits (8 m - 4, 0, 0) at m = 0.5: a third.
  const double thresholds[] = {0.0, 0.34, 1.1};
  Budget budget;
  budget.set_macs_fraction(0.5);
  for (int i = 0; i < 3; ++i) {
    const auto artifact = MakeDynamicArtifact(
        "x", i, WithExit(reference_->graph, thresholds[i]), parameters);
    ASSERT_TRUE(artifact.ok()) << artifact.status();
    Submission* submission = request_.add_submissions();
    submission->set_budget(i);
    submission->set_folder(absl::StrCat("artifacts/", i));
    *request_.mutable_spec()->add_budgets() = budget;
    ASSERT_TRUE(
        WriteArtifact(JoinPath(folder_, submission->folder()), *artifact).ok());
  }
  request_.mutable_spec()->mutable_measure()->set_audit(true);
  const ScoreResult result = Do();
  ASSERT_EQ(result.candidates_size(), 3);
  const double whole = static_cast<double>(result.dense().cost().macs());
  double before = 0;
  for (const CandidateRecord& record : result.candidates()) {
    const PathCosts& paths = record.cost().paths();
    EXPECT_EQ(paths.conditionals(), 1u);
    double exits = 0;
    for (const PathShare& share : paths.most_taken()) {
      if (share.path() == "0+") exits = share.share();
    }
    // The exit takes 3 MACs.
    EXPECT_DOUBLE_EQ(paths.mean_macs(), 3 + (1 - exits) * whole);
    EXPECT_GE(paths.mean_macs(), before);
    before = paths.mean_macs();
    EXPECT_NEAR(static_cast<double>(record.cost().macs()), before, 0.5);
    EXPECT_EQ(record.cost().parameters(),
              result.dense().cost().parameters() + 6);
    ASSERT_EQ(record.quality_size(), 1);
    EXPECT_EQ(record.quality(0).count(), static_cast<uint64_t>(kTestItems));
    ASSERT_EQ(record.budgets_size(), 1);
    EXPECT_NEAR(record.budgets(0).reached(), before / whole, 1e-3);
    ASSERT_EQ(record.drift_size(), 2);
    for (const DriftRecord& drift : record.drift()) {
      EXPECT_LT(drift.max_difference(), 1e-4 * drift.largest_logit());
    }
    ASSERT_EQ(record.latency_size(), 2);
    EXPECT_GT(record.latency(1).mean_ns(), 0);
    EXPECT_GT(record.memory().plan_bytes(), 0u);
    ASSERT_EQ(record.audits_size(), 3);
    EXPECT_TRUE(record.audits(2).passed()) << record.audits(2).detail();
  }
  // All exit; some do; none does, and the answers are the network's.
  EXPECT_EQ(result.candidates(0).cost().macs(), 3u);
  EXPECT_TRUE(result.candidates(0).budgets(0).met());
  EXPECT_EQ(result.candidates(1).cost().paths().distinct(), 2u);
  const CandidateRecord& last = result.candidates(2);
  EXPECT_FALSE(last.budgets(0).met());
  EXPECT_EQ(last.quality(0).value(), result.dense().quality(0).value());
  EXPECT_EQ(last.against_dense(0).answers_changed(), 0u);
  EXPECT_EQ(result.outcome().status(), Outcome::OK);
}

TEST_F(ScoreTest, ControlFlowWithOtherLogitsIsRefused) {
  DynamicBuilder d(StandardOps(), "image");
  d.Outputs({"logits"});
  d.Return({d.Input("image", {DType::kF32, {1, 1, 12, 12}})});
  const auto artifact = MakeDynamicArtifact("x", 0, *d.Finish(), {});
  ASSERT_TRUE(artifact.ok()) << artifact.status();
  request_.add_submissions()->set_folder("artifacts/0");
  *request_.mutable_spec()->add_budgets() = {};
  ASSERT_TRUE(WriteArtifact(JoinPath(folder_, "artifacts/0"), *artifact).ok());
  const ScoreResult result = Do();
  EXPECT_EQ(result.outcome().status(), Outcome::INVALID_SUBMISSION);
  EXPECT_THAT(result.outcome().message(),
              HasSubstr("logits of the candidate: expected f32[20,3], got "
                        "f32[20,1,12,12]"));
}

TEST_F(ScoreTest, AuditsWhereAsked) {
  Submit(reference_->graph, reference_->parameters, {});
  request_.mutable_spec()->mutable_measure()->set_audit(true);
  const ScoreResult result = Do();
  for (const CandidateRecord* record :
       {&result.dense(), &result.candidates(0)}) {
    ASSERT_EQ(record->audits_size(), 3);
    EXPECT_EQ(record->audits(0).kind(), "same_sample");
    EXPECT_EQ(record->audits(1).kind(), "alternate_seed");
    EXPECT_GT(record->audits(1).speedup(), 0);
    EXPECT_EQ(record->audits(2).kind(), "shuffled_order");
    EXPECT_EQ(record->audits(2).items(), static_cast<uint64_t>(kTestItems));
    EXPECT_TRUE(record->audits(2).passed()) << record->audits(2).detail();
  }
}

TEST_F(ScoreTest, OffersTheDenseNetworkTheSameAllowance) {
  Submit(reference_->graph, reference_->parameters, {});
  MeasureSpec* measure = request_.mutable_spec()->mutable_measure();
  measure->set_skip(true);
  measure->set_same_allowance(true);
  EXPECT_EQ(Do().tuned_dense().availability().state(),
            Availability::NOT_APPLICABLE);
  request_.mutable_spent()->set_samples(35);  // of batches of 10
  const ScoreResult result = Do();
  const TunedDense& tuned = result.tuned_dense();
  EXPECT_EQ(tuned.availability().state(), Availability::MEASURED);
  EXPECT_EQ(tuned.ledger().steps(), 4u);
  EXPECT_EQ(tuned.ledger().samples(), 40u);
  EXPECT_EQ(tuned.ledger().allowance().samples(), 35u);
  ASSERT_EQ(tuned.network().quality_size(), 1);
  ASSERT_EQ(result.candidates(0).against_tuned_dense_size(), 1);
  EXPECT_EQ(result.candidates(0).against_tuned_dense(0).difference(),
            result.candidates(0).quality(0).value() -
                tuned.network().quality(0).value());
}

// The twin's candidate beside the run's own.
void SubmitTwin(const TwinNetwork& network, const std::string& folder,
                ScoreRequest* request) {
  TwinRun* twin = request->mutable_twin();
  twin->set_folder("twin");
  twin->mutable_outcome()->set_status(Outcome::OK);
  twin->mutable_outcome()->set_stage(Outcome::DONE);
  Submission* submission = twin->add_submissions();
  submission->set_folder("artifacts/0");
  const absl::Status written =
      WriteArtifact(JoinPath(folder, "twin/artifacts/0"),
                    {"x", 0, {}, network.graph, network.parameters});
  ASSERT_TRUE(written.ok()) << written;
}

TEST_F(ScoreTest, AMethodThatWorksFromWhatItIsGivenPassesTheTwin) {
  Submit(reference_->graph, reference_->parameters, {});
  request_.mutable_spec()->mutable_measure()->set_skip(true);
  const auto twin = MakeTwin(reference_->graph, reference_->parameters, {},
                             TwinClasses(reference_->graph, 0));
  ASSERT_TRUE(twin.ok()) << twin.status();
  SubmitTwin(*twin, folder_, &request_);
  const ScoreResult result = Do();
  ASSERT_EQ(result.candidates(0).audits_size(), 1);
  const AuditRecord& audit = result.candidates(0).audits(0);
  EXPECT_EQ(audit.kind(), "renamed_twin");
  EXPECT_TRUE(audit.passed()) << audit.detail();
  EXPECT_EQ(audit.answers_changed(), 0u);
  EXPECT_EQ(audit.comparison().difference(), 0.0);
  EXPECT_EQ(result.dense().audits_size(), 0);
}

TEST_F(ScoreTest, AMethodThatFailsUnderOtherNamesIsCaught) {
  Submit(reference_->graph, reference_->parameters, {});
  request_.mutable_spec()->mutable_measure()->set_skip(true);
  Outcome* outcome = request_.mutable_twin()->mutable_outcome();
  outcome->set_status(Outcome::METHOD_ERROR);
  outcome->set_stage(Outcome::COMPRESS);
  outcome->set_message("unknown task");
  const ScoreResult result = Do();
  ASSERT_EQ(result.candidates(0).audits_size(), 1);
  EXPECT_FALSE(result.candidates(0).audits(0).passed());
  EXPECT_NE(result.candidates(0).audits(0).detail().find(
                "METHOD_ERROR in COMPRESS: unknown task"),
            std::string::npos);
  outcome->set_status(Outcome::HARNESS_ERROR);
  outcome->set_message("the disk is full");
  EXPECT_EQ(Do().candidates(0).audits(0).availability().state(),
            Availability::UNAVAILABLE);
}

TEST_F(ScoreTest, TimesEveryNetworkInTheSameSessions) {
  Submit(reference_->graph, reference_->parameters, {});
  const ScoreResult result = Do();
  for (const CandidateRecord* record :
       {&result.dense(), &result.candidates(0)}) {
    ASSERT_EQ(record->latency_size(), 2);
    EXPECT_EQ(record->latency(0).scenario(), LatencyRecord::SINGLE_STREAM);
    EXPECT_EQ(record->latency(1).scenario(), LatencyRecord::MULTI_STREAM);
    EXPECT_EQ(record->latency(1).batch(), 4u);
    EXPECT_EQ(record->latency(1).samples(), record->latency(1).queries() * 4);
    EXPECT_GT(record->latency(0).mean_ns(), 0);
    EXPECT_GT(record->memory().plan_bytes(), 0u);
    EXPECT_GT(record->latency(0).energy_size(), 0);  // a reading or a reason
  }
  EXPECT_EQ(result.dense().latency(0).queries(),
            result.candidates(0).latency(0).queries());
  ASSERT_EQ(result.candidates(0).gains_size(), 2);
  EXPECT_DOUBLE_EQ(result.candidates(0).gains(0).predicted_speedup(), 1.0);
  EXPECT_EQ(result.dense().gains_size(), 0);
  EXPECT_NE(result.machine().verdict(), MachineRecord::VERDICT_UNSPECIFIED);
}

TEST_F(ScoreTest, TimesEveryScenarioColdAndHotOnTwoBackends) {
  Submit(reference_->graph, reference_->parameters, {});
  request_.mutable_spec()->set_backend("cpu");
  MeasureSpec* measure = request_.mutable_spec()->mutable_measure();
  measure->Clear();
  for (const char* name :
       {"single_stream", "multi_stream", "server", "offline"}) {
    measure->add_scenarios(name);
  }
  measure->add_batch_sizes(4);
  measure->add_caches("hot");
  measure->add_caches("cold");
  measure->add_other_backends("reference");
  measure->add_precisions("f32");
  measure->set_queries(8);
  measure->set_seconds(0.1);
  const ScoreResult result = Do();
  const CandidateRecord& candidate = result.candidates(0);
  ASSERT_EQ(candidate.latency_size(), 2 * (2 + 2 + 1 + 2));
  int cold = 0, beside = 0;
  for (const LatencyRecord& latency : candidate.latency()) {
    cold += latency.caches() == LatencyRecord::COLD ? 1 : 0;
    beside += latency.backend() == "reference" ? 1 : 0;
    if (!HasValue(latency.availability())) {
      // Cold caches need their sizes, which not every machine tells.
      EXPECT_EQ(latency.caches(), LatencyRecord::COLD);
      EXPECT_THAT(latency.availability().reason(), HasSubstr("cold caches"));
      continue;
    }
    EXPECT_GT(latency.mean_ns(), 0);
    EXPECT_EQ(latency.samples(),
              latency.queries() * latency.settings().samples_per_query());
    if (latency.scenario() == LatencyRecord::SERVER) {
      EXPECT_GT(latency.asked_qps(), 0);
    }
  }
  EXPECT_EQ(cold, 2 * 3);
  EXPECT_EQ(beside, 7);
  for (const GainRecord& gain : candidate.gains()) {
    EXPECT_EQ(gain.against_precision(), "f32");
    EXPECT_DOUBLE_EQ(gain.predicted_speedup(), 1.0);
  }
}

TEST_F(ScoreTest, GoesIntoAWholeReport) {
  Submit(reference_->graph, reference_->parameters, {});
  RunRecord run;
  run.score = Do();
  run.spec = request_.spec();
  run.spec.set_method("null");
  run.spec.set_task("random-lenet5");
  run.outcome = run.score.outcome();
  run.started = absl::UnixEpoch();
  run.finished = absl::UnixEpoch() + absl::Seconds(9);
  const Report report = MakeReport(run);
  EXPECT_TRUE(CheckReport(report).ok()) << CheckReport(report);
  EXPECT_EQ(report.outcome().status(), Outcome::OK)
      << report.outcome().message();
  EXPECT_EQ(report.identity().domain(), "vision");
  EXPECT_EQ(report.candidates(0).latency_size(), 2);
}

TEST_F(ScoreTest, SparsityIsRederived) {
  Budget budget;
  budget.set_sparsity(0.4);
  ParameterStore parameters = reference_->parameters.Clone();
  Halve(reference_->graph, &parameters);
  Submit(reference_->graph, parameters, budget);
  budget.set_sparsity(0.9);
  Submit(reference_->graph, parameters, budget);
  const ScoreResult result = Do();
  EXPECT_EQ(result.candidates(0).name(), "sparsity>=0.4");
  ASSERT_EQ(result.candidates(0).budgets_size(), 1);
  EXPECT_TRUE(result.candidates(0).budgets(0).met());
  EXPECT_NEAR(result.candidates(0).budgets(0).reached(), 0.5, 0.01);
  EXPECT_FALSE(result.candidates(1).budgets(0).met());
  EXPECT_LT(result.candidates(0).cost().nonzero_macs(),
            result.candidates(0).cost().macs());
  // Zeros are multiplied, so that neither MACs nor bytes show them.
  const MaterialisationRecord& made = result.candidates(0).materialisation();
  ASSERT_EQ(made.claims_size(), 1);
  EXPECT_EQ(made.claims(0).quantity(), "sparsity");
  EXPECT_EQ(made.claims(0).macs_ratio(), 1.0);
  EXPECT_EQ(made.claims(0).bytes_ratio(), 1.0);
  EXPECT_NE(made.claims(0).timing(), "");
}

TEST_F(ScoreTest, AMaskIsCalledOne) {
  auto masked = ApplyMasks(reference_->graph, {std::string("fc1.weights")});
  if (!masked.ok()) {
    const std::string first =
        reference_->graph.value(PrunableParameters(reference_->graph).front())
            .name;
    masked = ApplyMasks(reference_->graph, {first});
    ASSERT_TRUE(masked.ok()) << masked.status();
  }
  ParameterStore parameters = reference_->parameters.Clone();
  for (ValueId id : masked->parameters()) {
    const Value& value = masked->value(id);
    if (parameters.Has(value.name)) continue;
    Tensor ones = Tensor::Zeros(value.type.dtype, value.type.shape);
    for (float& one : ones.span<float>()) one = 1;
    parameters.Set(value.name, ones);
  }
  Submit(*masked, parameters, {});
  const ScoreResult result = Do();
  EXPECT_FALSE(result.candidates(0).materialisation().passed());
  EXPECT_EQ(result.candidates(0).materialisation().masks_left_size(), 1);
}

TEST_F(ScoreTest, AQuantizedGraphIsScoredAndTimedAsIntegers) {
  QuantizeOptions options;
  for (const Layer& layer : Layers(reference_->graph)) {
    const Value& weights = reference_->graph.value(layer.weights);
    options.weight_scales[weights.name] =
        WeightScales(*reference_->parameters.Find(weights.name), true);
    const ValueId src = reference_->graph.node(layer.node).inputs[0];
    options.activations[reference_->graph.value(src).name] = {0, 8};
  }
  auto quantized = Quantize(reference_->graph, reference_->parameters, options);
  ASSERT_TRUE(quantized.ok()) << quantized.status();
  Budget budget;
  budget.set_weight_bits(8);
  budget.set_activation_bits(8);
  Submit(quantized->graph, quantized->parameters, budget);
  const ScoreResult result = Do();
  const CandidateRecord& candidate = result.candidates(0);
  ASSERT_EQ(candidate.quality_size(), 1);
  EXPECT_EQ(candidate.quality(0).precision(), "int8");
  ASSERT_EQ(candidate.budgets_size(), 2);
  EXPECT_TRUE(candidate.budgets(0).met());
  EXPECT_TRUE(candidate.budgets(1).met());
  EXPECT_TRUE(candidate.materialisation().passed());
  EXPECT_EQ(candidate.materialisation().integer_kernels(), 5u);
  EXPECT_EQ(candidate.materialisation().weight_kernels(), 5u);
  for (const LatencyRecord& latency : candidate.latency()) {
    EXPECT_EQ(latency.precision(), "int8");
  }
  for (const GainRecord& gain : candidate.gains()) {
    EXPECT_EQ(gain.against_precision(), "f32");
  }
}

TEST_F(ScoreTest, OneBadArtifactDoesNotSpoilTheOthers) {
  Submit(reference_->graph, reference_->parameters, {});
  Budget budget;
  budget.set_sparsity(0.1);
  Submit(reference_->graph, reference_->parameters, budget);
  const std::string graph = JoinPath(folder_, "artifacts/1/graph.txt");
  ASSERT_TRUE(WriteFileAtomically(graph, "rubbish").ok());
  request_.mutable_spec()->mutable_measure()->set_skip(true);
  const ScoreResult result = Do();
  EXPECT_EQ(result.outcome().status(), Outcome::INVALID_SUBMISSION);
  EXPECT_EQ(result.outcome().stage(), Outcome::SUBMIT);
  EXPECT_THAT(result.outcome().message(), HasSubstr("sparsity>=0.1"));
  EXPECT_EQ(result.candidates(0).quality_size(), 1);
  EXPECT_EQ(result.candidates(1).quality_size(), 0);
  EXPECT_EQ(result.candidates(1).cost().availability().state(),
            Availability::REFUSED);
}

}  // namespace
}  // namespace assay
