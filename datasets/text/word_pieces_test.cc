#include "datasets/text/word_pieces.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using testing::ElementsAre;

std::vector<std::string> Pieces(const WordPieces& vocabulary) {
  std::vector<std::string> pieces;
  for (int32_t id = 0; id < vocabulary.size(); ++id) {
    pieces.push_back(vocabulary.piece(id));
  }
  return pieces;
}

std::vector<std::string> Encode(const WordPieces& vocabulary,
                                const std::string& word) {
  std::vector<std::string> pieces;
  for (int32_t id : vocabulary.EncodeWord(word)) {
    pieces.push_back(vocabulary.piece(id));
  }
  return pieces;
}

TEST(SplitWordsTest, LowersAndSplitsAtBlanksAndPunctuation) {
  EXPECT_THAT(
      SplitWords("  It's a\tFILM, really..."),
      ElementsAre("it", "'", "s", "a", "film", ",", "really", ".", ".", "."));
  EXPECT_THAT(SplitWords("caf\xc3\xa9"), ElementsAre("caf\xc3\xa9"));
  EXPECT_THAT(SplitWords(" \n"), ElementsAre());
}

TEST(WordPiecesTest, SpecialsAlphabetThenMergesByCount) {
  // Words: ab x3, abc x2, b x1. Pairs: a##b 5, ##b##c 2.
  // After a##b -> ab: ab##c 2.
  const WordPieces vocabulary({"ab abc b", "abc ab ab"}, 100);
  EXPECT_THAT(Pieces(vocabulary),
              ElementsAre("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a",
                          "b", "##b", "##c", "ab", "abc"));
}

TEST(WordPiecesTest, TiesGoToTheSmallerPair) {
  // x##y and p##q occur twice each; p is the smaller id.
  const WordPieces vocabulary({"xy pq", "xy pq"}, 10);
  EXPECT_EQ(vocabulary.piece(9), "pq");
}

TEST(WordPiecesTest, PairsThatOccurOnceAreNotMerged) {
  EXPECT_EQ(WordPieces({"ab cd"}, 100).size(), 5 + 4);
}

TEST(WordPiecesTest, StopsAtTheVocabulary) {
  EXPECT_EQ(WordPieces({"abcdef abcdef"}, 13).size(), 13);
}

TEST(WordPiecesTest, RepeatedLettersMergeLeftToRight) {
  // a ##a ##a ##a: ##a##a counts twice in each word, a##a once.
  const WordPieces vocabulary({"aaaa aaaa"}, 9);
  EXPECT_EQ(vocabulary.piece(7), "##aa");
  EXPECT_EQ(vocabulary.piece(8), "aaa");
  EXPECT_THAT(Encode(vocabulary, "aaaaaa"), ElementsAre("aaa", "##aa", "##a"));
}

TEST(WordPiecesTest, EncodesUnseenWordsByTheirParts) {
  const WordPieces vocabulary({"ab abc b", "abc ab ab"}, 100);
  EXPECT_THAT(Encode(vocabulary, "abc"), ElementsAre("abc"));
  EXPECT_THAT(Encode(vocabulary, "abcb"), ElementsAre("abc", "##b"));
  EXPECT_THAT(Encode(vocabulary, "bb"), ElementsAre("b", "##b"));
}

TEST(WordPiecesTest, UnseenBytesMakeTheWordUnknown) {
  const WordPieces vocabulary({"ab abc b", "abc ab ab"}, 100);
  EXPECT_THAT(Encode(vocabulary, "abz"), ElementsAre("[UNK]"));
  EXPECT_THAT(Encode(vocabulary, "cab"),
              ElementsAre("[UNK]"));  // c never starts
}

}  // namespace
}  // namespace assay
