// A word-piece vocabulary trained by byte-pair encoding, deterministic from its
// training text.
#ifndef ASSAY_DATASETS_TEXT_WORD_PIECES_H_
#define ASSAY_DATASETS_TEXT_WORD_PIECES_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace assay {

// Ids of the special tokens, first in every vocabulary.
inline constexpr int32_t kPad = 0, kUnknown = 1, kBegin = 2, kEnd = 3,
                         kMask = 4;

// Words: `text` in lower case (ASCII letters; other bytes stay), split at
// blanks, each punctuation byte a word of its own.
std::vector<std::string> SplitWords(absl::string_view text);

class WordPieces {
 public:
  // The alphabet is every byte that starts a word and every byte that goes on
  // in one (written "##b"), in the order of bytes. Then the pair of adjacent
  // pieces with the highest count over all words is merged, ties going to the
  // smaller pair of ids, until there are `vocabulary` ids or no pair occurs
  // twice. Cost: about a second for a million words.
  WordPieces(absl::Span<const absl::string_view> texts, int32_t vocabulary);

  // Ids in use: specials, alphabet, merges. At most `vocabulary`.
  int32_t size() const { return static_cast<int32_t>(pieces_.size()); }

  // "[CLS]", "film", "##ing", ...
  const std::string& piece(int32_t id) const {
    return pieces_[static_cast<size_t>(id)];
  }

  // The pieces of one word of SplitWords(): its bytes, merged in the order of
  // training. kUnknown alone when a byte is not in the alphabet.
  std::vector<int32_t> EncodeWord(absl::string_view word) const;

 private:
  using Pair = std::pair<int32_t, int32_t>;

  int32_t AddPiece(std::string piece);
  void AddAlphabet(const std::map<std::string, int64_t>& words);
  std::vector<int32_t> Letters(absl::string_view word) const;

  std::vector<std::string> pieces_;
  // Ids of the alphabet: [0] starts a word, [1] goes on; -1 where absent.
  std::array<std::array<int32_t, 256>, 2> letters_;
  std::map<Pair, int32_t> merges_;  // smaller ids were merged earlier
};

}  // namespace assay

#endif  // ASSAY_DATASETS_TEXT_WORD_PIECES_H_
