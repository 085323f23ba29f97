#include "harness/cli/verification_table.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::Not;

Verification Sample() {
  Verification verification;
  verification.inputs.push_back({"plugin", std::string(64, 'a'),
                                 std::string(64, 'b'), Agreement::kDiffers,
                                 ""});
  verification.results.push_back(
      {"dense: MACs", "5", "5", Agreement::kEqual, ""});
  verification.results.push_back(
      {"dense: latency", "1", "2", Agreement::kOpen, "too few"});
  return verification;
}

TEST(VerificationTableTest, ShowsWhatIsNotEqualAndCountsResults) {
  const std::string text = VerificationText(Sample(), Format::kText, false);
  EXPECT_THAT(text, HasSubstr("DIFFERS    input   plugin"));
  EXPECT_THAT(text, HasSubstr("aaaaaaaaaaaa  "));
  EXPECT_THAT(text, Not(HasSubstr(std::string(13, 'a'))));
  EXPECT_THAT(text, HasSubstr("too few"));
  EXPECT_THAT(text, Not(HasSubstr("MACs")));
  EXPECT_THAT(text,
              HasSubstr("results: 1 equal to the bit, 0 the same within the "
                        "margin, 1 open, 0 different\n"));
  EXPECT_THAT(VerificationText(Sample(), Format::kText, true),
              HasSubstr("EQUAL      result  dense: MACs"));
}

TEST(VerificationTableTest, ProgramsGetEveryRowWhole) {
  const std::string json = VerificationText(Sample(), Format::kJson, false);
  EXPECT_THAT(json, HasSubstr("\"what\": \"dense: MACs\""));
  EXPECT_THAT(json, HasSubstr(std::string(64, 'a')));
  EXPECT_THAT(json, Not(HasSubstr("results:")));
}

}  // namespace
}  // namespace assay
