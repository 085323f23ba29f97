// Every reference network with control flow: compiled forms decide and answer
// as the interpreted one, and every path class is taken.
#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "harness/backend/device.h"
#include "harness/backend/registry.h"
#include "harness/core/tensor.h"
#include "harness/dynamic/batch_rows.h"
#include "harness/dynamic/compare.h"
#include "harness/dynamic/dynamic_program.h"
#include "harness/dynamic/host_module.h"
#include "harness/dynamic/interpreter.h"
#include "harness/dynamic/regrouped_program.h"
#include "harness/dynamic/rewrites.h"
#include "harness/graph/parameter_store.h"
#include "harness/graph/reference.h"
#include "harness/models/dynamic/decode.h"
#include "harness/models/dynamic/dynamic_network.h"
#include "harness/models/dynamic/testing/dynamic_cases.h"
#include "harness/models/lmd/lmd.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

constexpr int64_t kSamples = 16;

using Inputs = std::map<std::string, Tensor>;

absl::StatusOr<DynamicCase> Small(absl::string_view name) {
  return MakeDynamicCase(name, CaseSize::kSmall, kSamples);
}

std::set<std::string> PathsOf(const DynamicResult& result) {
  std::set<std::string> paths;
  for (const Path& path : result.paths) paths.insert(PathText(path));
  return paths;
}

void ExpectAgrees(const DynamicResult& want, const DynamicResult& got,
                  const std::string& output) {
  ASSERT_OK_AND_ASSIGN(const Agreement agreement,
                       CompareDynamic(want, got, output));
  EXPECT_EQ(agreement.eta, 0);
  EXPECT_LE(agreement.delta, -4);
  for (const PathMismatch& m : agreement.mismatches) {
    ADD_FAILURE() << "sample " << m.sample << ": expected " << m.want
                  << ", got " << m.got << " at distance " << m.distance;
  }
}

// One sample after the other on a plan.
absl::StatusOr<DynamicResult> RunOneByOne(DynamicProgram* program,
                                          const DynamicCase& c) {
  DynamicResult all;
  for (int64_t s = 0; s < kSamples; ++s) {
    ASSAY_ASSIGN_OR_RETURN(const DynamicResult one,
                           program->Run(SampleOf(c, s)));
    all.paths.push_back(one.paths[0]);
    for (const auto& [name, row] : one.outputs) {
      Tensor& whole = all.outputs[name];
      if (s == 0) {
        Shape shape = row.shape();
        shape[0] = kSamples;
        whole = Tensor(row.dtype(), shape);
      }
      ScatterRows(row, {s}, &whole);
    }
  }
  return all;
}

// Interpreted, regrouped, and one by one with every pass and with none.
void ExpectAllFormsAgree(const DynamicCase& c, DynamicResult* want) {
  Interpreter interpreter(&c.network.graph, &c.parameters);
  ASSERT_OK_AND_ASSIGN(*want, interpreter.RunEach(c.inputs));
  ASSERT_OK_AND_ASSIGN(const auto device, MakeDevice("cpu"));
  for (const bool passes : {true, false}) {
    HostModuleOptions options;
    options.merge_chains = options.eliminate_copies = passes;
    options.unroll_limit = passes ? 64 : 0;
    ASSERT_OK_AND_ASSIGN(
        const HostModule module,
        BuildHostModule(c.network.graph, c.parameters, options));
    ASSERT_OK_AND_ASSIGN(
        const auto program,
        DynamicProgram::Make(device.get(), module, c.parameters,
                             {.lower = passes, .threads = 1}));
    ASSERT_OK_AND_ASSIGN(const DynamicResult result,
                         RunOneByOne(program.get(), c));
    ExpectAgrees(*want, result, c.output);
    ASSERT_OK_AND_ASSIGN(
        const auto regrouped,
        RegroupedProgram::Make(device.get(), module, c.parameters, 4,
                               {.lower = passes, .threads = 1}));
    ASSERT_OK_AND_ASSIGN(const DynamicResult together,
                         regrouped->Run(c.inputs));
    ExpectAgrees(*want, together, c.output);
  }
}

TEST(DynamicNetworksTest, ResNetLeavesAtEachOfThreeExits) {
  ASSERT_OK_AND_ASSIGN(const DynamicCase c, Small("resnet-exits"));
  DynamicResult want;
  ExpectAllFormsAgree(c, &want);
  EXPECT_EQ(PathsOf(want), (std::set<std::string>{"0+", "0-1+", "0-1-"}));
}

