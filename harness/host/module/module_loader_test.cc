#include "harness/host/module/module_loader.h"

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

constexpr char kFolder[] = "harness/host/module/";

std::string PathOf(absl::string_view name) {
  return std::string(kFolder) + std::string(name);
}

const void* FindNothing(assay_host*, assay_text) { return nullptr; }

ModuleOptions Options() {
  ModuleOptions options;
  options.find = &FindNothing;
  return options;
}

TEST(ModuleLoaderTest, OpensAndFindsByMethodId) {
  const auto module = Module::Open(PathOf("tiny_module.so"), Options());
  ASSERT_TRUE(module.ok()) << module.status();
  EXPECT_EQ((*module)->revision(), ASSAY_REVISION);
  EXPECT_EQ((*module)->count(), 1u);
  EXPECT_TRUE((*module)->Find("tiny").ok());
  EXPECT_THAT((*module)->Find("huge").status().ToString(),
              HasSubstr("has no method huge; it has: tiny"));
}

TEST(ModuleLoaderTest, OpensTwice) {
  const auto first = Module::Open(PathOf("tiny_module.so"), Options());
  const auto second = Module::Open(PathOf("tiny_module.so"), Options());
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(&(*first)->table(), &(*second)->table());
}

TEST(ModuleLoaderTest, PassesARefusalOnInWords) {
  ModuleOptions options = Options();
  options.revision_low = 7;
  options.revision_high = 9;
  const auto module = Module::Open(PathOf("tiny_module.so"), options);
  EXPECT_EQ(module.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(module.status().ToString(),
              HasSubstr("no ABI revision in common"));
  EXPECT_THAT(module.status().ToString(),
              HasSubstr("this module speaks revision 1, the host 7 to 9"));
}

TEST(ModuleLoaderTest, SaysWhatIsNoPlugin) {
  EXPECT_EQ(Module::Open(PathOf("absent.so"), Options()).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_THAT(
      Module::Open(PathOf("empty_module.so"), Options()).status().ToString(),
      HasSubstr("does not export assay_module_open_v1"));
  EXPECT_THAT(Module::Open(PathOf("module_loader_test.cc"), Options())
                  .status()
                  .ToString(),
              HasSubstr("cannot be loaded"));
}

}  // namespace
}  // namespace assay
