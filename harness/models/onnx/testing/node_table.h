// What the node tests say, as a page.
#ifndef ASSAY_HARNESS_MODELS_ONNX_TESTING_NODE_TABLE_H_
#define ASSAY_HARNESS_MODELS_ONNX_TESTING_NODE_TABLE_H_

#include <string>
#include <vector>

#include "harness/models/onnx/testing/node_tests.h"

namespace assay {

// Markdown: the counts, a row for each op of `claimed` with its tests, those
// that passed and those that are refused and why, and the ops that are not
// claimed. The same results give the same bytes.
std::string NodeTable(const std::vector<NodeResult>& results,
                      const std::vector<std::string>& claimed);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_TESTING_NODE_TABLE_H_
