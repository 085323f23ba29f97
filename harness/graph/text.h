// The text form of a graph: for people to read, for artifacts to keep.
//
//   graph 1 "tiny" {  # the number is the version of this form
//     input %image f32[1,3,8,8]
//     parameter %conv.weights f32[4,3,3,3]
//     constant %low f32[] = 0.5
//     constant %table f32[1000,64] stored
//     %conv f32[1,4,6,6] = conv2d(%image, %conv.weights) {strides=[1,1]}
//     %bn f32[4], %bn.1 f32[4] = moments(%conv, _)
//     output "logits" = %conv
//     update %bn.mean = %bn.1
//   }
//
// White space is free and "#" starts a comment. A name that is not made of
// letters, digits and "_./-" is quoted with C escapes: %"two words". "_" is an
// absent operand. Values stand in their graph's order, so that reading gives
// back the same ids; types of results are checked against inference.
#ifndef ASSAY_HARNESS_GRAPH_TEXT_H_
#define ASSAY_HARNESS_GRAPH_TEXT_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

// Constants of more than `inline_limit` elements are put into `stored` under
// their value's name and only named in the text; with a null `stored` all stand
// in the text. Numbers print so that they read back to the bit (but for the
// payload of a NaN).
std::string ToText(const Graph& graph, ParameterStore* stored = nullptr,
                   int64_t inline_limit = 16);

// Reads what ToText wrote, or what a person did. Time and memory are linear in
// the length of the text. INVALID_ARGUMENT says line, column, expected and got;
// NOT_FOUND names a stored constant that `stored` (may be null) lacks.
absl::StatusOr<Graph> ParseGraph(absl::string_view text, const OpSet& ops,
                                 const ParameterStore* stored = nullptr);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_TEXT_H_
