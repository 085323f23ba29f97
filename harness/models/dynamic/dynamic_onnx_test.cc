// Networks with control flow as ONNX and back: the interpreter gives the same
// bits, by the same decisions.
#include <cstdint>
#include <map>
#include <string>

#include "gtest/gtest.h"
#include "harness/core/tensor.h"
#include "harness/dynamic/interpreter.h"
#include "harness/models/dynamic/testing/dynamic_cases.h"
#include "harness/models/onnx/export/export_dynamic.h"
#include "harness/models/onnx/import/import_dynamic.h"
#include "harness/models/onnx/proto/onnx_model.h"
#include "harness/models/onnx/proto/read_model.h"
#include "harness/models/onnx/proto/write_model.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

constexpr int64_t kSamples = 8;

class DynamicOnnxTest : public testing::TestWithParam<std::string> {};

// Paths without the numbers of the conditionals, which a branch that takes the
// rest of the network with it changes.
std::string Falls(const Path& path) {
  std::string falls;
  for (const PathStep& step : path) falls += step.holds ? '+' : '-';
  return falls;
}

TEST_P(DynamicOnnxTest, ComesBackAsItWas) {
  // A sample of MobileNet takes the references a second.
  const int64_t samples = GetParam() == "mobilenet-exits" ? 2 : kSamples;
  ASSERT_OK_AND_ASSIGN(const DynamicCase c,
                       MakeDynamicCase(GetParam(), CaseSize::kSmall, samples));
  ASSERT_OK_AND_ASSIGN(const OnnxModel model,
                       ExportDynamicOnnx(c.network.graph, c.parameters));
  EXPECT_TRUE(HasControlFlow(model));
  ASSERT_OK_AND_ASSIGN(const std::string bytes, SerializeOnnxModel(model));
  ASSERT_OK_AND_ASSIGN(const OnnxModel read, ParseOnnxModel(bytes, "m", ""));
  ASSERT_OK_AND_ASSIGN(const OnnxDynamicNetwork back,
                       ImportDynamicOnnx(read, {}, StandardOps()));
  EXPECT_TRUE(Decides(back.graph));
  Interpreter here(&c.network.graph, &c.parameters);
  Interpreter there(&back.graph, &back.parameters);
  for (int64_t sample = 0; sample < samples; ++sample) {
    ASSERT_OK_AND_ASSIGN(const DynamicResult want,
                         here.Run(SampleOf(c, sample)));
    ASSERT_OK_AND_ASSIGN(const DynamicResult got,
                         there.Run(SampleOf(c, sample)));
    for (const auto& [name, value] : want.outputs) {
      EXPECT_TRUE(BitEqual(value, got.outputs.at(name))) << name;
    }
    EXPECT_EQ(Falls(want.paths[0]), Falls(got.paths[0]));
  }
}

INSTANTIATE_TEST_SUITE_P(All, DynamicOnnxTest,
                         testing::ValuesIn(DynamicCaseNames()),
                         [](const auto& row) {
                           std::string name = row.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

bool HasLoop(const OnnxModel& model) {
  for (const OnnxNode& node : model.graph.nodes) {
    if (node.op == "Loop") return true;
  }
  return false;
}

TEST(DynamicOnnxLoopTest, StaysALoopUnlessWrittenOut) {
  ASSERT_OK_AND_ASSIGN(const DynamicCase c,
                       MakeDynamicCase("greedy", CaseSize::kSmall, 4));
  ASSERT_OK_AND_ASSIGN(const OnnxModel loop,
                       ExportDynamicOnnx(c.network.graph, c.parameters));
  EXPECT_TRUE(HasLoop(loop));
  ASSERT_OK_AND_ASSIGN(
      const OnnxModel flat,
      ExportDynamicOnnx(c.network.graph, c.parameters, {.unroll_limit = 16}));
  EXPECT_FALSE(HasLoop(flat));
}

}  // namespace
}  // namespace assay
