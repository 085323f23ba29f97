#include "harness/models/tflite/tflite.h"

#include <cstdlib>
#include <string>

#include "absl/base/internal/endian.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/core/random.h"
#include "harness/graph/cost.h"
#include "harness/models/registry.h"
#include "harness/models/tflite/flat_buffer.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

std::string U32(uint32_t value) {
  std::string bytes(4, '\0');
  absl::little_endian::Store32(&bytes[0], value);
  return bytes;
}
std::string U16(uint16_t value) {
  std::string bytes(2, '\0');
  absl::little_endian::Store16(&bytes[0], value);
  return bytes;
}

// A root table at 12 with a vtable at 4: field 0 an int, field 1 absent, field
// 2 a vector of two ints.
std::string SmallBuffer() {
  return absl::StrCat(U32(14), U16(10), U16(12), U16(4), U16(0),
                      U16(8),                   // vtable at 4
                      U32(10),                  // table at 14
                      U32(7), U32(4),           // fields 0 and 2
                      U32(2), U32(5), U32(6));  // the vector at 26
}

TEST(FlatBufferTest, ReadsFieldsAndPresets) {
  const std::string bytes = SmallBuffer();
  FlatBuffer buffer(bytes, "x");
  const FlatTable root = buffer.Root();
  EXPECT_EQ(buffer.Scalar<int32_t>(root, 0, -1), 7);
  EXPECT_EQ(buffer.Scalar<int32_t>(root, 1, -1), -1);
  EXPECT_EQ(buffer.Scalar<int32_t>(root, 9, -1), -1);
  EXPECT_THAT(buffer.Ints(root, 2), testing::ElementsAre(5, 6));
  EXPECT_TRUE(buffer.status().ok()) << buffer.status();
}

TEST(FlatBufferTest, TruncationIsAnErrorThatSticks) {
  const std::string bytes = SmallBuffer().substr(0, 36);
  FlatBuffer buffer(bytes, "cut.tflite");
  EXPECT_TRUE(buffer.Ints(buffer.Root(), 2).empty());
  EXPECT_THAT(std::string(buffer.status().message()),
              HasSubstr("cut.tflite: offset 30: expected 8 bytes"));
  EXPECT_EQ(buffer.Scalar<int32_t>(buffer.Root(), 0, -1), -1);
}

TEST(TfliteTest, RefusesOtherFiles) {
  EXPECT_THAT(
      std::string(ImportTflite("no model at all", "x", "image", StandardOps())
                      .status()
                      .message()),
      HasSubstr("expected the identifier TFL3"));
}

class RealTfliteTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* data = std::getenv("ASSAY_DATA_DIR");
    if (data == nullptr) GTEST_SKIP() << "ASSAY_DATA_DIR is not set";
    folder_ = JoinPath(data, "models/mlperf-tiny");
  }
  std::string Bytes(const std::string& file) {
    const auto bytes = ReadFile(JoinPath(folder_, file));
    EXPECT_TRUE(bytes.ok()) << bytes.status();
    return *bytes;
  }
  std::string folder_;
};

TEST_F(RealTfliteTest, ResNet8HasItsNetworksCost) {
  const auto resnet = ImportTflite(Bytes("ic01_resnet8_fp32.tflite"), "ic",
                                   "image", StandardOps());
  ASSERT_TRUE(resnet.ok()) << resnet.status();
  const auto ours = BuildReferenceGraph("resnet8-b", StandardOps());
  EXPECT_EQ(CostOf(resnet->graph).macs, CostOf(ours->graph).macs);
  EXPECT_EQ(CostOf(resnet->graph).parameters, 77706);
}

TEST_F(RealTfliteTest, IntegerWeightsAreRefused) {
  // The second is called float, but holds weights of 8 bits.
  for (const char* file :
       {"ic01_resnet8_int8.tflite", "kws01_dscnn_fp32.tflite"}) {
    const auto status =
        ImportTflite(Bytes(file), file, "image", StandardOps()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented) << status;
  }
}

TEST_F(RealTfliteTest, DamageIsAnErrorOrAnotherNetworkNeverACrash) {
  const std::string whole = Bytes("ic01_resnet8_fp32.tflite");
  for (size_t n = 0; n < whole.size(); n += 4999) {
    EXPECT_FALSE(
        ImportTflite(whole.substr(0, n), "x", "image", StandardOps()).ok())
        << n;
  }
  RandomStream stream(1, "damage");
  for (int i = 0; i < 300; ++i) {
    std::string bytes = whole;
    for (int k = 0; k < 8; ++k) {
      bytes[stream.Below(bytes.size())] = static_cast<char>(stream.NextU32());
    }
    (void)ImportTflite(bytes, "x", "image", StandardOps());
  }
}

}  // namespace
}  // namespace assay
