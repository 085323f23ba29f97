// Whether a network with control flow is whole.
#ifndef ASSAY_HARNESS_DYNAMIC_DYNAMIC_VERIFY_H_
#define ASSAY_HARNESS_DYNAMIC_DYNAMIC_VERIFY_H_

#include "absl/status/status.h"
#include "harness/dynamic/dynamic_graph.h"

namespace assay {

// INVALID_ARGUMENT names the statement and what is wrong with it:
//
//   names      of variables, inputs and outputs are unique and not empty
//   variables  exist, and are assigned on every path before they are read; a
//              While may run no time, a For runs at least once
//   pieces     have one input per read and one output per write, no updates,
//              and the ops of the graph; a parameter has one type in all
//   bounds     of loops are at least 1
//   Return     reads one variable per output, ends its block, and ends every
//              path
//   sites      of conditionals are numbered
//
// Types of variables are checked where they are known: when a graph is run or
// compiled. Linear time.
absl::Status VerifyDynamic(const DynamicGraph& graph);

}  // namespace assay

#endif  // ASSAY_HARNESS_DYNAMIC_DYNAMIC_VERIFY_H_
