// Early return for absl::Status and absl::StatusOr, the only error types in
// harness/.
#ifndef ASSAY_HARNESS_CORE_STATUS_MACROS_H_
#define ASSAY_HARNESS_CORE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define ASSAY_STATUS_CONCAT_INNER_(a, b) a##b
#define ASSAY_STATUS_CONCAT_(a, b) ASSAY_STATUS_CONCAT_INNER_(a, b)

// Returns from the enclosing function with the status of `expr` unless it is
// OK.
#define ASSAY_RETURN_IF_ERROR(expr)                \
  do {                                             \
    absl::Status assay_status_ = (expr);           \
    if (!assay_status_.ok()) return assay_status_; \
  } while (false)

// ASSAY_ASSIGN_OR_RETURN(Tensor t, MakeTensor()): `t` becomes the value, or the
// enclosing function returns the error.
#define ASSAY_ASSIGN_OR_RETURN(lhs, expr) \
  ASSAY_ASSIGN_OR_RETURN_IMPL_(           \
      ASSAY_STATUS_CONCAT_(assay_statusor_, __LINE__), lhs, expr)

#define ASSAY_ASSIGN_OR_RETURN_IMPL_(statusor, lhs, expr)  \
  auto statusor = (expr);                                  \
  if (!statusor.ok()) return std::move(statusor).status(); \
  lhs = *std::move(statusor)

#endif  // ASSAY_HARNESS_CORE_STATUS_MACROS_H_
