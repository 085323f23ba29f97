#include "datasets/options.h"

#include "gtest/gtest.h"

namespace assay {
namespace {

std::vector<OptionDoc> Docs() {
  return {{"colour", "grey", "colours", {"grey", "rgb"}},
          {"window", "128", "tokens in a window", {}, 2, 4096}};
}

TEST(OptionsTest, DefaultsFillIn) {
  EXPECT_EQ(*ResolveOptions("d", Docs(), {}),
            (DatasetOptions{{"colour", "grey"}, {"window", "128"}}));
  const auto resolved = ResolveOptions("d", Docs(), {{"window", "7"}});
  EXPECT_EQ(IntOption(*resolved, "window"), 7);
}

TEST(OptionsTest, UnknownNameListsTheKnownOnes) {
  EXPECT_EQ(ResolveOptions("d", Docs(), {{"color", "rgb"}}).status(),
            absl::InvalidArgumentError(
                "d: no option \"color\"; known: colour, window"));
  EXPECT_EQ(ResolveOptions("d", {}, {{"x", ""}}).status(),
            absl::InvalidArgumentError("d: no option \"x\"; it has none"));
}

TEST(OptionsTest, IllegalValueListsTheLegalOnes) {
  EXPECT_EQ(ResolveOptions("d", Docs(), {{"colour", "red"}}).status(),
            absl::InvalidArgumentError(
                "d: option colour=\"red\"; expected grey, rgb"));
  for (const char* value : {"1", "4097", "", "x", "9999999999999999999"}) {
    EXPECT_FALSE(ResolveOptions("d", Docs(), {{"window", value}}).ok());
  }
}

TEST(OptionsTest, TextFormRoundTrips) {
  const auto options = ParseOptions("window=5,colour=rgb");
  EXPECT_EQ(*options, (DatasetOptions{{"colour", "rgb"}, {"window", "5"}}));
  EXPECT_EQ(OptionsText(*options), "colour=rgb,window=5");
  EXPECT_TRUE(ParseOptions("")->empty());
}

TEST(OptionsTest, MalformedTextIsRefused) {
  for (const char* text : {"a", "=1", "a=1,", "a=1,a=2"}) {
    EXPECT_FALSE(ParseOptions(text).ok()) << text;
  }
}

}  // namespace
}  // namespace assay
