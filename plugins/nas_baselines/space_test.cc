#include "plugins/nas_baselines/space.h"

#include <set>

#include "gtest/gtest.h"

namespace assay::nas_baselines {
namespace {

Space DepthAndKernels() {
  return Space({{"depth", {1, 2}},
                {"first.kernel", {3, 5}},
                {"second.kernel", {3, 5}, 0, 2}});
}

Below Draws() {
  return [state = uint64_t{1}](uint64_t n) mutable {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % n;
  };
}

TEST(SpaceTest, AbsentVariablesBecomeZero) {
  const Space space = DepthAndKernels();
  EXPECT_EQ(space.Canonical({0, 1, 1}), Choice({0, 1, 0}));
  EXPECT_EQ(space.Canonical({1, 1, 1}), Choice({1, 1, 1}));
}

TEST(SpaceTest, KeysNameWhatIsPresent) {
  const Space space = DepthAndKernels();
  EXPECT_EQ(space.Key({0, 1, 1}), "depth=1 first.kernel=5");
  EXPECT_EQ(space.Key({0, 1, 0}), space.Key({0, 1, 1}));
  EXPECT_EQ(space.Key({1, 0, 1}), "depth=2 first.kernel=3 second.kernel=5");
}

TEST(SpaceTest, KnowsItsEnds) {
  EXPECT_EQ(DepthAndKernels().Smallest(), Choice({0, 0, 0}));
  EXPECT_EQ(DepthAndKernels().Largest(), Choice({1, 1, 1}));
}

TEST(SpaceTest, DrawsReachEveryPoint) {
  const Space space = DepthAndKernels();
  const Below below = Draws();
  std::set<Choice> seen;
  for (int i = 0; i < 200; ++i) seen.insert(space.Draw(below));
  EXPECT_EQ(seen.size(), 8u);
}

TEST(SpaceTest, MutationChangesExactlyOneVariableThatCanChange) {
  const Space space({{"fixed", {7}}, {"a", {1, 2, 3}}, {"b", {1, 2}}});
  const Below below = Draws();
  std::set<Choice> seen;
  for (int i = 0; i < 100; ++i) {
    const Choice child = space.Mutate({0, 1, 0}, below);
    EXPECT_EQ(child[0], 0u);
    EXPECT_NE(child[1] != 1, child[2] != 0);
    seen.insert(child);
  }
  EXPECT_EQ(seen.size(), 3u);
  EXPECT_EQ(Space({{"fixed", {7}}}).Mutate({0}, below), Choice({0}));
}

}  // namespace
}  // namespace assay::nas_baselines
