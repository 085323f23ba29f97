// Decoders that write tokens, one after the other or by draft and verify.
#ifndef ASSAY_HARNESS_MODELS_DYNAMIC_DECODE_H_
#define ASSAY_HARNESS_MODELS_DYNAMIC_DECODE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/dynamic/dynamic_network.h"
#include "harness/models/lmd/lmd.h"

namespace assay {

struct DecodeOptions {
  int64_t steps = 32;        // tokens written at most
  int64_t end_of_text = -1;  // ends a sample when written; -1: never
  int64_t drafted = 4;       // tokens that a draft guesses at a time
};

// Greedy decoding. Inputs "tokens" s32 [N,context], of which the first "length"
// (s32 [N], at least 1) are given and the rest are 0; outputs "text" and
// "text_length", the same after writing. A token that finds no place is lost.
// One loop, left at the end of the text.
absl::StatusOr<DynamicNetwork> GreedyDecoder(const OpSet& ops,
                                             const LmdOptions& lmd,
                                             const DecodeOptions& options);

// The tokens of GreedyDecoder without an end of text, fewer passes of `target`:
// `draft` guesses `drafted` tokens, the target reads them in one pass and keeps
// those it would have written, and the one that it writes instead of the first
// wrong one (Leviathan et al. 2023, at temperature 0). Input "limit" s32 [N]:
// the length at which a sample ends; limit + drafted <= context. Parameters are
// named "target." and "draft." before their own.
absl::StatusOr<DynamicNetwork> SpeculativeDecoder(const OpSet& ops,
                                                  const LmdOptions& target,
                                                  const LmdOptions& draft,
                                                  const DecodeOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_DYNAMIC_DECODE_H_
