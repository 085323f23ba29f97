// Matchers for absl::Status and absl::StatusOr.
//
//   ASSERT_OK(DoIt());
//   ASSERT_OK_AND_ASSIGN(Tensor t, MakeTensor());
//   EXPECT_THAT(DoIt(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("x")));
#ifndef ASSAY_HARNESS_TESTING_STATUS_MATCHERS_H_
#define ASSAY_HARNESS_TESTING_STATUS_MATCHERS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/status_macros.h"

namespace assay {

inline const absl::Status& StatusOf(const absl::Status& status) {
  return status;
}
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& value) {
  return value.status();
}

MATCHER(IsOk, negation ? "is an error" : "is OK") {
  const absl::Status status = StatusOf(arg);
  *result_listener << status;
  return status.ok();
}

// `message` is a matcher of the status's message.
MATCHER_P2(StatusIs, code, message, "is an error with that code and message") {
  const absl::Status status = StatusOf(arg);
  *result_listener << status;
  return status.code() == code &&
         testing::ExplainMatchResult(message, std::string(status.message()),
                                     result_listener);
}

#define ASSERT_OK(expression) ASSERT_THAT(expression, ::assay::IsOk())
#define EXPECT_OK(expression) EXPECT_THAT(expression, ::assay::IsOk())

#define ASSERT_OK_AND_ASSIGN(lhs, expression) \
  ASSERT_OK_AND_ASSIGN_IMPL_(                 \
      ASSAY_STATUS_CONCAT_(assay_test_statusor_, __LINE__), lhs, expression)
#define ASSERT_OK_AND_ASSIGN_IMPL_(statusor, lhs, expression) \
  auto statusor = (expression);                               \
  ASSERT_OK(statusor.status());                               \
  lhs = *std::move(statusor)

}  // namespace assay

#endif  // ASSAY_HARNESS_TESTING_STATUS_MATCHERS_H_
