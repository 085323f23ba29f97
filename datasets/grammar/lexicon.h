// Invented words and weighted choice, for both grammars.
#ifndef ASSAY_DATASETS_GRAMMAR_LEXICON_H_
#define ASSAY_DATASETS_GRAMMAR_LEXICON_H_

#include <cstdint>
#include <string>
#include <vector>

#include "harness/core/random.h"

namespace assay::datasets::grammar {

// `count` different lower-case words of two or three syllables: "talo",
// "brimeso", ...
std::vector<std::string> InventWords(int64_t count, RandomStream& stream);

// An index below `count`, index i with weight 1 / (i + 1): few are common, most
// are rare, as words are.
class Zipf {
 public:
  explicit Zipf(int64_t count);
  int64_t Draw(RandomStream& stream) const;

 private:
  std::vector<double> cumulative_;
};

// One of `items`, each as likely.
template <typename Items>
const auto& OneOf(const Items& items, RandomStream& stream) {
  return items[stream.Below(std::size(items))];
}

// True with this probability.
inline bool Chance(double probability, RandomStream& stream) {
  return stream.UniformDouble() < probability;
}

}  // namespace assay::datasets::grammar

#endif  // ASSAY_DATASETS_GRAMMAR_LEXICON_H_
