#include "harness/models/torch_names.h"

#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "harness/core/status_macros.h"

namespace assay {

std::string TorchName(absl::string_view parameter) {
  constexpr std::pair<absl::string_view, absl::string_view> kSuffixes[] = {
      {".weights", ".weight"},
      {".scale", ".weight"},
      {".shift", ".bias"},
      {".mean", ".running_mean"},
      {".variance", ".running_var"}};
  for (const auto& [ours, theirs] : kSuffixes) {
    absl::string_view path = parameter;
    if (absl::ConsumeSuffix(&path, ours)) return absl::StrCat(path, theirs);
  }
  return std::string(parameter);
}

absl::StatusOr<ParameterStore> FromTorch(const Graph& graph,
                                         const ParameterStore& torch) {
  ParameterStore store;
  std::set<std::string> used;
  for (const ValueId id : graph.parameters()) {
    const Value& parameter = graph.value(id);
    const std::string name = TorchName(parameter.name);
    ASSAY_ASSIGN_OR_RETURN(Tensor value, torch.Get(name));
    if (value.dtype() != parameter.type.dtype ||
        value.shape() != parameter.type.shape) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor \"", name, "\" for parameter \"", parameter.name,
                       "\": expected ", ToString(parameter.type), ", got ",
                       value.TypeString()));
    }
    store.Set(parameter.name, std::move(value));
    used.insert(name);
  }
  for (const std::string& name : torch.Names()) {
    if (used.count(name) == 0 && !absl::EndsWith(name, "num_batches_tracked")) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor \"", name, "\" has no parameter in graph \"",
                       graph.name(), "\""));
    }
  }
  return store;
}

}  // namespace assay
