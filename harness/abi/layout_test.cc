// Pins the layout of every struct and table and the value of every enumerator:
// a released line may never change, new ones are added at the end of their
// struct. To accept additions:
//   ASSAY_UPDATE_GOLDEN=harness/abi/layout.golden (absolute path) on this test.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "harness/abi/assay.h"

namespace {

std::string Line(const std::string& name, size_t offset, size_t size) {
  return name + " " + std::to_string(offset) + " " + std::to_string(size);
}

std::vector<std::string> Layout() {
  return {
#define ASSAY_STRUCT(type) Line(#type, 0, sizeof(type)),
#define ASSAY_MEMBER(type, member) \
  Line(#type "." #member, offsetof(type, member), sizeof(type::member)),
#define ASSAY_VALUE(name) std::string(#name " = ") + std::to_string(name),
#include "harness/abi/layout_rows.inc"
#undef ASSAY_STRUCT
#undef ASSAY_MEMBER
#undef ASSAY_VALUE
  };
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(LayoutTest, IsAsReleased) {
  const std::string now = Joined(Layout());
  if (const char* path = std::getenv("ASSAY_UPDATE_GOLDEN")) {
    std::ofstream(path) << now;
    GTEST_SKIP() << "wrote " << path;
  }
  std::ifstream file("harness/abi/layout.golden");
  ASSERT_TRUE(file.good()) << "harness/abi/layout.golden";
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(now, golden.str())
      << "The ABI's layout changed. Appending is allowed (update the golden "
         "and CHANGELOG.md); everything else breaks released modules.";
}

TEST(LayoutTest, EveryStructBeginsWithItsSizeAndHasNoPadding) {
  size_t size = 0, end = 0;
  std::string type;
  for (const std::string& line : Layout()) {
    std::istringstream words(line);
    std::string name;
    size_t offset = 0, bytes = 0;
    if (!(words >> name >> offset >> bytes)) continue;
    if (name.find('.') == std::string::npos) {
      EXPECT_EQ(end, size) << type << " has padding at its end";
      type = name;
      size = bytes;
      end = 0;
      continue;
    }
    EXPECT_EQ(offset, end) << "padding before " << name;
    // Text, sinks and DLPack's structs are frozen for ever instead.
    if (offset == 0 && type.rfind("DL", 0) != 0 && type != "assay_text" &&
        type != "assay_text_sink") {
      EXPECT_EQ(name, type + ".size");
    }
    end = offset + bytes;
  }
}

TEST(LayoutTest, DlpackIsLayoutCompatible) {
  // The specification's offsets on a 64-bit machine.
  EXPECT_EQ(sizeof(DLTensor), 48u);
  EXPECT_EQ(offsetof(DLTensor, ndim), 16u);
  EXPECT_EQ(offsetof(DLTensor, dtype), 20u);
  EXPECT_EQ(offsetof(DLTensor, byte_offset), 40u);
  EXPECT_EQ(sizeof(DLManagedTensorVersioned), 80u);
  EXPECT_EQ(offsetof(DLManagedTensorVersioned, deleter), 16u);
  EXPECT_EQ(offsetof(DLManagedTensorVersioned, dl_tensor), 32u);
}

}  // namespace
