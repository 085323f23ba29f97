#include "harness/models/tflite/tflite.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/base/internal/endian.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/core/random.h"
#include "harness/core/status_macros.h"
#include "harness/graph/cost.h"
#include "harness/graph/reference.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/graph/verify.h"
#include "harness/measure/clock.h"
#include "harness/models/onnx/import/import.h"
#include "harness/models/registry.h"
#include "harness/models/tflite/flat_buffer.h"
#include "harness/ops/ops.h"
#include "harness/testing/mutate.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using ::testing::AnyOf;
using ::testing::Each;
using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr char kTestData[] = "harness/models/tflite/testdata";

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
  EXPECT_THAT(buffer.Numbers<int32_t>(root, 2), testing::ElementsAre(5, 6));
  EXPECT_TRUE(buffer.status().ok()) << buffer.status();
}

TEST(FlatBufferTest, TruncationIsAnErrorThatSticks) {
  const std::string bytes = SmallBuffer().substr(0, 36);
  FlatBuffer buffer(bytes, "cut.tflite");
  EXPECT_TRUE(buffer.Numbers<int32_t>(buffer.Root(), 2).empty());
  EXPECT_THAT(std::string(buffer.status().message()),
              HasSubstr("cut.tflite: offset 30: expected 8 bytes"));
  EXPECT_EQ(buffer.Scalar<int32_t>(buffer.Root(), 0, -1), -1);
}

// The small files, and MLPerf Tiny's where they are.
std::vector<std::string> Seeds() {
  std::vector<std::string> paths = {JoinPath(kTestData, "small_f32.tflite"),
                                    JoinPath(kTestData, "small_int8.tflite")};
  const char* data = std::getenv("ASSAY_DATA_DIR");
  if (data == nullptr) return paths;
  for (const char* file :
       {"ic01_resnet8_fp32.tflite", "ic01_resnet8_int8.tflite",
        "kws01_dscnn_fp32.tflite", "sww01_ref_int8.tflite"}) {
    paths.push_back(JoinPath(data, absl::StrCat("models/mlperf-tiny/", file)));
  }
  return paths;
}

// Changes anywhere, at the beginning or at the end, where the tables lie.
std::string Damaged(const std::string& whole, RandomStream* random) {
  const uint64_t where = random->Below(4);
  const size_t begin = where == 1 ? whole.size() - whole.size() / 4 : 0;
  const size_t size =
      where >= 2 ? std::min<size_t>(5000, whole.size()) : whole.size() - begin;
  return absl::StrCat(whole.substr(0, begin),
                      MutateBytes(whole.substr(begin, size), random),
                      whole.substr(begin + size));
}

TEST(FlatBufferTest, VectorsThatShareTheirBytesAreBounded) {
  const std::string bytes = SmallBuffer();
  FlatBuffer buffer(bytes, "x");
  for (int i = 0; i < 100; ++i) buffer.Numbers<int32_t>(buffer.Root(), 2);
  EXPECT_THAT(std::string(buffer.status().message()),
              HasSubstr("offset 26: the file's vectors lie upon one another"));
}

TEST(TfliteTest, RefusesOtherFiles) {
  EXPECT_THAT(ReadTflite("no model at all", "x"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("x: offset 4: expected the identifier TFL3")));
}

std::string FileBytes(const std::string& path) {
  const auto bytes = ReadFile(path);
  EXPECT_OK(bytes);
  return bytes.ok() ? *bytes : "";
}

// What LiteRT makes of the small files, which have every operator
// (tools/referee/tflite_golden.py).
std::vector<double> WantedOf(const std::string& file) {
  std::vector<double> wanted;
  for (const absl::string_view line :
       absl::StrSplit(FileBytes(JoinPath(kTestData, "small.txt")), '\n')) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    if (words[0] != file) continue;
    for (size_t i = 1; i < words.size(); ++i) {
      EXPECT_TRUE(absl::SimpleAtod(words[i], &wanted.emplace_back()));
    }
  }
  return wanted;
}

// Its input, channels first.
Tensor SmallInput() {
  Tensor x(DType::kF32, {1, 3, 6, 6});
  for (int64_t i = 0; i < x.size(); ++i) {
    const int64_t step = (i * 37 + 11) % 256 - 128;
    x.data<float>()[i % 3 * 36 + i / 3] = static_cast<float>(step - 3) * 0.05f;
  }
  return x;
}

void ExpectOutputs(const std::string& file, double scale, double zero_point,
                   double tolerance) {
  const std::vector<double> wanted = WantedOf(file);
  ASSERT_EQ(wanted.size(), 5u);
  ASSERT_OK_AND_ASSIGN(const OnnxModel model,
                       ReadTflite(FileBytes(JoinPath(kTestData, file)), file));
  ASSERT_OK_AND_ASSIGN(const OnnxNetwork network,
                       ImportOnnx(model, {}, StandardOps()));
  ASSERT_OK_AND_ASSIGN(
      const auto run,
      Evaluate(network.graph, {{"x", SmallInput()}}, network.parameters));
  const Tensor& y = run.outputs.at("y");
  ASSERT_EQ(y.shape(), (Shape{1, 5}));
  for (size_t i = 0; i < wanted.size(); ++i) {
    const double got = y.data<float>()[i] / scale + zero_point;
    EXPECT_NEAR(got, wanted[i], tolerance) << file << " " << i;
  }
}

TEST(TfliteTest, FloatsGiveLiteRtsOutputs) {
  ExpectOutputs("small_f32.tflite", 1, 0, 1e-6);
}

