// Named parameters on the host: weights, running statistics, optimiser state.
#ifndef ASSAY_HARNESS_GRAPH_PARAMETER_STORE_H_
#define ASSAY_HARNESS_GRAPH_PARAMETER_STORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/core/tensor.h"

namespace assay {

// Values by name, sorted. Copying shares tensors; Clone() copies them. Several
// graphs may read one store: that is how sub-networks share weights.
class ParameterStore {
 public:
  void Set(std::string name, Tensor value);
  bool Has(absl::string_view name) const;
  // NOT_FOUND names the parameter.
  absl::StatusOr<Tensor> Get(absl::string_view name) const;
  Tensor* Find(absl::string_view name);
  const Tensor* Find(absl::string_view name) const;
  void Erase(absl::string_view name);
  std::vector<std::string> Names() const;
  size_t size() const { return values_.size(); }
  int64_t bytes() const;
  ParameterStore Clone() const;

  const std::map<std::string, Tensor, std::less<>>& values() const {
    return values_;
  }

 private:
  std::map<std::string, Tensor, std::less<>> values_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_PARAMETER_STORE_H_
