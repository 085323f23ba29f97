#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/core/tensor.h"
#include "harness/models/onnx/proto/onnx_model.h"
#include "harness/models/onnx/proto/read_model.h"
#include "harness/models/onnx/proto/write_model.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

OnnxTensor Named(std::string name, Tensor value) {
  return {std::move(name), ToOnnxType(value.dtype()), std::move(value)};
}

// One node with an attribute of every kind, one initializer.
OnnxModel SmallModel() {
  OnnxModel model;
  model.opsets[""] = 17;
  model.producer_name = "assay";
  model.metadata["labels"] = "cat,dog";
  model.graph.name = "g";
  auto body = std::make_shared<OnnxGraph>();
  body->name = "body";
  OnnxNode node;
  node.name = "n";
  node.op = "Op";
  node.inputs = {"x", "", "w"};
  node.outputs = {"y"};
  node.attributes["axis"] = int64_t{-1};
  node.attributes["alpha"] = 0.5f;
  node.attributes["mode"] = std::string("fast");
  node.attributes["pads"] = std::vector<int64_t>{1, 2};
  node.attributes["scales"] = std::vector<float>{0.5f, 2.0f};
  node.attributes["names"] = std::vector<std::string>{"a", "b"};
  node.attributes["value"] = Named("v", Tensor::From<int64_t>({1}, {7}));
  node.attributes["body"] = std::shared_ptr<const OnnxGraph>(body);
  model.graph.nodes.push_back(node);
  model.graph.initializers.push_back(
      Named("w", Tensor::From<float>({2, 2}, {1, 2, 3, 4})));
  model.graph.inputs.push_back(
      {"x", OnnxType::kFloat, {{{-1, "batch"}, {2, ""}}}});
  model.graph.outputs.push_back({"y", OnnxType::kFloat, {}});
  return model;
}

// A folder of its own for each test.
class ModelFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        JoinPath(testing::TempDir(),
                 testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    ASSERT_OK(MakeFolders(folder_));
  }
  std::string Path(const std::string& name) const {
    return JoinPath(folder_, name);
  }
  void Write(const std::string& name, const std::string& bytes) const {
    ASSERT_OK(WriteFileAtomically(Path(name), bytes));
  }

  std::string folder_;
};

TEST_F(ModelFileTest, KeepsFunctions) {
  OnnxModel model = SmallModel();
  OnnxFunction function;
  function.name = "silu";
  function.domain = "assay";
  function.inputs = {"x0"};
  function.outputs = {"y0"};
  function.attributes = {"axis"};
  function.opsets[""] = 17;
  function.nodes = model.graph.nodes;
  model.functions.push_back(function);
  ASSERT_OK_AND_ASSIGN(const std::string bytes, SerializeOnnxModel(model));
  ASSERT_OK_AND_ASSIGN(const OnnxModel read, ParseOnnxModel(bytes, "m", ""));
  ASSERT_EQ(read.functions.size(), 1u);
  EXPECT_EQ(read.functions[0].name, "silu");
  EXPECT_EQ(read.functions[0].domain, "assay");
  EXPECT_EQ(read.functions[0].inputs, function.inputs);
  EXPECT_EQ(read.functions[0].outputs, function.outputs);
  EXPECT_EQ(read.functions[0].attributes, function.attributes);
  EXPECT_EQ(read.functions[0].opsets, function.opsets);
  ASSERT_EQ(read.functions[0].nodes.size(), 1u);
  EXPECT_EQ(read.functions[0].nodes[0].op, "Op");
}

TEST_F(ModelFileTest, WritesWhatItReads) {
  ASSERT_OK_AND_ASSIGN(const std::string bytes,
                       SerializeOnnxModel(SmallModel()));
  Write("m.onnx", bytes);
  ASSERT_OK_AND_ASSIGN(const OnnxModel model, ReadOnnxModel(Path("m.onnx")));
  EXPECT_EQ(model.opsets.at(""), 17);
  EXPECT_EQ(model.metadata.at("labels"), "cat,dog");
  ASSERT_EQ(model.graph.nodes.size(), 1u);
  EXPECT_EQ(model.graph.nodes[0].inputs[1], "");
  EXPECT_EQ(model.graph.nodes[0].attributes.size(), 8u);
  EXPECT_EQ(model.graph.inputs[0].dimensions->at(0).symbol, "batch");
  EXPECT_FALSE(model.graph.outputs[0].dimensions.has_value());
  EXPECT_TRUE(BitEqual(model.graph.initializers[0].value,
                       Tensor::From<float>({2, 2}, {1, 2, 3, 4})));
  ASSERT_OK_AND_ASSIGN(const std::string again, SerializeOnnxModel(model));
  EXPECT_EQ(again, bytes);
}

