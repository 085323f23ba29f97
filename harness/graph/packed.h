// Stored values whose bytes hold two elements each.
#ifndef ASSAY_HARNESS_GRAPH_PACKED_H_
#define ASSAY_HARNESS_GRAPH_PACKED_H_

#include <cstdint>
#include <vector>

#include "harness/graph/graph.h"

namespace assay {

// By value, derived from use as roles are: true for parameters and constants
// that some node reads as 4-bit integers (weights and zero points of
// dequantize_u4 and linear_u4).
std::vector<bool> PackedValues(const Graph& graph);

// Elements that a value of `type` stores, and the bits of each.
int64_t StoredElements(const TensorType& type, bool packed);
uint32_t StoredBits(const TensorType& type, bool packed);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_PACKED_H_
