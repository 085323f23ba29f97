#include "harness/measure/energy/nvml/nvml.h"

#include <cstdlib>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay::meters::nvml {
namespace {

using testing::HasSubstr;

MeterSource OpenFake(const char* mode) {
  setenv("ASSAY_FAKE_NVML", mode, 1);
  MeterEnvironment environment;
  environment.nvml_library = "harness/measure/energy/nvml/libfake_nvml.so";
  return Open(environment);
}

TEST(NvmlTest, ReadsEveryGpuFromWhereItWasOpened) {
  const MeterSource source = OpenFake("");
  ASSERT_EQ(source.unavailable, "");
  ASSERT_EQ(source.scopes.size(), 2u);
  EXPECT_EQ(source.scopes[0]->scope(), "gpu-0");
  EXPECT_EQ(source.scopes[1]->scope(), "gpu-1");
  EXPECT_EQ(*source.scopes[0]->Joules(), 0.5);
  EXPECT_EQ(*source.scopes[0]->Joules(), 1.0);
  EXPECT_EQ(*source.scopes[1]->Joules(), 0.25);
}

TEST(NvmlTest, SaysWhyThereIsNone) {
  MeterEnvironment environment;
  environment.nvml_library = "libassay-no-such-library.so.1";
  EXPECT_THAT(Open(environment).unavailable,
              HasSubstr("libassay-no-such-library.so.1"));
  EXPECT_EQ(OpenFake("no_driver").unavailable,
            "nvmlInit_v2: Driver Not Loaded");
  EXPECT_EQ(OpenFake("no_counter").unavailable,
            "nvmlDeviceGetTotalEnergyConsumption: Not Supported");
  EXPECT_TRUE(OpenFake("no_counter").scopes.empty());
}

TEST(NvmlTest, ALibraryWithoutTheFunctionsIsNone) {
  MeterEnvironment environment;
  environment.nvml_library = "libm.so.6";
  EXPECT_EQ(Open(environment).unavailable,
            "the driver's library has no nvmlInit_v2");
}

}  // namespace
}  // namespace assay::meters::nvml
