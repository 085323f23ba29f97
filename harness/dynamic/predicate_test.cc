#include "harness/dynamic/predicate.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

Tensor Rows(const std::vector<float>& values, int64_t rows) {
  return Tensor::From<float>({rows, static_cast<int64_t>(values.size()) / rows},
                             values);
}

std::vector<bool> Holds(const Predicate& predicate, const Tensor& value) {
  const auto verdicts = Judge(predicate, value);
  EXPECT_OK(verdicts);
  std::vector<bool> holds;
  for (const Verdict& verdict : *verdicts) holds.push_back(verdict.holds);
  return holds;
}

// softmax of {ln 8, 0, 0} is {0.8, 0.1, 0.1}.
const float kLog8 = std::log(8.0f);

TEST(PredicateTest, RowsOfLogitsAreJudgedByTheirSoftmax) {
  const Tensor rows = Rows({kLog8, 0, 0, 0, 0, 0}, 2);
  EXPECT_EQ(Holds({PredicateKind::kMaxProbability, 0, 0.75}, rows),
            (std::vector<bool>{true, false}));
  EXPECT_EQ(Holds({PredicateKind::kMargin, 0, 0.65}, rows),
            (std::vector<bool>{true, false}));
  // 0.639 and ln 3 = 1.099 nats.
  EXPECT_EQ(Holds({PredicateKind::kEntropy, 0, 0.65}, rows),
            (std::vector<bool>{true, false}));
}

TEST(PredicateTest, TheDistanceIsThatToTheThreshold) {
  const Tensor row = Rows({kLog8, 0, 0}, 1);
  const auto verdict = Judge({PredicateKind::kMargin, 0, 0.6}, row);
  ASSERT_OK(verdict);
  EXPECT_NEAR((*verdict)[0].distance, 0.1, 1e-6);
}

TEST(PredicateTest, ElementsAreJudgedEach) {
  EXPECT_EQ(Holds({PredicateKind::kGate, 0, 0}, Rows({-1, 0, 2}, 3)),
            (std::vector<bool>{false, false, true}));
  const Tensor tokens = Tensor::From<int32_t>({3}, {2, 5, 2});
  EXPECT_EQ(Holds({PredicateKind::kTokenEquals, 0, 0, 2}, tokens),
            (std::vector<bool>{true, false, true}));
  EXPECT_EQ(Holds({PredicateKind::kTokenEquals, 0, 0, 2, true}, tokens),
            (std::vector<bool>{false, true, false}));
  EXPECT_EQ(Holds({PredicateKind::kIsTrue, 0},
                  Tensor::From<float>({2}, {0, 1}).Cast(DType::kBool)),
            (std::vector<bool>{false, true}));
}

TEST(PredicateTest, NotANumberHoldsNowhere) {
  const Tensor row = Rows({NAN, 0}, 1);
  EXPECT_EQ(Holds({PredicateKind::kMaxProbability, 0, 0.1}, row),
            std::vector<bool>{false});
  EXPECT_EQ(Holds({PredicateKind::kEntropy, 0, 9}, row),
            std::vector<bool>{false});
}

TEST(PredicateTest, OtherTypesAreRefused) {
  EXPECT_THAT(Judge({PredicateKind::kIsTrue, 0}, Rows({1}, 1)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("is_true: expected bools, got f32[1,1]")));
  EXPECT_THAT(Judge({PredicateKind::kMargin, 0}, Tensor::From<float>({}, {1})),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("rows")));
}

TEST(PredicateTest, NamesAreReadBack) {
  for (int i = 0; i <= static_cast<int>(PredicateKind::kIsTrue); ++i) {
    const auto kind = static_cast<PredicateKind>(i);
    ASSERT_OK_AND_ASSIGN(const PredicateKind found,
                         FindPredicateKind(Name(kind)));
    EXPECT_EQ(found, kind);
  }
  EXPECT_THAT(FindPredicateKind("luck"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("luck")));
}

}  // namespace
}  // namespace assay
