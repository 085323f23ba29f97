#include "harness/measure/system_files.h"

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/measure/testing/fake_system.h"

namespace assay {
namespace {

TEST(SystemFilesTest, ReadsBelowItsRoot) {
  FakeSystem fake;
  fake.Set("/proc/loadavg", "0.50 0.40 0.30 1/100 42\n");
  fake.Set("/sys/a/value", " 17\n");
  fake.Set("/sys/a/word", "ondemand\n");
  const SystemFiles files = fake.files();
  EXPECT_EQ(*files.Text("/proc/loadavg"), "0.50 0.40 0.30 1/100 42");
  EXPECT_EQ(*files.Integer("/sys/a/value"), 17);
  EXPECT_EQ(files.Integer("/sys/a/word").status().message(),
            "/sys/a/word: expected a whole number, got \"ondemand\"");
  EXPECT_EQ(files.Text("/sys/b").status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(files.Names("/sys/a"), testing::ElementsAre("value", "word"));
  EXPECT_TRUE(files.Names("/sys/b").empty());
  EXPECT_TRUE(files.Exists("/sys/a"));
  EXPECT_FALSE(files.Exists("/sys/b"));
}

TEST(SystemFilesTest, WritesOnlyWhatExists) {
  FakeSystem fake;
  fake.Set("/proc/self/clear_refs", "");
  EXPECT_TRUE(fake.files().Write("/proc/self/clear_refs", "5").ok());
  EXPECT_EQ(*fake.files().Text("/proc/self/clear_refs"), "5");
  EXPECT_EQ(fake.files().Write("/proc/absent", "5").code(),
            absl::StatusCode::kNotFound);
}

TEST(SystemFilesTest, LoadsARecordedTree) {
  FakeSystem fake;
  fake.Load("=== /a/b\none\ntwo\n=== /a/c\n3\n");
  EXPECT_EQ(*fake.files().Text("/a/b"), "one\ntwo");
  EXPECT_EQ(*fake.files().Integer("/a/c"), 3);
}

TEST(SystemFilesTest, FieldsOfStatusFiles) {
  const char text[] = "VmPeak:\t  100 kB\nVmRSS:\t   40 kB\nmodel\t\t: 17\n";
  EXPECT_EQ(FieldOf(text, "VmRSS"), "40 kB");
  EXPECT_EQ(FieldOf(text, "model"), "17");
  EXPECT_EQ(FieldOf(text, "Vm"), "");
  EXPECT_EQ(FieldOf(text, "VmSwap"), "");
}

}  // namespace
}  // namespace assay
