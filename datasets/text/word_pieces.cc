#include "datasets/text/word_pieces.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace assay {
namespace {

using Pair = std::pair<int32_t, int32_t>;

size_t Byte(char c) { return static_cast<unsigned char>(c); }

// Replaces each `pair` in `word`, left to right, by `merged`.
void Merge(const Pair& pair, int32_t merged, std::vector<int32_t>* word) {
  size_t to = 0;
  for (size_t from = 0; from < word->size(); ++to) {
    const bool hit = from + 1 < word->size() && (*word)[from] == pair.first &&
                     (*word)[from + 1] == pair.second;
    (*word)[to] = hit ? merged : (*word)[from];
    from += hit ? 2 : 1;
  }
  word->resize(to);
}

// Words as pieces, with the count of every adjacent pair kept up to date.
class PairCounts {
 public:
  void AddWord(std::vector<int32_t> pieces, int64_t count) {
    words_.push_back({std::move(pieces), count});
    Count(words_.size() - 1, +1);
  }

  // The most frequent pair, ties to the smaller; count 0 when there is none.
  std::pair<Pair, int64_t> Best() const {
    if (order_.empty()) return {{0, 0}, 0};
    return {order_.begin()->second, -order_.begin()->first};
  }

  void MergeAll(const Pair& pair, int32_t merged) {
    const std::set<size_t> touched = entries_[pair].words;
    for (size_t w : touched) {
      Count(w, -1);
      Merge(pair, merged, &words_[w].pieces);
      Count(w, +1);
    }
  }

 private:
  struct Word {
    std::vector<int32_t> pieces;
    int64_t count;
  };
  struct Entry {
    int64_t count = 0;
    std::set<size_t> words;
  };

  // Adds (+1) or takes away (-1) the pairs of word `w`.
  void Count(size_t w, int64_t sign) {
    const Word& word = words_[w];
    for (size_t i = 0; i + 1 < word.pieces.size(); ++i) {
      const Pair pair = {word.pieces[i], word.pieces[i + 1]};
      Entry& entry = entries_[pair];
      order_.erase({-entry.count, pair});
      entry.count += sign * word.count;
      if (sign > 0) {
        entry.words.insert(w);
      } else {
        entry.words.erase(w);
      }
      if (entry.count > 0) {
        order_.insert({-entry.count, pair});
      } else {
        entries_.erase(pair);
      }
    }
  }

  std::vector<Word> words_;
  std::map<Pair, Entry> entries_;
  std::set<std::pair<int64_t, Pair>> order_;  // (-count, pair)
};

}  // namespace

std::vector<std::string> SplitWords(absl::string_view text) {
  std::vector<std::string> words;
  bool inside = false;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isspace(byte)) {
      inside = false;
    } else if (absl::ascii_ispunct(byte)) {
      words.emplace_back(1, c);
      inside = false;
    } else {
      if (!inside) words.emplace_back();
      words.back() += absl::ascii_tolower(byte);
      inside = true;
    }
  }
  return words;
}

WordPieces::WordPieces(absl::Span<const absl::string_view> texts,
                       int32_t vocabulary) {
  std::map<std::string, int64_t> words;
  for (absl::string_view text : texts) {
    for (std::string& word : SplitWords(text)) ++words[std::move(word)];
  }
  for (const char* special : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}) {
    AddPiece(special);
  }
  AddAlphabet(words);
  PairCounts counts;
  for (const auto& [word, count] : words) counts.AddWord(Letters(word), count);
  while (size() < vocabulary) {
    const auto [pair, count] = counts.Best();
    if (count < 2) break;
    // Only the first piece of a word lacks "##": the second of a pair has it.
    const int32_t merged = AddPiece(absl::StrCat(
        piece(pair.first), absl::StripPrefix(piece(pair.second), "##")));
    merges_[pair] = merged;
    counts.MergeAll(pair, merged);
  }
}

int32_t WordPieces::AddPiece(std::string piece) {
  pieces_.push_back(std::move(piece));
  return size() - 1;
}

void WordPieces::AddAlphabet(const std::map<std::string, int64_t>& words) {
  for (auto& ids : letters_) ids.fill(-1);
  std::array<std::set<size_t>, 2> seen;
  for (const auto& [word, count] : words) {
    for (size_t i = 0; i < word.size(); ++i) seen[i > 0].insert(Byte(word[i]));
  }
  for (size_t later : {0, 1}) {
    for (size_t byte : seen[later]) {
      const std::string letter(1, static_cast<char>(byte));
      letters_[later][byte] = AddPiece(later ? "##" + letter : letter);
    }
  }
}

std::vector<int32_t> WordPieces::Letters(absl::string_view word) const {
  std::vector<int32_t> ids;
  for (size_t i = 0; i < word.size(); ++i) {
    ids.push_back(letters_[i > 0][Byte(word[i])]);
  }
  return ids;
}

std::vector<int32_t> WordPieces::EncodeWord(absl::string_view word) const {
  std::vector<int32_t> ids = Letters(word);
  if (std::find(ids.begin(), ids.end(), -1) != ids.end()) return {kUnknown};
  while (true) {
    auto best = merges_.end();
    for (size_t i = 0; i + 1 < ids.size(); ++i) {
      const auto merge = merges_.find({ids[i], ids[i + 1]});
      if (merge == merges_.end()) continue;
      if (best == merges_.end() || merge->second < best->second) best = merge;
    }
    if (best == merges_.end()) return ids;
    Merge(best->first, best->second, &ids);
  }
}

}  // namespace assay
