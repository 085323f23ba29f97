#include "harness/backend/registry.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

TEST(BackendRegistryTest, EveryBackendIsMadeUnderItsName) {
  for (const Backend& backend : Backends()) {
    auto device = MakeDevice(backend.name);
    ASSERT_TRUE(device.ok()) << device.status();
    EXPECT_EQ((*device)->description().name, backend.name);
  }
}

TEST(BackendRegistryTest, IsSorted) {
  EXPECT_TRUE(std::is_sorted(
      Backends().begin(), Backends().end(),
      [](const Backend& a, const Backend& b) { return a.name < b.name; }));
}

TEST(BackendRegistryTest, AnUnknownOneIsAnsweredWithTheList) {
  const absl::Status status = MakeDevice("abacus").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("cpu"));
}

}  // namespace
}  // namespace assay
