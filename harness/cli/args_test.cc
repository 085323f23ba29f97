#include "harness/cli/args.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr FlagSpec kFlags[] = {
    {"seed", "N", "0", "seed of all random streams"},
    {"fresh", "", "", "run again what is done"},
    {"param", "KEY=VALUE", "", "a parameter of the method", true},
};

absl::StatusOr<Args> Parse(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  return Args::Parse(kFlags, argv);
}

std::string ErrorOf(std::vector<std::string> words) {
  return std::string(Parse(std::move(words)).status().message());
}

TEST(ArgsTest, TakesValuesBehindEqualsOrASpace) {
  auto args = Parse({"quick", "--seed=7", "--param", "a=1", "--param=b=2"});
  ASSERT_TRUE(args.ok()) << args.status();
  EXPECT_THAT(args->positional(), ElementsAre("quick"));
  EXPECT_EQ(*args->Unsigned("seed"), 7u);
  EXPECT_THAT(args->Texts("param"), ElementsAre("a=1", "b=2"));
  EXPECT_FALSE(args->Switch("fresh"));
}

TEST(ArgsTest, PresetsHoldWhereNothingIsGiven) {
  auto args = Parse({});
  ASSERT_TRUE(args.ok());
  EXPECT_EQ(*args->Int("seed"), 0);
  EXPECT_FALSE(args->Given("seed"));
}

TEST(ArgsTest, TwoDashesEndTheFlags) {
  auto args = Parse({"--fresh", "--", "--seed"});
  ASSERT_TRUE(args.ok());
  EXPECT_TRUE(args->Switch("fresh"));
  EXPECT_THAT(args->positional(), ElementsAre("--seed"));
}

TEST(ArgsTest, ErrorsNameTheFlagAndHelp) {
  EXPECT_THAT(ErrorOf({"--sed=1"}), HasSubstr("did you mean --seed?"));
  EXPECT_EQ(ErrorOf({"--xyzzy"}), "unknown flag --xyzzy");
  EXPECT_EQ(ErrorOf({"--seed"}), "--seed=N is missing its value");
  EXPECT_EQ(ErrorOf({"--fresh=1"}), "--fresh is a switch and takes no value");
  EXPECT_EQ(ErrorOf({"--seed=1", "--seed=2"}), "--seed was given twice");
}

TEST(ArgsTest, NumbersAreReadWhole) {
  auto args = Parse({"--seed=7x"});
  ASSERT_TRUE(args.ok());
  EXPECT_EQ(args->Int("seed").status().message(),
            "--seed expects an integer, got '7x'");
  EXPECT_FALSE(args->Real("seed").ok());
  auto large = Parse({"--seed=18446744073709551615"});
  EXPECT_EQ(*large->Unsigned("seed"), 18446744073709551615u);
}

TEST(ArgsTest, HelpAlignsFlagsAndShowsDefaults) {
  EXPECT_EQ(FlagHelp(kFlags),
            "  --seed=N           seed of all random streams (default 0)\n"
            "  --fresh            run again what is done\n"
            "  --param=KEY=VALUE  a parameter of the method\n");
}

}  // namespace
}  // namespace assay