TEST_F(ModelFileTest, RefusesCutFiles) {
  ASSERT_OK_AND_ASSIGN(const std::string bytes,
                       SerializeOnnxModel(SmallModel()));
  for (size_t size = 0; size < bytes.size(); ++size) {
    const absl::StatusOr<OnnxModel> model =
        ParseOnnxModel(bytes.substr(0, size), "cut", "");
    if (!model.ok()) {
      EXPECT_THAT(model, StatusIs(kInvalid, HasSubstr("cut: ")));
    }
  }
  EXPECT_THAT(ParseOnnxModel(bytes.substr(0, bytes.size() - 9), "cut", ""),
              StatusIs(kInvalid, HasSubstr("cut short")));
}

TEST_F(ModelFileTest, RefusesAbsurdSizesBeforeMemoryIsAskedFor) {
  // A TensorProto of dims [2^40], FLOAT, without data.
  const std::string dims("\x08\x80\x80\x80\x80\x80\x80\x01\x10\x01", 10);
  Write("t.pb", dims);
  EXPECT_THAT(ReadOnnxTensor(Path("t.pb")),
              StatusIs(kInvalid, HasSubstr("bytes allowed for tensors")));
  // [2^30] of INT8.
  Write("t.pb", std::string("\x08\x80\x80\x80\x80\x04\x10\x03", 8));
  EXPECT_THAT(ReadOnnxTensor(Path("t.pb")),
              StatusIs(kInvalid, HasSubstr("more than the elements that")));
}

// A TensorProto that lies in a file: f32 [extent].
std::string External(char extent, const std::string& location,
                     const std::string& offset, const std::string& length) {
  std::string bytes = {0x08, extent, 0x10, 0x01};
  const auto entry = [&](const std::string& key, const std::string& value) {
    const std::string body = std::string("\x0a") +
                             static_cast<char>(key.size()) + key + "\x12" +
                             static_cast<char>(value.size()) + value;
    bytes += "\x6a" + std::string(1, static_cast<char>(body.size())) + body;
  };
  entry("location", location);
  if (!offset.empty()) entry("offset", offset);
  if (!length.empty()) entry("length", length);
  return bytes + "\x70\x01";
}

TEST_F(ModelFileTest, ReadsExternalDataBesideTheModel) {
  Write("data.bin", std::string("____\0\0\x80\x3f\0\0\0\x40", 12));
  Write("t.pb", External(2, "data.bin", "4", "8"));
  ASSERT_OK_AND_ASSIGN(const OnnxTensor tensor, ReadOnnxTensor(Path("t.pb")));
  EXPECT_TRUE(BitEqual(tensor.value, Tensor::From<float>({2}, {1, 2})));
}

TEST_F(ModelFileTest, RefusesExternalDataElsewhere) {
  Write("data.bin", std::string(12, 'x'));
  ASSERT_OK(MakeFolders(Path("in")));
  std::filesystem::create_symlink(Path("data.bin"), Path("in/link"));
  ASSERT_EQ(mkfifo(Path("in/pipe").c_str(), 0600), 0);
  Write("in/short", "1234");
  const auto refused = [&](const std::string& location,
                           const std::string& offset,
                           const std::string& length) {
    Write("in/t.pb", External(2, location, offset, length));
    return ReadOnnxTensor(Path("in/t.pb")).status();
  };
  EXPECT_THAT(refused("../data.bin", "", ""),
              StatusIs(kInvalid, HasSubstr("'..' leads out")));
  EXPECT_THAT(refused("/etc/passwd", "", ""),
              StatusIs(kInvalid, HasSubstr("relative to the model")));
  EXPECT_THAT(refused("link", "", ""),
              StatusIs(kInvalid, HasSubstr("a link leads out")));
  EXPECT_THAT(refused("pipe", "", ""),
              StatusIs(kInvalid, HasSubstr("a regular file")));
  EXPECT_THAT(refused("", "", ""), StatusIs(kInvalid, HasSubstr("a path")));
  EXPECT_THAT(refused("short", "", ""),
              StatusIs(kInvalid, HasSubstr("expected 8 bytes")));
  EXPECT_THAT(refused("short", "5", ""),
              StatusIs(kInvalid, HasSubstr("offset 5 is outside")));
  EXPECT_THAT(refused("short", "2", "8"),
              StatusIs(kInvalid, HasSubstr("reach past the file")));
  EXPECT_THAT(refused("short", "-1", ""),
              StatusIs(kInvalid, HasSubstr("offset: expected a count")));
  EXPECT_THAT(refused("none", "", ""),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none")));
}

TEST_F(ModelFileTest, ReadsBoolsOfAnyByte) {
  // dims [2], BOOL, raw_data {2, 0}.
  Write("t.pb", std::string("\x08\x02\x10\x09\x4a\x02\x02\x00", 8));
  ASSERT_OK_AND_ASSIGN(const OnnxTensor tensor, ReadOnnxTensor(Path("t.pb")));
  EXPECT_EQ(static_cast<const uint8_t*>(tensor.value.raw())[0], 1);
}

}  // namespace
}  // namespace assay
