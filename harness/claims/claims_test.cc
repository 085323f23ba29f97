#include "harness/claims/claims.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/claims/claims.pb.h"
#include "harness/core/file.h"
#include "harness/host/run_spec.pb.h"
#include "harness/host/text_proto.h"

namespace assay {
namespace {

using testing::HasSubstr;

constexpr char kBody[] = R"(
  id: "lamp" statement: "lamp is no worse" source: "a paper"
  task: "cifar10-resnet20" budget { sparsity: 0.95 } seeds: [1, 2]
  metric { quantity: QUALITY }
  first { method { name: "magnitude" label: "lamp"
    parameters { key: "alloc" value: "lamp" } } }
  second { method { name: "magnitude" label: "uniform"
    parameters { key: "alloc" value: "uniform" } } }
  relation: AT_LEAST )";

absl::StatusOr<ClaimSet> Parse(const std::string& body) {
  ClaimSet set;
  absl::Status status = ParseTextProto(
      absl::StrCat("plugin: 'magnitude' claims {", body, "}"), "claims", &set);
  if (status.ok()) status = CheckClaims(set);
  if (!status.ok()) return status;
  return set;
}

// What is said of the body with `from` replaced.
std::string Refusal(const std::string& from, const std::string& to) {
  EXPECT_THAT(kBody, HasSubstr(from));
  const auto set = Parse(absl::StrReplaceAll(kBody, {{from, to}}));
  EXPECT_EQ(set.status().code(), absl::StatusCode::kInvalidArgument) << to;
  return std::string(set.status().message());
}

TEST(ClaimsTest, ReadsAFileAndPlacesItsErrors) {
  const std::string path = testing::TempDir() + "/claims.textproto";
  ASSERT_TRUE(
      WriteFileAtomically(
          path, absl::StrCat("plugin: 'magnitude' claims {", kBody, "}"))
          .ok());
  EXPECT_TRUE(ReadClaims(path).ok()) << ReadClaims(path).status();
  ASSERT_TRUE(WriteFileAtomically(path, "plugin: 'x'\nclaim {}\n").ok());
  EXPECT_THAT(std::string(ReadClaims(path).status().message()),
              HasSubstr("claims.textproto: line 2, column"));
}

TEST(ClaimsTest, ARunForEachSeedAndSide) {
  const auto set = Parse(kBody);
  ASSERT_TRUE(set.ok()) << set.status();
  const auto runs = RunsOf(set->claims(0));
  ASSERT_TRUE(runs.ok()) << runs.status();
  ASSERT_EQ(runs->size(), 4u);
  EXPECT_EQ((*runs)[0].label(), "lamp");
  EXPECT_EQ((*runs)[1].label(), "uniform");
  EXPECT_EQ((*runs)[2].seed(), 2u);
  EXPECT_EQ((*runs)[0].budgets(0).sparsity(), 0.95);
  EXPECT_TRUE((*runs)[0].measure().skip());
}

TEST(ClaimsTest, DenseNetworksNeedNoRunsOfTheirOwn) {
  auto set = Parse(R"(
    id: "int8" statement: "s" source: "p" task: "t" seeds: [1, 2, 3]
    metric { quantity: LATENCY_P50_NS batch: 4 }
    first { method { name: "quantization" } precision: "int8" }
    second { dense: true }
    effect: RATIO relation: AT_MOST margin: 0.7)");
  ASSERT_TRUE(set.ok()) << set.status();
  const auto runs = RunsOf(set->claims(0));
  ASSERT_TRUE(runs.ok());
  ASSERT_EQ(runs->size(), 3u);
  EXPECT_FALSE((*runs)[0].measure().skip());
  EXPECT_EQ((*runs)[0].measure().batch_sizes(0), 4);
  EXPECT_THAT((*runs)[0].measure().precisions(),
              testing::ElementsAre("f32", "int8"));
}

TEST(ClaimsTest, RefusesWhatCannotBeDecided) {
  EXPECT_THAT(Refusal("[1, 2]", "[1, 1]"),
              HasSubstr("\"lamp\": a seed stands twice"));
  EXPECT_THAT(Refusal("AT_LEAST", "WITHIN"), HasSubstr("margin of 0"));
  EXPECT_THAT(Refusal("AT_LEAST", "AT_LEAST effect: RATIO"),
              HasSubstr("margin of 0"));
  EXPECT_THAT(Refusal("AT_LEAST", "AT_LEAST confidence: 1.5"),
              HasSubstr("got 1.5"));
  EXPECT_THAT(Refusal("second {", "second { dense: true"),
              HasSubstr("either a method, dense or tuned_dense"));
  EXPECT_THAT(Refusal("quantity: QUALITY", "quantity: SPEEDUP"),
              HasSubstr("at least 3 seeds"));
  EXPECT_THAT(Refusal("sparsity: 0.95", "sparsity: 2"), HasSubstr("sparsity"));
  EXPECT_THAT(std::string(Parse("id: 'a'").status().message()),
              HasSubstr("needs a statement"));
}

TEST(ClaimsTest, LabelsDoNotMatterAndSettingsDo) {
  const auto runs = RunsOf(Parse(kBody)->claims(0));
  ASSERT_TRUE(runs.ok());
  RunSpec made = (*runs)[0];
  made.set_label("another name");
  made.set_suite("desk");
  made.mutable_measure()->set_skip(false);
  made.mutable_measure()->add_batch_sizes(1);
  EXPECT_TRUE(Serves(made, (*runs)[0]));
  RunSpec timed = (*runs)[0];
  *timed.mutable_measure() = made.measure();
  EXPECT_TRUE(Serves(made, timed));
  EXPECT_FALSE(Serves((*runs)[0], timed));
  timed.mutable_measure()->add_batch_sizes(32);
  EXPECT_FALSE(Serves(made, timed));
  EXPECT_FALSE(Serves((*runs)[1], (*runs)[0]));
  made.set_seed(9);
  EXPECT_FALSE(Serves(made, (*runs)[0]));
}

}  // namespace
}  // namespace assay
