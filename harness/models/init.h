// Initial values of a network's parameters.
#ifndef ASSAY_HARNESS_MODELS_INIT_H_
#define ASSAY_HARNESS_MODELS_INIT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/core/shape.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

// How one parameter starts. Networks state theirs, so that nothing is guessed
// from names.
struct Initialiser {
  enum class Kind : uint8_t {
    kConstant,  // every element = value
    kNormal,    // N(0, value^2)
    kUniform,   // U(-value, value)
  };
  std::string parameter;
  Kind kind = Kind::kConstant;
  double value = 0;
};

// Standard deviations that keep the variance of activations (fan in) or of
// gradients (fan out) through a ReLU: sqrt(2 / fan), He et al. 2015. Weights
// are [O, I/groups, kh, kw] or [O, I]:
//   fan in  = I/groups * kh * kw
//   fan out = O/groups * kh * kw
double HeFanIn(absl::Span<const int64_t> weights);
double HeFanOut(absl::Span<const int64_t> weights, int64_t groups);
// 1 / sqrt(fan in): a standard deviation for a linear output layer, and the
// half-width of PyTorch's default uniform.
double LecunFanIn(absl::Span<const int64_t> weights);

// A store with every parameter of `graph`. Each draws from its own stream
// ("init/<parameter>" under `seed`), so that a network with one layer more
// starts alike elsewhere. INVALID_ARGUMENT: a parameter without initialiser, or
// an initialiser without parameter.
absl::StatusOr<ParameterStore> Initialise(
    const Graph& graph, absl::Span<const Initialiser> initialisers,
    uint64_t seed);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_INIT_H_
