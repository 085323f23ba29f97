// Byte text for language modelling from a probabilistic grammar.
#ifndef ASSAY_DATASETS_GRAMMAR_STORIES_H_
#define ASSAY_DATASETS_GRAMMAR_STORIES_H_

#include <cstdint>
#include <string>

#include "harness/core/random.h"

namespace assay::datasets::grammar {

// Exactly `bytes` bytes of short stories, one sentence a line, an empty line
// between stories. What a model can learn, from near to far: spelling, word
// order, agreement of verb and subject across relative clauses, brackets that
// close, pronouns that fit a name's ending (-a: she), and names that return
// within their story and are new in the next.
std::string WriteStories(int64_t bytes, RandomStream& stream);

}  // namespace assay::datasets::grammar

#endif  // ASSAY_DATASETS_GRAMMAR_STORIES_H_
