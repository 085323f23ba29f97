// What a model reads: the types of its inputs, the names that its nodes use.
#ifndef ASSAY_HARNESS_MODELS_ONNX_IMPORT_INPUTS_H_
#define ASSAY_HARNESS_MODELS_ONNX_IMPORT_INPUTS_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/onnx/import/import.h"
#include "harness/models/onnx/proto/onnx_model.h"

namespace assay {

// visit(name) for every name that a node reads, in graphs within it too.
void ForEachOnnxRead(const OnnxNode& node,
                     const std::function<void(const std::string&)>& visit);

// The type of an input with every extent fixed.
absl::StatusOr<TensorType> OnnxInputType(const OnnxValueInfo& info,
                                         const OnnxImportOptions& options);

// INVALID_ARGUMENT: options for inputs and dimensions that are not there.
absl::Status CheckOnnxOptions(const OnnxModel& model,
                              const OnnxImportOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_IMPORT_INPUTS_H_
