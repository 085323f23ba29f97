// What the values of a graph are called in its ONNX model.
#ifndef ASSAY_HARNESS_MODELS_ONNX_EXPORT_NAMES_H_
#define ASSAY_HARNESS_MODELS_ONNX_EXPORT_NAMES_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/graph/graph.h"

namespace assay {

// Inputs, parameters and outputs keep their names; an output's name is that of
// the value it shows. Other values give way with a suffix.
class OnnxNames {
 public:
  // INVALID_ARGUMENT: an output named as an input or parameter is.
  static absl::StatusOr<OnnxNames> Of(const Graph& graph);

  const std::string& Of(ValueId value) const {
    return names_[static_cast<size_t>(value)];
  }
  // Outputs that show a value of another name: name and value.
  const std::vector<std::pair<std::string, ValueId>>& copies() const {
    return copies_;
  }
  // `wanted`, with a suffix where it is taken; taken from now on.
  std::string Fresh(absl::string_view wanted);

 private:
  absl::Status NameOutputs(const Graph& graph);

  std::vector<std::string> names_;
  std::vector<std::pair<std::string, ValueId>> copies_;
  absl::flat_hash_set<std::string> taken_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_ONNX_EXPORT_NAMES_H_