TEST(TfliteTest, IntegersGiveLiteRtsOutputsToAStep) {
  ExpectOutputs("small_int8.tflite", 1 / 256.0, -128, 1.001);
}

// Indices, offsets, extents and options, one at a time.
TEST(TfliteTest, EveryWordMayBeWrong) {
  for (const char* file : {"small_f32.tflite", "small_int8.tflite"}) {
    const std::string whole = FileBytes(JoinPath(kTestData, file));
    int64_t imported = 0, refused = 0;
    for (const int32_t wrong : {-1, 0, 1 << 30}) {
      for (size_t at = 0; at + 4 <= whole.size(); at += 4) {
        std::string damaged = whole;
        absl::little_endian::Store32(&damaged[at],
                                     static_cast<uint32_t>(wrong));
        const auto model = ReadTflite(damaged, file);
        const bool good =
            model.ok() && ImportOnnx(*model, {}, StandardOps()).ok();
        ++(good ? imported : refused);
      }
    }
    EXPECT_GT(imported, 0);
    EXPECT_GT(refused, 0);
  }
}

// $ASSAY_FUZZ_SECONDS: goes on for so long, with other seeds each round; then
// the file that is being read lies in $TEST_TMPDIR (or /tmp).
TEST(TfliteTest, DamageIsAnErrorOrAnotherNetworkNeverACrash) {
  const char* text = std::getenv("ASSAY_FUZZ_SECONDS");
  double seconds = 0;
  ASSERT_TRUE(text == nullptr || absl::SimpleAtod(text, &seconds));
  const char* folder = std::getenv("TEST_TMPDIR");
  const std::string kept =
      JoinPath(folder == nullptr ? "/tmp" : folder, "fuzz_case.tflite");
  const int64_t start = MonotonicClock().NowNs();
  int64_t tried = 0, imported = 0;
  uint64_t round = 0;
  do {
    for (const std::string& path : Seeds()) {
      const std::string whole = FileBytes(path);
      RandomStream random(round, path);
      for (int i = 0; i < 40; ++i) {
        const std::string damaged = Damaged(whole, &random);
        if (seconds > 0) {
          std::ofstream(kept, std::ios::binary) << damaged;
        }
        ++tried;
        const auto model = ReadTflite(damaged, "fuzz");
        if (!model.ok()) continue;
        const auto network = ImportOnnx(*model, {}, StandardOps());
        if (!network.ok()) continue;
        EXPECT_OK(Verify(network->graph));
        ++imported;
      }
    }
    ++round;
  } while (static_cast<double>(MonotonicClock().NowNs() - start) * 1e-9 <
           seconds);
  std::printf("%lld of %lld damaged files were imported\n",
              static_cast<long long>(imported), static_cast<long long>(tried));
}

class RealTfliteTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* data = std::getenv("ASSAY_DATA_DIR");
    if (data == nullptr) GTEST_SKIP() << "ASSAY_DATA_DIR is not set";
    folder_ = JoinPath(data, "models/mlperf-tiny");
  }
  absl::StatusOr<OnnxNetwork> Import(const std::string& file) {
    ASSAY_ASSIGN_OR_RETURN(
        const OnnxModel model,
        ReadTflite(FileBytes(JoinPath(folder_, file)), file));
    return ImportOnnx(model, {}, StandardOps());
  }
  std::string folder_;
};

TEST_F(RealTfliteTest, ResNet8HasItsNetworksCost) {
  ASSERT_OK_AND_ASSIGN(const OnnxNetwork resnet,
                       Import("ic01_resnet8_fp32.tflite"));
  const auto ours = BuildReferenceGraph("resnet8-b", StandardOps());
  EXPECT_EQ(CostOf(resnet.graph).macs, CostOf(ours->graph).macs);
  EXPECT_EQ(CostOf(resnet.graph).parameters, 77706);
  EXPECT_TRUE(resnet.parameters.Find("conv9.weights") != nullptr);
  EXPECT_TRUE(resnet.parameters.Find("linear1.bias") != nullptr);
}

// Every convolution and linear of the plan reads integers; averages and the
// softmax at the end are of floats.
TEST_F(RealTfliteTest, IntegerFilesBecomeIntegerPlans) {
  const std::map<std::string, int> layers = {{"ad01_autoencoder", 10},
                                             {"ic01_resnet8", 10},
                                             {"kws01_dscnn", 10},
                                             {"sww01_ref", 9},
                                             {"vww01_mobilenet", 28}};
  for (const auto& [name, count] : layers) {
    ASSERT_OK_AND_ASSIGN(const OnnxNetwork network,
                         Import(absl::StrCat(name, "_int8.tflite")));
    ASSERT_OK_AND_ASSIGN(const LoweredNetwork plan,
                         LowerForInference(network.graph, network.parameters));
    EXPECT_THAT(plan.left_in_float,
                Each(AnyOf(EndsWith("avg_pool"), EndsWith("softmax"))));
    int integers = 0;
    for (NodeId id = 0; id < plan.graph.node_count(); ++id) {
      const Node& node = plan.graph.node(id);
      if (node.op != "conv2d_fused" && node.op != "linear_fused") continue;
      const DType dtype = plan.graph.type(node.inputs[0]).dtype;
      integers += dtype == DType::kS8 || dtype == DType::kU8 ? 1 : 0;
    }
    EXPECT_EQ(integers, count) << name;
  }
}

}  // namespace
}  // namespace assay
