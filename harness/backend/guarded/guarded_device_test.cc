#include "harness/backend/guarded/guarded_device.h"

#include "gtest/gtest.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

int FirstByte(const void* address) {
  return *static_cast<const volatile unsigned char*>(address);
}

TEST(GuardedDeviceDeathTest, TheHostFaultsWhenItTouchesDeviceMemory) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const std::unique_ptr<Device> device = MakeGuardedDevice();
  ASSERT_OK_AND_ASSIGN(const DeviceTensor tensor,
                       device->Allocate({DType::kF32, {4}}));
  EXPECT_DEATH(FirstByte(GuardedAddress(tensor)), "");

  // The memory is closed again after work has touched it.
  ASSERT_OK_AND_ASSIGN(const auto stream, device->NewStream());
  ASSERT_OK(device->Upload(*stream, Tensor::Zeros(DType::kF32, {4}), tensor));
  ASSERT_OK(stream->Synchronize());
  EXPECT_DEATH(FirstByte(GuardedAddress(tensor)), "");
}

TEST(GuardedDeviceTest, NothingRunsBeforeSynchronize) {
  const std::unique_ptr<Device> device = MakeGuardedDevice();
  ASSERT_OK_AND_ASSIGN(const DeviceTensor tensor,
                       device->Allocate({DType::kS32, {1}}));
  ASSERT_OK_AND_ASSIGN(const auto stream, device->NewStream());
  Tensor host = Tensor::From<int32_t>({1}, {7});
  ASSERT_OK(device->Upload(*stream, host, tensor));
  Tensor back = Tensor::Zeros(DType::kS32, {1});
  ASSERT_OK(device->Download(*stream, tensor, &back));
  EXPECT_EQ(*back.data<int32_t>(), 0);
  ASSERT_OK(stream->Synchronize());
  EXPECT_EQ(*back.data<int32_t>(), 7);
}

TEST(GuardedDeviceTest, BuffersStartWithoutMeaning) {
  const std::unique_ptr<Device> device = MakeGuardedDevice();
  ASSERT_OK_AND_ASSIGN(const DeviceTensor tensor,
                       device->Allocate({DType::kF32, {1}}));
  ASSERT_OK_AND_ASSIGN(const auto stream, device->NewStream());
  Tensor back = Tensor::Zeros(DType::kF32, {1});
  ASSERT_OK(device->Download(*stream, tensor, &back));
  ASSERT_OK(stream->Synchronize());
  EXPECT_NE(*back.data<float>(), *back.data<float>());  // NaN
}

}  // namespace
}  // namespace assay