TEST(DynamicNetworksTest, ExitsGiveTheLogitsOfTheWholeNetwork) {
  ASSERT_OK_AND_ASSIGN(const DynamicCase c, Small("dscnn-exits"));
  DynamicResult want;
  ExpectAllFormsAgree(c, &want);
  EXPECT_EQ(PathsOf(want), (std::set<std::string>{"0+", "0-"}));
  for (const int64_t sample : {int64_t{0}, kSamples - 1}) {
    ASSERT_OK_AND_ASSIGN(
        const Evaluation whole,
        Evaluate(c.network.whole.graph, SampleOf(c, sample), c.parameters));
    const bool early = want.paths[static_cast<size_t>(sample)][0].holds;
    EXPECT_TRUE(BitEqual(GatherRows(want.outputs["logits"], {sample}),
                         whole.outputs.at(early ? "exit1/logits" : "logits")));
  }
}

TEST(DynamicNetworksTest, MobileNetLeavesAtEachOfTwoExits) {
  ASSERT_OK_AND_ASSIGN(const DynamicCase c,
                       MakeDynamicCase("mobilenet-exits", CaseSize::kSmall, 2));
  ASSERT_OK_AND_ASSIGN(const auto device, MakeDevice("cpu"));
  ASSERT_OK_AND_ASSIGN(HostModule module,
                       BuildHostModule(c.network.graph, c.parameters));
  ASSERT_OK_AND_ASSIGN(
      const auto program,
      DynamicProgram::Make(device.get(), std::move(module), c.parameters));
  Interpreter interpreter(&c.network.graph, &c.parameters);
  std::set<std::string> paths;
  for (const int64_t sample : {0, 1}) {
    ASSERT_OK_AND_ASSIGN(const DynamicResult want,
                         interpreter.Run(SampleOf(c, sample)));
    ASSERT_OK_AND_ASSIGN(const DynamicResult got,
                         program->Run(SampleOf(c, sample)));
    ExpectAgrees(want, got, "logits");
    paths.insert(PathText(got.paths[0]));
  }
  EXPECT_EQ(paths, (std::set<std::string>{"0+", "0-"}));
}

TEST(DynamicNetworksTest, GatesOpenAndCloseEachBlock) {
  ASSERT_OK_AND_ASSIGN(const DynamicCase c, Small("resnet-gated"));
  DynamicResult want;
  ExpectAllFormsAgree(c, &want);
  std::set<std::string> sides;
  for (const Path& path : want.paths) {
    for (const PathStep& step : path) sides.insert(PathText({step}));
  }
  EXPECT_EQ(sides, (std::set<std::string>{"0+", "0-", "1+", "1-", "2+", "2-"}));
  EXPECT_GE(PathsOf(want).size(), 4u);
}

TEST(DynamicNetworksTest, ADecoderLeavesAtEachOfFourExits) {
  ASSERT_OK_AND_ASSIGN(const DynamicCase c, Small("decoder-exits"));
  DynamicResult want;
  ExpectAllFormsAgree(c, &want);
  EXPECT_EQ(PathsOf(want),
            (std::set<std::string>{"0+", "0-1+", "0-1-2+", "0-1-2-"}));
}

// Tokens that each sample wrote.
std::set<int32_t> Written(const DynamicCase& c, const DynamicResult& result) {
  std::set<int32_t> written;
  for (int64_t s = 0; s < kSamples; ++s) {
    written.insert(result.outputs.at("text_length").data<int32_t>()[s] -
                   c.inputs.at("length").data<int32_t>()[s]);
  }
  return written;
}

TEST(DynamicNetworksTest, GreedyDecodingEndsAtTheEndOfText) {
  ASSERT_OK_AND_ASSIGN(const DynamicCase c, Small("greedy"));
  DynamicResult want;
  ExpectAllFormsAgree(c, &want);
  const std::set<int32_t> written = Written(c, want);
  EXPECT_TRUE(written.contains(12));  // all steps
  EXPECT_GE(written.size(), 3u);
  ASSERT_OK_AND_ASSIGN(const HostModule module,
                       BuildHostModule(c.network.graph, c.parameters));
  EXPECT_LE(module.subnetworks.size(), 2u) << CodeText(module);
}

TEST(DynamicNetworksTest, SpeculationWritesWhatTheTargetWouldWrite) {
  ASSERT_OK_AND_ASSIGN(const DynamicCase c, Small("speculative"));
  DynamicResult want;
  ExpectAllFormsAgree(c, &want);
  EXPECT_GE(PathsOf(want).size(), 2u);
  // The target alone.
  const LmdOptions target = {.name = "small",
                             .vocabulary = 48,
                             .layers = 3,
                             .features = 32,
                             .heads = 2,
                             .kv_heads = 2,
                             .hidden = 64,
                             .context = 24};
  ASSERT_OK_AND_ASSIGN(const DynamicNetwork greedy,
                       GreedyDecoder(StandardOps(), target, {.steps = 10}));
  ParameterStore own;
  for (const auto& [name, value] : c.parameters.values()) {
    if (name.rfind("target.", 0) == 0) own.Set(name.substr(7), value);
  }
  Interpreter interpreter(&greedy.graph, &own);
  ASSERT_OK_AND_ASSIGN(DynamicResult alone, interpreter.RunEach(c.inputs));
  EXPECT_TRUE(BitEqual(alone.outputs["text"], want.outputs["text"]));
  EXPECT_TRUE(
      BitEqual(alone.outputs["text_length"], want.outputs["text_length"]));
  // Fewer passes of the target than tokens, for some sample.
  size_t fewest = 10;
  for (const Path& path : want.paths) fewest = std::min(fewest, path.size());
  EXPECT_LT(fewest, 10u);
}

