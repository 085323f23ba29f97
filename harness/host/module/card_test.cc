#include "harness/host/module/card.h"

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/abi/sdk.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

sdk::Card TestCard() {
  sdk::Card card("test.method");
  card.Version("1.0.0")
      .Choice(1, "score", {"mag", "lamp"}, "mag", "the score")
      .Real(2, "rate", 0.5, {0, 1}, "a rate")
      .Integer(3, "rounds", 4, {1, 100}, "how often")
      .Flag(4, "iterate", false, "again and again")
      .Reals(5, "levels", {0.1, 0.2}, {0, 1}, "levels");
  return card;
}

TEST(CardTest, PresetsFillWhatIsNotGiven) {
  sdk::Card card = TestCard();
  ASSERT_TRUE(CheckCard(card.raw()).ok());
  const auto settings =
      Settings::Resolve(*card.raw(), {{"score", "lamp"}, {"iterate", "1"}});
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_THAT(settings->canonical(),
              ElementsAre(Pair("iterate", "true"), Pair("levels", "0.1,0.2"),
                          Pair("rate", "0.5"), Pair("rounds", "4"),
                          Pair("score", "lamp")));
  const sdk::Config config(*card.raw(), settings->config());
  EXPECT_EQ(config.Choice("score"), "lamp");
  EXPECT_EQ(config.Real("rate"), 0.5);
  EXPECT_EQ(config.Integer("rounds"), 4);
  EXPECT_TRUE(config.Flag("iterate"));
  EXPECT_THAT(config.Reals("levels"), ElementsAre(0.1, 0.2));
  EXPECT_THROW(config.Real("unknown"), std::out_of_range);
}

struct BadSetting {
  const char* key;
  const char* value;
  const char* message;
};

class BadSettingTest : public ::testing::TestWithParam<BadSetting> {};

TEST_P(BadSettingTest, IsRefusedInWords) {
  sdk::Card card = TestCard();
  const auto settings =
      Settings::Resolve(*card.raw(), {{GetParam().key, GetParam().value}});
  EXPECT_EQ(settings.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(settings.status().message()),
              HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Settings, BadSettingTest,
    ::testing::Values(
        BadSetting{"score", "best", "expected one of mag, lamp; got best"},
        BadSetting{"rate", "1.5", "expected a value in [0, 1], got 1.5"},
        BadSetting{"rate", "nan", "expected a number, got nan"},
        BadSetting{"rounds", "2.5", "expected an integer, got 2.5"},
        BadSetting{"iterate", "maybe", "expected true or false, got maybe"},
        BadSetting{"levels", "0.5,x", "expected a number, got x"},
        BadSetting{"rat", "1", "known are: iterate, levels, rate"}));

TEST(CardTest, RefusesWhatIsNotSound) {
  EXPECT_FALSE(CheckCard(nullptr).ok());
  EXPECT_FALSE(CheckCard(sdk::Card("Upper").Version("1").raw()).ok());
  EXPECT_FALSE(CheckCard(sdk::Card("no_version").raw()).ok());
  sdk::Card twice("twice");
  twice.Version("1").Flag(1, "a", false, "").Flag(1, "b", false, "");
  EXPECT_THAT(std::string(CheckCard(twice.raw()).message()),
              HasSubstr("used twice"));
  sdk::Card outside("outside");
  outside.Version("1").Real(1, "a", 2, {0, 1}, "");
  EXPECT_THAT(std::string(CheckCard(outside.raw()).message()),
              HasSubstr("expected a value in [0, 1], got 2"));
}

}  // namespace
}  // namespace assay
