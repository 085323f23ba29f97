// What a conditional asks of a small tensor, on the host.
#ifndef ASSAY_HARNESS_DYNAMIC_PREDICATE_H_
#define ASSAY_HARNESS_DYNAMIC_PREDICATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/core/tensor.h"
#include "harness/graph/graph.h"

namespace assay {

using VariableId = int32_t;
constexpr VariableId kNoVariable = -1;

// The first three read a row of logits (the last axis) per decision, computed
// in double; the others read one element per decision.
enum class PredicateKind : uint8_t {
  kMaxProbability,  // max softmax(row) >= threshold
  kMargin,          // largest - second largest of softmax(row) >= threshold
  kEntropy,         // entropy of softmax(row), in nats, <= threshold
  kGate,            // element > threshold; 0 is the sign of a gate
  kTokenEquals,     // integer element == token
  kIsTrue,          // bool element
};

// "max_probability", "margin", ...; FindPredicateKind gives NOT_FOUND.
absl::string_view Name(PredicateKind kind);
absl::StatusOr<PredicateKind> FindPredicateKind(absl::string_view name);

struct Predicate {
  PredicateKind kind = PredicateKind::kIsTrue;
  VariableId source = kNoVariable;
  double threshold = 0;  // of the first four
  int64_t token = 0;     // of kTokenEquals
  bool negated = false;
};

struct Verdict {
  bool holds = false;
  // What is compared with the threshold; the element where there is
  // none.
  double measured = 0;
  // |measured - threshold|: below about 1e-5 two runtimes may disagree by
  // rounding alone. Infinite where nothing is rounded.
  double distance = 0;
};

// Whether `kind` reads rows of logits.
bool ReadsRows(PredicateKind kind);

// INVALID_ARGUMENT: an element type that the predicate does not read, or, for
// rows, a tensor without axes or without classes.
absl::Status CheckPredicateType(const Predicate& predicate,
                                const TensorType& type);

// Decisions that a tensor of this type holds: rows, or elements.
int64_t DecisionCount(const Predicate& predicate, const TensorType& type);

// One verdict per decision. Errors as CheckPredicateType.
absl::StatusOr<std::vector<Verdict>> Judge(const Predicate& predicate,
                                           const Tensor& value);

}  // namespace assay

#endif  // ASSAY_HARNESS_DYNAMIC_PREDICATE_H_
