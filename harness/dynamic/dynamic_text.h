// The text form of a network with control flow: for people to read, for
// artifacts to keep.
//
//   dynamic 1 "resnet8-exits" {  # the number is the version of this form
//     input %image f32[1,3,32,32]
//     outputs "logits"
//     %x, %logits = run @part1(%image)
//     if max_probability(%logits) >= 0.9 {  # site 0
//       return %logits
//     } else {
//       %x = copy %logits
//     }
//     for %index < 3 {  # or: for _ < 3
//       %x = run @block(%x)
//     }
//     while not token_equals(%token) == 2, at most 32, counting %index {
//       %z f32[1,4] = constant [0,1,2,3]
//     }
//     return %x
//   }
//
// Names are those of graph/text.h; an input is a variable of the same name
// unless it says `input %x f32[1] "its name"`. Pieces follow as graphs in their
// own text form, each once; one whose name is taken, or that has none, gets a
// suffix, and a colon in it becomes a full stop. Sites are numbered anew by who
// reads.
#ifndef ASSAY_HARNESS_DYNAMIC_DYNAMIC_TEXT_H_
#define ASSAY_HARNESS_DYNAMIC_DYNAMIC_TEXT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/dynamic/dynamic_graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

// Blocks within each other that a text may have.
constexpr int kMostNestedBlocks = 200;

// Constants of more than `inline_limit` elements are put into `stored`, those
// of pieces as "piece:name", those of statements as ":0", ":1", ..., and only
// named in the text; with a null `stored` all stand in the text.
std::string ToText(const DynamicGraph& graph, ParameterStore* stored = nullptr,
                   int64_t inline_limit = 16);

// The statements alone, without pieces and without the elements of constants.
std::string StatementsText(const DynamicGraph& graph);

// Reads what ToText wrote, or what a person did, and verifies it. Time and
// memory are linear in the length of the text, but for names of variables.
// INVALID_ARGUMENT says line, column, expected and got, or what VerifyDynamic
// does; NOT_FOUND names a stored constant that `stored` (may be null) lacks.
absl::StatusOr<DynamicGraph> ParseDynamicGraph(
    absl::string_view text, const OpSet& ops,
    const ParameterStore* stored = nullptr);

}  // namespace assay

#endif  // ASSAY_HARNESS_DYNAMIC_DYNAMIC_TEXT_H_
