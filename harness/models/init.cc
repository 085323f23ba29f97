#include "harness/models/init.h"

#include <cassert>
#include <cmath>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/random.h"
#include "harness/core/status_macros.h"
#include "harness/core/tensor.h"

namespace assay {
namespace {

int64_t FanIn(absl::Span<const int64_t> weights) {
  assert(weights.size() >= 2);
  return ElementCount(weights.subspan(1));
}

Tensor Draw(const Initialiser& initialiser, const TensorType& type,
            uint64_t seed) {
  Tensor values(DType::kF32, type.shape);
  const auto span = values.span<float>();
  const float value = static_cast<float>(initialiser.value);
  RandomStream stream(seed, absl::StrCat("init/", initialiser.parameter));
  switch (initialiser.kind) {
    case Initialiser::Kind::kConstant:
      for (float& element : span) element = value;
      break;
    case Initialiser::Kind::kNormal:
      stream.FillNormal(span, 0, value);
      break;
    case Initialiser::Kind::kUniform:
      stream.FillUniform(span, -value, value);
      break;
  }
  return type.dtype == DType::kF32 ? values : values.Cast(type.dtype);
}

}  // namespace

double HeFanIn(absl::Span<const int64_t> weights) {
  return std::sqrt(2.0 / static_cast<double>(FanIn(weights)));
}

double HeFanOut(absl::Span<const int64_t> weights, int64_t groups) {
  assert(weights.size() >= 2);
  const int64_t fan = weights[0] / groups * ElementCount(weights.subspan(2));
  return std::sqrt(2.0 / static_cast<double>(fan));
}

double LecunFanIn(absl::Span<const int64_t> weights) {
  return std::sqrt(1.0 / static_cast<double>(FanIn(weights)));
}

absl::StatusOr<ParameterStore> Initialise(
    const Graph& graph, absl::Span<const Initialiser> initialisers,
    uint64_t seed) {
  std::map<std::string, const Initialiser*> by_name;
  for (const Initialiser& initialiser : initialisers) {
    by_name[initialiser.parameter] = &initialiser;
  }
  ParameterStore store;
  for (const ValueId id : graph.parameters()) {
    const Value& parameter = graph.value(id);
    const auto found = by_name.find(parameter.name);
    if (found == by_name.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("graph \"", graph.name(), "\": parameter \"",
                       parameter.name, "\" has no initialiser"));
    }
    store.Set(parameter.name, Draw(*found->second, parameter.type, seed));
    by_name.erase(found);
  }
  if (!by_name.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("graph \"", graph.name(), "\": initialiser for \"",
                     by_name.begin()->first, "\", which is no parameter"));
  }
  return store;
}

}  // namespace assay
