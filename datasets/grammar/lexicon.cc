#include "datasets/grammar/lexicon.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"

namespace assay::datasets::grammar {
namespace {

constexpr const char* kHeads[] = {"b",  "d",  "f",  "g",  "k",  "l", "m",
                                  "n",  "p",  "r",  "s",  "t",  "v", "z",
                                  "br", "dr", "gl", "kr", "st", "tr"};
constexpr const char* kVowels[] = {"a", "e", "i", "o", "u"};

}  // namespace

std::vector<std::string> InventWords(int64_t count, RandomStream& stream) {
  std::vector<std::string> words;
  std::set<std::string> seen;
  while (static_cast<int64_t>(words.size()) < count) {
    std::string word;
    for (uint64_t n = 2 + stream.Below(2); n > 0; --n) {
      absl::StrAppend(&word, OneOf(kHeads, stream));
      absl::StrAppend(&word, OneOf(kVowels, stream));
    }
    if (seen.insert(word).second) words.push_back(word);
  }
  return words;
}

Zipf::Zipf(int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    sum += 1.0 / static_cast<double>(i + 1);
    cumulative_.push_back(sum);
  }
}

int64_t Zipf::Draw(RandomStream& stream) const {
  const double at = stream.UniformDouble() * cumulative_.back();
  return std::upper_bound(cumulative_.begin(), cumulative_.end(), at) -
         cumulative_.begin();
}

}  // namespace assay::datasets::grammar
