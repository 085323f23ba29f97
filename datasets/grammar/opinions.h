// Sentences that approve or disapprove, for text classification.
#ifndef ASSAY_DATASETS_GRAMMAR_OPINIONS_H_
#define ASSAY_DATASETS_GRAMMAR_OPINIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "harness/core/random.h"

namespace assay::datasets::grammar {

struct Opinion {
  std::string text;
  int32_t label = 0;  // 0 disapproves, 1 approves
};

// Writes opinions of one to three clauses, such as
//
//   the plot was not very talo but the music seemed brimeso .
//
// Invented adjectives are good or bad, common or rare; "not" and "hardly" turn
// one round, "very" doubles and "slightly" halves it, and what follows "but"
// counts twice. The label is the sign of the sum, which is never 0. Rare
// adjectives that a network has seldom met are what it gets wrong.
class OpinionWriter {
 public:
  // The lexicon is drawn from `seed` alone: the splits share it.
  explicit OpinionWriter(uint64_t seed);

  // One opinion with this label.
  Opinion Write(int32_t label, RandomStream& stream) const;

 private:
  struct Draft {
    std::string text;
    int sum = 0;
  };
  Draft WriteDraft(RandomStream& stream) const;

  std::vector<std::string> adjectives_;
  std::vector<int> polarity_;  // +1 or -1
};

}  // namespace assay::datasets::grammar

#endif  // ASSAY_DATASETS_GRAMMAR_OPINIONS_H_
