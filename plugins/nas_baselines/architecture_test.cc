#include "plugins/nas_baselines/architecture.h"

#include "gtest/gtest.h"

namespace assay::nas_baselines {
namespace {

TEST(ArchitecturesTest, TheSmallestCnnHasFourBlocksOfHalfWidth) {
  const Architectures cnn(Family::kCnn, 3, 8);
  const std::vector<Block> blocks = cnn.Blocks(cnn.space().Smallest());
  EXPECT_EQ(blocks, (std::vector<Block>{{"stem", 3, 4, 3},
                                        {"stage1.block1", 4, 4, 3},
                                        {"stage2.block1", 4, 8, 3, 2},
                                        {"stage3.block1", 8, 16, 3, 2}}));
}

TEST(ArchitecturesTest, TheLargestCnnHasResidualSecondBlocks) {
  const Architectures cnn(Family::kCnn, 3, 8);
  const std::vector<Block> blocks = cnn.Blocks(cnn.space().Largest());
  ASSERT_EQ(blocks.size(), 7u);
  EXPECT_EQ(blocks[5], (Block{"stage3.block1", 16, 32, 5, 2}));
  EXPECT_EQ(blocks[6], (Block{"stage3.block2", 32, 32, 5, 1, 1, true}));
}

TEST(ArchitecturesTest, TdnnBlocksAreDilatedMoreAndMore) {
  const Architectures tdnn(Family::kTdnn, 40, 16);
  EXPECT_EQ(tdnn.Blocks(tdnn.space().Smallest()),
            (std::vector<Block>{{"layer1", 40, 8, 3, 1, 1},
                                {"layer2", 8, 8, 3, 1, 2}}));
  const std::vector<Block> blocks = tdnn.Blocks(tdnn.space().Largest());
  ASSERT_EQ(blocks.size(), 4u);
  EXPECT_EQ(blocks[3], (Block{"layer4", 16, 16, 5, 1, 4}));
}

TEST(ArchitecturesTest, ChoicesThatMeanOneNetworkAreCanonicallyEqual) {
  for (const Family family : {Family::kCnn, Family::kTdnn}) {
    const Architectures all(family, 4, 16);
    uint64_t state = 1;
    const Below below = [&state](uint64_t n) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      return (state >> 33) % n;
    };
    for (int i = 0; i < 100; ++i) {
      const Choice x = all.space().Draw(below);
      EXPECT_EQ(all.Blocks(x), all.Blocks(all.space().Canonical(x)));
    }
  }
}

}  // namespace
}  // namespace assay::nas_baselines