TEST(DynamicNetworksTest, RoutedExpertsRunForTheirSamplesAlone) {
  ASSERT_OK_AND_ASSIGN(const DynamicCase c, Small("experts"));
  DynamicResult want;
  ExpectAllFormsAgree(c, &want);
  EXPECT_GE(PathsOf(want).size(), 4u);
  for (const Path& path : want.paths) {
    EXPECT_EQ(std::count_if(path.begin(), path.end(),
                            [](const PathStep& s) { return s.holds; }),
              2);
  }
  // As if every expert ran.
  ASSERT_OK_AND_ASSIGN(
      const Evaluation whole,
      Evaluate(c.network.whole.graph, SampleOf(c, 0), c.parameters));
  for (int64_t i = 0; i < 10; ++i) {
    EXPECT_NEAR(want.outputs.at("logits").data<float>()[i],
                whole.outputs.at("logits").data<float>()[i], 1e-5);
  }
}

TEST(DynamicNetworksTest, TheTracedPathAloneIsWrongForOtherInputs) {
  ASSERT_OK_AND_ASSIGN(const DynamicCase c, Small("resnet-exits"));
  Interpreter interpreter(&c.network.graph, &c.parameters);
  ASSERT_OK_AND_ASSIGN(DynamicResult want, interpreter.RunEach(c.inputs));
  std::map<int32_t, bool> trace;
  for (const PathStep& step : want.paths[0]) trace[step.site] = step.holds;
  ASSERT_OK_AND_ASSIGN(const DynamicGraph traced,
                       FollowPath(c.network.graph, [&](const Statement& s) {
                         return trace[s.site];
                       }));
  Interpreter wrong(&traced, &c.parameters);
  ASSERT_OK_AND_ASSIGN(const DynamicResult got, wrong.RunEach(c.inputs));
  ASSERT_OK_AND_ASSIGN(const Agreement agreement,
                       CompareDynamic(want, got, "logits"));
  EXPECT_GT(agreement.delta, -1);
  EXPECT_GE(agreement.mismatches.size(), static_cast<size_t>(kSamples / 2));
}

TEST(DynamicNetworksTest, OpByOpDecidesAlike) {
  for (const char* name : {"resnet-gated", "experts"}) {
    ASSERT_OK_AND_ASSIGN(const DynamicCase c, Small(name));
    Interpreter interpreter(&c.network.graph, &c.parameters);
    ASSERT_OK_AND_ASSIGN(const DynamicResult want,
                         interpreter.RunEach(c.inputs));
    ASSERT_OK_AND_ASSIGN(const DynamicGraph split, SplitNodes(c.network.graph));
    HostModuleOptions options;
    options.merge_chains = false;
    ASSERT_OK_AND_ASSIGN(HostModule module,
                         BuildHostModule(split, c.parameters, options));
    ASSERT_OK_AND_ASSIGN(const auto device, MakeDevice("cpu"));
    ASSERT_OK_AND_ASSIGN(
        const auto program,
        DynamicProgram::Make(device.get(), std::move(module), c.parameters,
                             {.lower = false, .threads = 1}));
    ASSERT_OK_AND_ASSIGN(const DynamicResult got,
                         RunOneByOne(program.get(), c));
    ExpectAgrees(want, got, c.output);
    // Paths that skip cost less.
    const double longest =
        static_cast<double>(LongestPathMacs(c.network.graph));
    EXPECT_LT(MeanMacs(program->module(), program->stats(), kSamples), longest);
    EXPECT_GT(MeanMacs(program->module(), program->stats(), kSamples), 0);
  }
}

TEST(DynamicNetworksTest, TheLongestPathHasNoExit) {
  ASSERT_OK_AND_ASSIGN(const DynamicCase c, Small("dscnn-exits"));
  ASSERT_OK_AND_ASSIGN(const DynamicGraph longest,
                       LongestPath(c.network.graph));
  Interpreter interpreter(&longest, &c.parameters);
  ASSERT_OK_AND_ASSIGN(const DynamicResult got,
                       interpreter.Run(SampleOf(c, 0)));
  EXPECT_TRUE(got.paths[0].empty());
  ASSERT_OK_AND_ASSIGN(
      const Evaluation whole,
      Evaluate(c.network.whole.graph, SampleOf(c, 0), c.parameters));
  EXPECT_TRUE(BitEqual(got.outputs.at("logits"), whole.outputs.at("logits")));
}

}  // namespace
}  // namespace assay
