// The text form of a network with control flow, for people to read.
//
//   dynamic "resnet8-exits" {
//     input %image f32[1,3,32,32]
//     %x, %logits = run @part1(%image)
//     if max_probability(%logits) >= 0.9 {  # site 0
//       return %logits
//     }
//     for %index < 3 {
//       %x = run @block(%x)
//     }
//     while not token_equals(%token) == 2, at most 32 {  # site 1
//       %y = copy %x
//       %z = constant f32[1,4]
//     }
//     return %x
//   }
//
// Pieces follow as graphs in their own text form (graph/text.h), each once; one
// whose name is taken, or that has none, gets a suffix.
#ifndef ASSAY_HARNESS_DYNAMIC_DYNAMIC_TEXT_H_
#define ASSAY_HARNESS_DYNAMIC_DYNAMIC_TEXT_H_

#include <string>

#include "harness/dynamic/dynamic_graph.h"

namespace assay {

std::string ToText(const DynamicGraph& graph, bool with_pieces = true);

}  // namespace assay

#endif  // ASSAY_HARNESS_DYNAMIC_DYNAMIC_TEXT_H_
