// ONNX's own tests of operators: folders with a model, inputs and outputs.
#ifndef ASSAY_HARNESS_MODELS_ONNX_TESTING_NODE_TESTS_H_
#define ASSAY_HARNESS_MODELS_ONNX_TESTING_NODE_TESTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/backend/device.h"
#include "harness/models/onnx/proto/onnx_model.h"

namespace assay {

// The folder of Debian's libonnx-testdata, or $ASSAY_ONNX_TESTDATA.
std::string NodeTestFolder();

enum class NodeVerdict { kPassed, kRefused, kFailed };

struct NodeResult {
  std::string test;  // "test_conv_with_strides_padding"
  std::string op;    // the model's only op, or "several" and how many
  NodeVerdict verdict = NodeVerdict::kFailed;
  std::string reason;  // of a refusal or failure
};

// The names of the tests in `folder`, sorted.
absl::StatusOr<std::vector<std::string>> NodeTestNames(
    const std::string& folder);

// The path of a test's model.
std::string NodeTestModel(const std::string& folder, const std::string& test);

// Imports the model with the inputs of each of its data sets, runs it on
// `device` and compares every output as ONNX's own runner does: types, shapes,
// |got - want| <= 1e-7 + 1e-3 |want|. A refusal is UNIMPLEMENTED, by import or
// by the device, before anything runs.
NodeResult RunNodeTest(const std::string& folder, const std::string& test,
                       Device* device);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_TESTING_NODE_TESTS_H_
