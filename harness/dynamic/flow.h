// What the source of a network with control flow reads, assigns and ends.
#ifndef ASSAY_HARNESS_DYNAMIC_FLOW_H_
#define ASSAY_HARNESS_DYNAMIC_FLOW_H_

#include <cstddef>
#include <set>

#include "harness/dynamic/dynamic_graph.h"

namespace assay {

using VariableSet = std::set<VariableId>;

// Whether control may come out of a block at its end.
bool FallsThrough(const Block& block);

// Whether a return stands in a statement.
bool MayReturn(const Statement& statement);

// What is assigned anywhere in a block.
VariableSet Assigned(const Block& block);

// What is read at or behind statement `at` before it is assigned, where `after`
// is read behind the block.
VariableSet LiveAt(const Block& block, size_t at, const VariableSet& after);

// What is read behind an iteration of a loop: by the next one, by its
// predicate, or after the loop.
VariableSet LiveAround(const Statement& loop, const VariableSet& after);

// The first statement at or behind `at` that is not straight.
size_t StraightEnd(const Block& block, size_t at);

}  // namespace assay

#endif  // ASSAY_HARNESS_DYNAMIC_FLOW_H_
