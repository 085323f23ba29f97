// Pieces of a network: what lies between some of its values.
#ifndef ASSAY_HARNESS_DYNAMIC_CUT_H_
#define ASSAY_HARNESS_DYNAMIC_CUT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"

namespace assay {

struct CutEnd {
  std::string name;  // of the piece's input or output
  ValueId value;     // of the network
};

// The nodes that compute `outputs` from `inputs`, parameters and constants, as
// a graph named `name`. INVALID_ARGUMENT names an input of the network on which
// an output depends otherwise.
absl::StatusOr<Graph> CutPiece(const Graph& network, std::string name,
                               const std::vector<CutEnd>& inputs,
                               const std::vector<CutEnd>& outputs);

}  // namespace assay

#endif  // ASSAY_HARNESS_DYNAMIC_CUT_H_
