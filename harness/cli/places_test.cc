#include "harness/cli/places.h"

#include <cstdlib>

#include "gtest/gtest.h"

namespace assay {
namespace {

TEST(PlacesTest, RelativePathsMeanTheFolderWhereTheUserTyped) {
  setenv("BUILD_WORKING_DIRECTORY", "/home/user/work", 1);
  EXPECT_EQ(UserPath("out"), "/home/user/work/out");
  EXPECT_EQ(UserPath("/abs"), "/abs");
  unsetenv("BUILD_WORKING_DIRECTORY");
  EXPECT_EQ(UserPath("out"), "out");
}

TEST(PlacesTest, FlagsWinOverTheEnvironment) {
  setenv("ASSAY_DATA_DIR", "/env", 1);
  EXPECT_EQ(DataFolder("/flag"), "/flag");
  EXPECT_EQ(DataFolder(""), "/env");
  unsetenv("ASSAY_DATA_DIR");
  EXPECT_EQ(DataFolder(""), "");
}

TEST(PlacesTest, CacheFollowsTheDesktopConvention) {
  unsetenv("ASSAY_CACHE_DIR");
  setenv("XDG_CACHE_HOME", "/x", 1);
  EXPECT_EQ(CacheFolder(""), "/x/assay");
  unsetenv("XDG_CACHE_HOME");
  setenv("HOME", "/h", 1);
  EXPECT_EQ(CacheFolder(""), "/h/.cache/assay");
}

TEST(PlacesTest, NamesAreListedOrSaidToBeNone) {
  EXPECT_EQ(KnownNames({"a", "b"}), "a, b");
  EXPECT_NE(KnownNames({}).find("none: no plugins and suites lie beside "),
            std::string::npos);
}

TEST(PlacesTest, FindsTheRunningExecutable) {
  EXPECT_NE(ThisExecutable().find("places_test"), std::string::npos);
}

}  // namespace
}  // namespace assay
