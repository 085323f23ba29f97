#include "harness/measure/memory/memory.h"

#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "harness/measure/testing/fake_system.h"

namespace assay {
namespace {

TEST(MemoryTest, ReadsTheStatusFile) {
  FakeSystem fake;
  fake.Set("/proc/self/status",
           "Name:\tassay\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n");
  const auto use = ReadMemoryUse(fake.files());
  ASSERT_EQ(use.status(), absl::OkStatus());
  EXPECT_EQ(use->peak_bytes, 2048 * 1024);
  EXPECT_EQ(use->resident_bytes, 1024 * 1024);
}

TEST(MemoryTest, SaysWhatIsMissing) {
  FakeSystem fake;
  EXPECT_EQ(ReadMemoryUse(fake.files()).status().code(),
            absl::StatusCode::kNotFound);
  fake.Set("/proc/self/status", "VmRSS:\t1024 kB\n");
  EXPECT_EQ(ReadMemoryUse(fake.files()).status().message(),
            "/proc/self/status: expected \"VmHWM: N kB\", got \"\"");
}

TEST(MemoryTest, ResetWritesTheOrderOrFails) {
  FakeSystem fake;
  EXPECT_FALSE(ResetPeakMemory(fake.files()).ok());
  fake.Set("/proc/self/clear_refs", "");
  EXPECT_TRUE(ResetPeakMemory(fake.files()).ok());
  EXPECT_EQ(*fake.files().Text("/proc/self/clear_refs"), "5");
}

TEST(MemoryTest, ThisProcessUsesWhatItTouches) {
  const SystemFiles files;
  const auto before = ReadMemoryUse(files);
  if (!before.ok()) GTEST_SKIP() << before.status();
  const std::vector<char> block(size_t{64} << 20, 1);
  const auto after = ReadMemoryUse(files);
  ASSERT_EQ(after.status(), absl::OkStatus());
  EXPECT_GE(after->peak_bytes, before->resident_bytes + (60 << 20));
  EXPECT_EQ(block.back(), 1);
}

}  // namespace
}  // namespace assay
