#include "harness/measure/machine/machine_info.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/measure/testing/fake_system.h"

namespace assay {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Pair;

TEST(MachineInfoTest, AVirtualMachine) {
  FakeSystem fake;
  fake.LoadRecording("kvm_epyc");
  const MachineInfo info = ReadMachineInfo(fake.files());
  EXPECT_EQ(info.cpu.vendor, "AuthenticAMD");
  EXPECT_EQ(info.cpu.model_name, "AMD EPYC");
  EXPECT_EQ(info.cpu.family, 25u);
  EXPECT_EQ(info.cpu.model, 17u);
  EXPECT_EQ(info.cpu.stepping, 1u);
  EXPECT_EQ(info.cpu.microcode, "0x1000065");
  EXPECT_EQ(info.cpu.sockets, 1u);
  EXPECT_EQ(info.cpu.cores, 2u);
  EXPECT_EQ(info.cpu.hardware_threads, 2u);
  EXPECT_THAT(info.cpu.features, Contains("avx512_vnni"));
  EXPECT_THAT(info.cpu.caches,
              ElementsAre(Pair("L1d", "32K"), Pair("L1i", "32K"),
                          Pair("L2", "1024K"), Pair("L3", "32768K")));
  EXPECT_EQ(info.kernel, "Linux 6.18.44");
  EXPECT_EQ(info.distribution, "Debian GNU/Linux 12 (bookworm)");
  EXPECT_EQ(info.hypervisor, "unnamed");
  EXPECT_EQ(info.container, "");
  EXPECT_EQ(info.memory_bytes, uint64_t{24684084} * 1024);
  EXPECT_EQ(info.numa_nodes, 1u);
}

TEST(MachineInfoTest, TwoSocketsUnderAControlGroup) {
  FakeSystem fake;
  fake.LoadRecording("two_xeons");
  const MachineInfo info = ReadMachineInfo(fake.files());
  EXPECT_EQ(info.cpu.sockets, 2u);
  EXPECT_EQ(info.cpu.cores, 4u);
  EXPECT_EQ(info.cpu.hardware_threads, 8u);
  EXPECT_EQ(info.hypervisor, "");
  EXPECT_EQ(info.container, "cpu.max=200000 100000");
  EXPECT_EQ(info.numa_nodes, 2u);
  EXPECT_THAT(ReadAffinity(fake.files()), ElementsAre(0, 1, 2, 3, 6));
}

TEST(MachineInfoTest, AnEmptySystemGivesAnEmptyAnswer) {
  FakeSystem fake;
  const MachineInfo info = ReadMachineInfo(fake.files());
  EXPECT_EQ(info.cpu.hardware_threads, 0u);
  EXPECT_EQ(info.kernel, "");
  EXPECT_EQ(info.memory_bytes, 0u);
  EXPECT_TRUE(ReadAffinity(fake.files()).empty());
  EXPECT_EQ(ControlGroupFolder(fake.files()), "");
}

TEST(MachineInfoTest, ThisMachineHasACpu) {
  EXPECT_GE(ReadMachineInfo(SystemFiles()).cpu.hardware_threads, 1u);
}

}  // namespace
}  // namespace assay
