// One key per program: equal graphs share a compiled program.
#ifndef ASSAY_HARNESS_GRAPH_STRUCTURAL_HASH_H_
#define ASSAY_HARNESS_GRAPH_STRUCTURAL_HASH_H_

#include <string>

#include "harness/graph/graph.h"

namespace assay {

// SHA-256, in hexadecimal, of all that a compiled program depends on: ops,
// attributes, types and wiring in order, constants' elements, the names of
// inputs, parameters and outputs, and updates. The names of the graph, of
// results and of constants do not count.
std::string StructuralHash(const Graph& graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_STRUCTURAL_HASH_H_
