// Every op's cases on the cpu backend against the readable references.
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "harness/backend/cpu/cpu_device.h"
#include "harness/ops/testing/all_cases.h"
#include "harness/ops/testing/run_case.h"

namespace assay {
namespace {

class OpCaseTest : public testing::TestWithParam<size_t> {
 protected:
  void Check(DType dtype) {
    const std::unique_ptr<Device> device = MakeCpuDevice();
    const OpCase& op_case = AllCases().accepted[GetParam()];
    const absl::Status status =
        RunCaseOn(device.get(), op_case, GetParam(), dtype);
    if (absl::IsUnimplemented(status)) GTEST_SKIP() << status.message();
    EXPECT_TRUE(status.ok()) << status;
  }
};

TEST_P(OpCaseTest, F32) { Check(DType::kF32); }

TEST_P(OpCaseTest, Bf16) {
  if (!AllCases().accepted[GetParam()].bf16) GTEST_SKIP() << "no bf16";
  Check(DType::kBF16);
}

std::string CaseName(const testing::TestParamInfo<size_t>& row) {
  return absl::StrCat(AllCases().accepted[row.param].op, "_", row.param);
}

INSTANTIATE_TEST_SUITE_P(All, OpCaseTest,
                         testing::Range<size_t>(0, AllCases().accepted.size()),
                         CaseName);

}  // namespace
}  // namespace assay
