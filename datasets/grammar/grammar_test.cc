#include "datasets/grammar/grammar.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "datasets/grammar/lexicon.h"
#include "datasets/grammar/opinions.h"
#include "datasets/grammar/stories.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/hash.h"
#include "harness/core/random.h"

namespace assay::datasets::grammar {
namespace {

using testing::HasSubstr;

std::unique_ptr<Dataset> Open(const DatasetOptions& options) {
  auto dataset = Info().open({"", options, true});
  EXPECT_TRUE(dataset.ok()) << dataset.status();
  return *std::move(dataset);
}

TEST(GrammarTest, StoriesAreAStream) {
  const auto dataset = Open({{"window", "100"}});
  EXPECT_EQ(dataset->spec().form, Form::kStream);
  EXPECT_EQ(dataset->size(Split::kTrain), 1000000 - 100);
  EXPECT_EQ(dataset->size(Split::kValidation), 50000 - 100);
  EXPECT_EQ(dataset->size(Split::kTest), 50000 - 100);
}

TEST(GrammarTest, OpinionsAreBalanced) {
  const auto dataset = Open({{"form", "opinions"}, {"tokens", "bytes"}});
  EXPECT_EQ(dataset->spec().form, Form::kText);
  EXPECT_EQ(dataset->size(Split::kTrain), 8000);
  EXPECT_EQ(dataset->size(Split::kValidation), 1000);
  EXPECT_EQ(dataset->size(Split::kTest), 2000);
  int64_t ones = 0;
  Tensor x, y;
  for (int64_t i = 0; i < 2000; ++i) {
    ASSERT_TRUE(dataset->Batch(Split::kTest, {i}, &x, &y).ok());
    ones += y.data<int32_t>()[0];
  }
  EXPECT_EQ(ones, 1000);
}

TEST(GrammarTest, OpeningTwiceGivesTheSameBits) {
  for (const char* form : {"stories", "opinions"}) {
    const auto a = Open({{"form", form}}), b = Open({{"form", form}});
    EXPECT_EQ(a->spec().fingerprint, b->spec().fingerprint);
    Tensor xa, ya, xb, yb;
    ASSERT_TRUE(a->Batch(Split::kTrain, {0, 7000}, &xa, &ya).ok());
    ASSERT_TRUE(b->Batch(Split::kTrain, {0, 7000}, &xb, &yb).ok());
    EXPECT_TRUE(BitEqual(xa, xb) && BitEqual(ya, yb));
  }
}

// Compilers may order the draws in one expression as they like; the text may
// not depend on it.
TEST(StoriesTest, TextIsFrozen) {
  RandomStream stream(1, "grammar/stories/train");
  const std::string text = WriteStories(100000, stream);
  EXPECT_EQ(text.substr(0, 52),
            "one old stone that walks behind the house sees some ");
  EXPECT_EQ(Sha256Hex(text),
            "317177500d0a20c70fde71eb907f172654141db26299ec29810a44fe5378aa0d");
}

TEST(StoriesTest, SentencesEndLinesAndSizeIsExact) {
  RandomStream stream(2, "grammar_test");
  const std::string text = WriteStories(20000, stream);
  EXPECT_EQ(text.size(), 20000u);
  EXPECT_THAT(text, HasSubstr(" .\n\n"));
  EXPECT_THAT(text, HasSubstr(" that "));
  EXPECT_EQ(std::count(text.begin(), text.end(), '('),
            std::count(text.begin(), text.end(), ')'));
}

TEST(OpinionsTest, SplitsShareTheLexiconAndNotTheSentences) {
  const OpinionWriter writer(1);
  RandomStream a(1, "a"), b(1, "b"), again(1, "a");
  const std::string first = writer.Write(1, a).text;
  EXPECT_EQ(OpinionWriter(1).Write(1, again).text, first);
  EXPECT_NE(writer.Write(1, b).text, first);
}

TEST(OpinionsTest, NegationTurnsTheLabel) {
  // Among one-clause opinions the same adjective approves plain and disapproves
  // after "not", or the other way round.
  const OpinionWriter writer(1);
  RandomStream stream(1, "grammar_test");
  std::set<int32_t> plain, turned;
  for (int i = 0; i < 3000; ++i) {
    const Opinion opinion = writer.Write(i % 2, stream);
    if (opinion.text.find("fuge .") == std::string::npos ||
        std::count(opinion.text.begin(), opinion.text.end(), ' ') > 6 ||
        opinion.text.find(" the ") != std::string::npos) {
      continue;
    }
    const bool negated = opinion.text.find(" not ") != std::string::npos ||
                         opinion.text.find(" hardly ") != std::string::npos;
    (negated ? turned : plain).insert(opinion.label);
  }
  ASSERT_EQ(plain.size(), 1u);
  ASSERT_EQ(turned.size(), 1u);
  EXPECT_NE(*plain.begin(), *turned.begin());
}

TEST(LexiconTest, WordsAreDifferent) {
  RandomStream stream(1, "grammar_test");
  const std::vector<std::string> words = InventWords(300, stream);
  EXPECT_EQ(std::set<std::string>(words.begin(), words.end()).size(), 300u);
}

TEST(LexiconTest, ZipfHalvesFromFirstToSecond) {
  RandomStream stream(1, "grammar_test");
  const Zipf zipf(10);
  std::vector<int> counts(10, 0);
  for (int i = 0; i < 29290; ++i) {  // 10000 times the sum of 1 / (i + 1)
    ++counts[static_cast<size_t>(zipf.Draw(stream))];
  }
  EXPECT_NEAR(counts[0], 10000, 450);
  EXPECT_NEAR(counts[1], 5000, 350);
  EXPECT_NEAR(counts[9], 1000, 160);
}

}  // namespace
}  // namespace assay::datasets::grammar
