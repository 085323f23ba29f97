#include "harness/dynamic/predicate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "harness/core/dtype.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

constexpr absl::string_view kNames[] = {
    "max_probability", "margin", "entropy", "gate", "token_equals", "is_true"};

std::vector<double> Softmax(absl::Span<const double> row) {
  const double top = *std::max_element(row.begin(), row.end());
  std::vector<double> p;
  double sum = 0;
  for (const double logit : row) {
    p.push_back(std::exp(logit - top));
    sum += p.back();
  }
  for (double& value : p) value /= sum;
  return p;
}

double Margin(const std::vector<double>& p) {
  double first = 0, second = 0;
  for (const double value : p) {
    second = std::max(second, std::min(first, value));
    first = std::max(first, value);
  }
  return first - second;
}

double Entropy(const std::vector<double>& p) {
  double entropy = 0;
  for (const double value : p) {
    if (value != 0) entropy -= value * std::log(value);
  }
  return entropy;
}

// A NaN compares false, whatever the sign of the comparison.
Verdict JudgeRow(const Predicate& predicate, absl::Span<const double> row) {
  const std::vector<double> p = Softmax(row);
  const double t = predicate.threshold;
  if (predicate.kind == PredicateKind::kEntropy) {
    const double entropy = Entropy(p);
    return {entropy <= t, entropy, std::abs(entropy - t)};
  }
  const double measured = predicate.kind == PredicateKind::kMargin
                              ? Margin(p)
                              : *std::max_element(p.begin(), p.end());
  return {measured >= t, measured, std::abs(measured - t)};
}

Verdict JudgeElement(const Predicate& predicate, double value) {
  switch (predicate.kind) {
    case PredicateKind::kGate:
      return {value > predicate.threshold, value,
              std::abs(value - predicate.threshold)};
    case PredicateKind::kTokenEquals:
      return {value == static_cast<double>(predicate.token), value,
              std::numeric_limits<double>::infinity()};
    default:
      return {value != 0, value, std::numeric_limits<double>::infinity()};
  }
}

bool ReadsType(PredicateKind kind, DType dtype) {
  switch (kind) {
    case PredicateKind::kTokenEquals:
      return !IsFloat(dtype) && dtype != DType::kBool;
    case PredicateKind::kIsTrue:
      return dtype == DType::kBool;
    default:
      return IsFloat(dtype);
  }
}

}  // namespace

absl::string_view Name(PredicateKind kind) {
  return kNames[static_cast<size_t>(kind)];
}

absl::StatusOr<PredicateKind> FindPredicateKind(absl::string_view name) {
  const auto* it = std::find(std::begin(kNames), std::end(kNames), name);
  if (it == std::end(kNames)) {
    return absl::NotFoundError(absl::StrCat("no predicate '", name, "'"));
  }
  return static_cast<PredicateKind>(it - std::begin(kNames));
}

bool ReadsRows(PredicateKind kind) { return kind <= PredicateKind::kEntropy; }

absl::Status CheckPredicateType(const Predicate& predicate,
                                const TensorType& type) {
  const bool rows = ReadsRows(predicate.kind);
  if (!ReadsType(predicate.kind, type.dtype) ||
      (rows && (type.shape.empty() || type.shape.back() < 1))) {
    const char* expected = predicate.kind == PredicateKind::kTokenEquals
                               ? "integers"
                           : predicate.kind == PredicateKind::kIsTrue ? "bools"
                           : rows ? "rows of floats"
                                  : "floats";
    return absl::InvalidArgumentError(
        absl::StrCat("predicate ", Name(predicate.kind), ": expected ",
                     expected, ", got ", ToString(type)));
  }
  return absl::OkStatus();
}

int64_t DecisionCount(const Predicate& predicate, const TensorType& type) {
  const int64_t count = ElementCount(type.shape);
  return ReadsRows(predicate.kind) && count > 0 ? count / type.shape.back()
                                                : count;
}

absl::StatusOr<std::vector<Verdict>> Judge(const Predicate& predicate,
                                           const Tensor& value) {
  const TensorType type{value.dtype(), value.shape()};
  ASSAY_RETURN_IF_ERROR(CheckPredicateType(predicate, type));
  const Tensor wide = value.Cast(DType::kF64);
  const absl::Span<const double> elements = wide.span<double>();
  const int64_t count = DecisionCount(predicate, type);
  std::vector<Verdict> verdicts;
  for (int64_t i = 0; i < count; ++i) {
    Verdict verdict;
    if (ReadsRows(predicate.kind)) {
      const size_t classes = static_cast<size_t>(type.shape.back());
      verdict =
          JudgeRow(predicate,
                   elements.subspan(static_cast<size_t>(i) * classes, classes));
    } else {
      verdict = JudgeElement(predicate, elements[static_cast<size_t>(i)]);
    }
    verdict.holds ^= predicate.negated;
    verdicts.push_back(verdict);
  }
  return verdicts;
}

}  // namespace assay
