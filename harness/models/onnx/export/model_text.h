// ONNX nodes as text that tells different ones apart.
#ifndef ASSAY_HARNESS_MODELS_ONNX_EXPORT_MODEL_TEXT_H_
#define ASSAY_HARNESS_MODELS_ONNX_EXPORT_MODEL_TEXT_H_

#include <string>
#include <vector>

#include "harness/models/onnx/proto/onnx_model.h"

namespace assay {

// A line per node: results, operator, operands, attributes. Equal texts are
// equal nodes, tensors to the bit; node names do not count. Nodes without
// sub-graphs only (asserted).
std::string OnnxNodesText(const std::vector<OnnxNode>& nodes);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_EXPORT_MODEL_TEXT_H_
