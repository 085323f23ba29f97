#include "harness/cli/infer_network.h"

#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/core/npy.h"
#include "harness/core/tensor.h"
#include "harness/models/onnx/proto/onnx_model.h"
#include "harness/models/onnx/proto/write_model.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// z = x + 2 reshape(y, shape), with an open batch.
class InferNetworkTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        JoinPath(testing::TempDir(),
                 testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    OnnxModel model;
    model.opsets[""] = 17;
    OnnxGraph& g = model.graph;
    g.name = "g";
    g.nodes.push_back({"r", "Reshape", "", {"y", "shape"}, {"r"}, {}});
    g.nodes.push_back({"a", "Add", "", {"r", "r"}, {"a"}, {}});
    g.nodes.push_back({"b", "Add", "", {"x", "a"}, {"z"}, {}});
    g.inputs.push_back({"x", OnnxType::kFloat, {{{-1, "n"}, {2, ""}}}});
    g.inputs.push_back({"y", OnnxType::kFloat, {{{-1, "m"}}}});
    g.inputs.push_back({"shape", OnnxType::kInt64, {{{2, ""}}}});
    g.outputs.push_back({"z", OnnxType::kFloat, {}});
    ASSERT_OK_AND_ASSIGN(const std::string bytes, SerializeOnnxModel(model));
    ASSERT_OK(WriteFileAtomically(Path("m.onnx"), bytes));
    Write("x.npy", Tensor::From<float>({1, 2}, {1, 2}));
    Write("y.npy", Tensor::From<float>({2}, {10, 20}));
    Write("shape.npy", Tensor::From<int64_t>({2}, {1, 2}));
    Write("z.npy", Tensor::From<float>({1, 2}, {21, 42}));
    request_.path = Path("m.onnx");
  }
  std::string Path(const std::string& name) const {
    return JoinPath(folder_, name);
  }
  void Write(const std::string& name, const Tensor& value) const {
    ASSERT_OK(WriteFileAtomically(Path(name), *SerializeNpy(value)));
  }
  void Give(const std::string& name) {
    request_.inputs.push_back({name, Path(name + ".npy")});
  }

  std::string folder_;
  InferRequest request_;
};

TEST_F(InferNetworkTest, RunsOnGivenInputs) {
  for (const char* name : {"x", "y", "shape"}) Give(name);
  request_.expects.push_back({"", Path("z.npy")});
  for (const bool as_written : {false, true}) {
    request_.as_written = as_written;
    ASSERT_OK_AND_ASSIGN(auto network, InferNetwork::Make(request_));
    ASSERT_OK(network->Run());
    ASSERT_OK_AND_ASSIGN(const auto outputs, network->Outputs());
    ASSERT_EQ(outputs.size(), 1u);
    EXPECT_TRUE(BitEqual(outputs[0].value, network->expected().at("z")));
    EXPECT_THAT(network->bound(), ElementsAre("shape"));
  }
}

// y = flag ? a + a : -a
TEST_F(InferNetworkTest, ARunDecidesConditionals) {
  OnnxModel model;
  model.opsets[""] = 17;
  const auto branch = [](OnnxNode node, const std::string& result) {
    OnnxGraph graph;
    graph.name = result;
    graph.nodes = {std::move(node)};
    graph.outputs = {{result, OnnxType::kFloat, {}}};
    return std::make_shared<const OnnxGraph>(std::move(graph));
  };
  OnnxNode choice{"choice", "If", "", {"flag"}, {"y"}, {}};
  choice.attributes["then_branch"] =
      branch({"t", "Add", "", {"x", "x"}, {"t"}, {}}, "t");
  choice.attributes["else_branch"] =
      branch({"e", "Neg", "", {"x"}, {"e"}, {}}, "e");
  model.graph.name = "g";
  model.graph.nodes = {choice};
  model.graph.inputs = {{"flag", OnnxType::kBool, {{}}},
                        {"x", OnnxType::kFloat, {{{1, ""}, {2, ""}}}}};
  model.graph.outputs = {{"y", OnnxType::kFloat, {}}};
  ASSERT_OK_AND_ASSIGN(const std::string bytes, SerializeOnnxModel(model));
  ASSERT_OK(WriteFileAtomically(Path("m.onnx"), bytes));
  for (const char* name : {"flag", "x"}) Give(name);
  for (const bool flag : {true, false}) {
    Write("flag.npy", Tensor::From<bool>({}, {flag}));
    for (const bool as_written : {false, true}) {
      request_.as_written = as_written;
      ASSERT_OK_AND_ASSIGN(auto network, InferNetwork::Make(request_));
      ASSERT_OK(network->Run());
      ASSERT_OK_AND_ASSIGN(const auto outputs, network->Outputs());
      EXPECT_EQ(outputs[0].value.data<float>()[1], flag ? 4 : -2);
      EXPECT_EQ(network->path(), flag ? "0+" : "0-");
      EXPECT_TRUE(network->bound().empty());
    }
  }
}

TEST_F(InferNetworkTest, NamesWhatIsMissingOrUnknown) {
  Give("y");
  Give("shape");
  EXPECT_THAT(InferNetwork::Make(request_).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("--input for x f32[1,2]")));
  request_.inputs.push_back({"w", Path("x.npy")});
  EXPECT_THAT(InferNetwork::Make(request_).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("'w' is no input of the network")));
}

TEST_F(InferNetworkTest, ReadsOnnxsTestData) {
  InferRequest request;
  EXPECT_THAT(AddDataSet(folder_, &request),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("input_0.pb")));
  OnnxTensor tensor{"x", OnnxType::kFloat, Tensor::From<float>({1}, {1})};
  for (const char* name : {"input_0.pb", "input_1.pb", "output_0.pb"}) {
    ASSERT_OK(WriteFileAtomically(Path(name), *SerializeOnnxTensor(tensor)));
  }
  ASSERT_OK(AddDataSet(folder_, &request));
  EXPECT_EQ(request.inputs.size(), 2u);
  EXPECT_EQ(request.expects.size(), 1u);
}

TEST(CompareOutputsTest, MeasuresByTheLargestMagnitude) {
  const Tensor want = Tensor::From<float>({3}, {0, -4, NAN});
  const Tensor got = Tensor::From<float>({3}, {1, -4, NAN});
  ASSERT_OK_AND_ASSIGN(const Difference d, CompareOutputs(want, got));
  EXPECT_EQ(d.absolute, 1);
  EXPECT_EQ(d.relative, 0.25);
  ASSERT_OK_AND_ASSIGN(
      const Difference off,
      CompareOutputs(want, Tensor::From<float>({3}, {0, -4, 1})));
  EXPECT_EQ(off.absolute, HUGE_VAL);
  EXPECT_FALSE(CompareOutputs(want, Tensor::From<float>({1}, {0})).ok());
}

}  // namespace
}  // namespace assay
