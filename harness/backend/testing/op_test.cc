// Every device against the reference, over the rows of the op tests.
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "harness/backend/testing/devices.h"
#include "harness/ops/testing/all_cases.h"
#include "harness/ops/testing/run_case.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

class DeviceOpTest : public testing::TestWithParam<std::string> {
 protected:
  // Runs every case that takes `dtype`; counts those that the device supports.
  void RunAll(DType dtype) {
    const std::unique_ptr<Device> device = MakeTestDevice(GetParam());
    const std::vector<OpCase>& cases = AllCases().accepted;
    int supported = 0, tried = 0;
    for (size_t i = 0; i < cases.size(); ++i) {
      if (dtype == DType::kBF16 && !cases[i].bf16) continue;
      if (dtype == DType::kF64 && !cases[i].f64) continue;
      ++tried;
      const absl::Status status = RunCaseOn(device.get(), cases[i], i, dtype);
      if (absl::IsUnimplemented(status)) continue;
      ++supported;
      EXPECT_OK(status) << cases[i].op << " " << i << " "
                        << cases[i].attributes.ToString();
    }
    RecordProperty("supported", supported);
    RecordProperty("tried", tried);
    // Only these run references, and so must know every op.
    if (GetParam() == "reference" || GetParam() == "guarded") {
      EXPECT_EQ(supported, tried);
    }
  }
};

TEST_P(DeviceOpTest, AgreesWithTheReferenceInF32) { RunAll(DType::kF32); }
TEST_P(DeviceOpTest, AgreesWithTheReferenceInBf16) { RunAll(DType::kBF16); }
TEST_P(DeviceOpTest, AgreesWithTheReferenceInF64) { RunAll(DType::kF64); }

INSTANTIATE_TEST_SUITE_P(Devices, DeviceOpTest,
                         testing::ValuesIn(TestDeviceNames()),
                         [](const auto& device) { return device.param; });

}  // namespace
}  // namespace assay
