// Every op over its cases: inference, numbers, gradients.
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/graph/op_schema.h"
#include "harness/graph/reference.h"
#include "harness/ops/ops.h"
#include "harness/ops/testing/all_cases.h"
#include "harness/ops/testing/gradient_check.h"
#include "harness/ops/testing/op_case.h"
#include "harness/testing/compare.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::HasSubstr;

TEST(OpsTest, EveryOpHasAnAcceptedAndARefusedCase) {
  // Ops that take any operand.
  std::set<std::string> refused = {"identity", "stop_gradient"};
  std::set<std::string> accepted;
  for (const OpCase& c : AllCases().accepted) accepted.insert(c.op);
  for (const Refusal& c : AllCases().refused) refused.insert(c.op);
  for (const std::string& op : StandardOps().Names()) {
    EXPECT_TRUE(accepted.count(op)) << "no case for " << op;
    EXPECT_TRUE(refused.count(op)) << "no refused case for " << op;
  }
}

TEST(OpsTest, EverySchemaIsComplete) {
  for (const std::string& op : StandardOps().Names()) {
    const OpSchema& schema = *StandardOps().Find(op);
    EXPECT_NE(schema.infer, nullptr) << op;
    EXPECT_NE(schema.reference, nullptr) << op;
    EXPECT_FALSE(schema.operands.empty()) << op;
  }
}

class RefusalTest : public testing::TestWithParam<size_t> {};

TEST_P(RefusalTest, NamesWhatWasExpectedAndGot) {
  const Refusal& refusal = AllCases().refused[GetParam()];
  Graph graph(StandardOps());
  std::vector<ValueId> inputs;
  for (const TensorType& type : refusal.operands) {
    const std::string name = absl::StrCat("operand", inputs.size());
    ASSERT_OK_AND_ASSIGN(const ValueId input, graph.AddInput(name, type));
    inputs.push_back(input);
  }
  EXPECT_THAT(
      graph.AddNode(refusal.op, inputs, refusal.attributes),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(refusal.message)));
}

class CaseTest : public testing::TestWithParam<size_t> {
 protected:
  const OpCase& Case() const { return AllCases().accepted[GetParam()]; }

  absl::StatusOr<Evaluation> Run(DType dtype) const {
    ASSAY_ASSIGN_OR_RETURN(const Graph graph, MakeCaseGraph(Case(), dtype));
    std::map<std::string, Tensor> feeds;
    const std::vector<Tensor> operands =
        MakeOperands(Case(), dtype, GetParam());
    for (size_t i = 0; i < operands.size(); ++i) {
      feeds[absl::StrCat("operand", i)] = operands[i];
    }
    return Evaluate(graph, feeds, ParameterStore());
  }
};

// f64 results are compared as f32; their operands differ by one rounding.
TEST_P(CaseTest, F32AgreesWithF64) {
  if (!Case().f64) GTEST_SKIP() << "no f64";
  ASSERT_OK_AND_ASSIGN(const Evaluation narrow, Run(DType::kF32));
  ASSERT_OK_AND_ASSIGN(const Evaluation wide, Run(DType::kF64));
  for (const auto& [name, got] : narrow.outputs) {
    const Tensor want = wide.outputs.at(name).Cast(got.dtype());
    EXPECT_OK(CompareTensors(want, got, 8 * Case().terms)) << name;
  }
}

TEST_P(CaseTest, TakesBf16) {
  if (!Case().bf16) GTEST_SKIP() << "no bf16";
  EXPECT_OK(Run(DType::kBF16));
}

TEST_P(CaseTest, GradientsTakeBf16) {
  if (!Case().bf16 || Case().order < 1) GTEST_SKIP() << "no bf16 gradient";
  EXPECT_OK(CheckGradientTypes(Case(), DType::kBF16, Case().order));
}

TEST_P(CaseTest, FirstGradientMatchesDifferences) {
  if (Case().order < 1) GTEST_SKIP() << "not differentiated";
  EXPECT_OK(CheckGradient(Case(), GetParam(), 1));
}

TEST_P(CaseTest, SecondGradientMatchesDifferences) {
  if (Case().order < 2) GTEST_SKIP() << "not differentiated twice";
  EXPECT_OK(CheckGradient(Case(), GetParam(), 2));
}

std::string RefusalName(const testing::TestParamInfo<size_t>& row) {
  return absl::StrCat(AllCases().refused[row.param].op, "_", row.param);
}

std::string CaseName(const testing::TestParamInfo<size_t>& row) {
  return absl::StrCat(AllCases().accepted[row.param].op, "_", row.param);
}

INSTANTIATE_TEST_SUITE_P(Ops, RefusalTest,
                         testing::Range<size_t>(0, AllCases().refused.size()),
                         RefusalName);

INSTANTIATE_TEST_SUITE_P(Ops, CaseTest,
                         testing::Range<size_t>(0, AllCases().accepted.size()),
                         CaseName);

}  // namespace
}  // namespace assay
