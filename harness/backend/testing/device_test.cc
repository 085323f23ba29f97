// What every device promises, on each of them.
#include "harness/backend/device.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/testing/devices.h"
#include "harness/graph/builder.h"
#include "harness/graph/op_schema.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TensorType F32(Shape shape) { return {DType::kF32, std::move(shape)}; }

Tensor Floats(std::vector<float> values) {
  return Tensor::From<float>({static_cast<int64_t>(values.size())}, values);
}

std::vector<float> ToVector(const Tensor& t) {
  return {t.data<float>(), t.data<float>() + t.size()};
}

class DeviceTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    device_ = MakeTestDevice(GetParam());
    absl::StatusOr<std::unique_ptr<Stream>> stream = device_->NewStream();
    ASSERT_OK(stream.status());
    stream_ = *std::move(stream);
  }

  DeviceTensor Allocate(const TensorType& type) {
    absl::StatusOr<DeviceTensor> tensor = device_->Allocate(type);
    EXPECT_OK(tensor.status());
    return *tensor;
  }
  DeviceTensor Uploaded(const Tensor& value) {
    const DeviceTensor tensor = Allocate({value.dtype(), value.shape()});
    EXPECT_OK(device_->Upload(*stream_, value, tensor));
    EXPECT_OK(stream_->Synchronize());
    return tensor;
  }
  Tensor Downloaded(const DeviceTensor& tensor) {
    Tensor value(tensor.type.dtype, tensor.type.shape);
    EXPECT_OK(device_->Download(*stream_, tensor, &value));
    EXPECT_OK(stream_->Synchronize());
    return value;
  }
  std::unique_ptr<Program> Compiled(const Graph& graph) {
    absl::StatusOr<std::unique_ptr<Program>> program =
        device_->Compile(graph, {});
    EXPECT_OK(program.status());
    return *std::move(program);
  }

  std::unique_ptr<Device> device_;
  std::unique_ptr<Stream> stream_;
};

// sum = x + p, with p := sum afterwards.
Graph Accumulator() {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", DType::kF32, {2});
  const ValueId p = b.Parameter("p", DType::kF32, {2});
  const ValueId sum = b.Add(x, p);
  b.Output("sum", sum);
  b.Update(p, sum);
  EXPECT_OK(b.status());
  return graph;
}

TEST_P(DeviceTest, SaysWhatItIs) {
  EXPECT_EQ(device_->description().name, GetParam());
  EXPECT_FALSE(device_->description().hardware.empty());
  EXPECT_FALSE(device_->description().library.empty());
}

TEST_P(DeviceTest, CopiesRoundTripInEveryType) {
  for (const DType dtype :
       {DType::kF32, DType::kF64, DType::kBF16, DType::kS8, DType::kU8,
        DType::kS32, DType::kS64, DType::kBool}) {
    const Tensor value = Floats({1, 0, 3, 1}).Cast(dtype).Reshaped({2, 2});
    const DeviceTensor first = Uploaded(value);
    EXPECT_EQ(first.buffer->bytes(), value.bytes()) << Name(dtype);
    const DeviceTensor second = Allocate(first.type);
    ASSERT_OK(device_->Copy(*stream_, first, second));
    EXPECT_TRUE(BitEqual(Downloaded(second), value)) << Name(dtype);
  }
}

TEST_P(DeviceTest, ScalarsAreTensors) {
  const Tensor value = Tensor::From<float>({}, {2.5f});
  EXPECT_TRUE(BitEqual(Downloaded(Uploaded(value)), value));
}

TEST_P(DeviceTest, RefusesCopiesBetweenTypes) {
  const DeviceTensor two = Allocate(F32({2}));
  Tensor three(DType::kF32, {3});
  EXPECT_THAT(
      device_->Upload(*stream_, three, two),
      StatusIs(kInvalid, AllOf(HasSubstr("f32[3]"), HasSubstr("f32[2]"))));
  EXPECT_THAT(device_->Download(*stream_, two, &three),
              StatusIs(kInvalid, HasSubstr("f32[3]")));
  EXPECT_THAT(device_->Copy(*stream_, two, Allocate({DType::kS32, {2}})),
              StatusIs(kInvalid, HasSubstr("s32[2]")));
}

TEST_P(DeviceTest, RefusesAnAllocationBeyondMemory) {
  const TensorType huge = F32({int64_t{1} << 45});
  EXPECT_THAT(device_->Allocate(huge),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("140737488355328")));
}

TEST_P(DeviceTest, WorkOfOneStreamRunsInOrder) {
  const std::unique_ptr<Program> program = Compiled(Accumulator());
  const DeviceTensor p = Uploaded(Floats({0, 0}));
  const DeviceTensor x = Allocate(F32({2})), sum = Allocate(F32({2}));
  const Tensor one = Floats({1, 10}), two = Floats({2, 20});
  Tensor after_one(DType::kF32, {2}), after_two(DType::kF32, {2});
  ASSERT_OK(device_->Upload(*stream_, one, x));
  ASSERT_OK(program->Run(*stream_, {x}, {p}, {sum}));
  ASSERT_OK(device_->Download(*stream_, sum, &after_one));
  ASSERT_OK(device_->Upload(*stream_, two, x));
  ASSERT_OK(program->Run(*stream_, {x}, {p}, {sum}));
  ASSERT_OK(device_->Download(*stream_, sum, &after_two));
  ASSERT_OK(stream_->Synchronize());
  EXPECT_THAT(ToVector(after_one), ElementsAre(1, 10));
  EXPECT_THAT(ToVector(after_two), ElementsAre(3, 30));
  EXPECT_THAT(ToVector(Downloaded(p)), ElementsAre(3, 30));
}

TEST_P(DeviceTest, BuffersOutliveTheirHandlesWhileWorkIsQueued) {
  Tensor back(DType::kF32, {2});
  {
    const std::unique_ptr<Program> program = Compiled(Accumulator());
    const DeviceTensor p = Uploaded(Floats({1, 2})),
                       x = Uploaded(Floats({3, 4}));
    const DeviceTensor sum = Allocate(F32({2}));
    ASSERT_OK(program->Run(*stream_, {x}, {p}, {sum}));
    ASSERT_OK(device_->Download(*stream_, sum, &back));
    ASSERT_OK(stream_->Synchronize());
    ASSERT_OK(device_->Download(*stream_, p, &back));
  }
  ASSERT_OK(stream_->Synchronize());
  EXPECT_THAT(ToVector(back), ElementsAre(4, 6));
}

TEST_P(DeviceTest, UpdatesAndOutputsSeeTheParametersBeforeTheRun) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId p = b.Parameter("p", DType::kF32, {2});
  const ValueId q = b.Parameter("q", DType::kF32, {2});
  b.Output("old p", p);
  b.Output("sum", b.Add(p, q));
  b.Update(p, q);
  b.Update(q, p);
  ASSERT_OK(b.status());
  const std::unique_ptr<Program> program = Compiled(graph);
  const DeviceTensor dp = Uploaded(Floats({1, 2})),
                     dq = Uploaded(Floats({3, 4}));
  const DeviceTensor old = Allocate(F32({2})), sum = Allocate(F32({2}));
  ASSERT_OK(program->Run(*stream_, {}, {dp, dq}, {old, sum}));
  ASSERT_OK(stream_->Synchronize());
  EXPECT_THAT(ToVector(Downloaded(old)), ElementsAre(1, 2));
  EXPECT_THAT(ToVector(Downloaded(sum)), ElementsAre(4, 6));
  EXPECT_THAT(ToVector(Downloaded(dp)), ElementsAre(3, 4));
  EXPECT_THAT(ToVector(Downloaded(dq)), ElementsAre(1, 2));
}

TEST_P(DeviceTest, AnOutputMayBeAnInputAConstantOrAnotherOutput) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", DType::kF32, {2});
  const ValueId y = b.Op("neg", {x});
  b.Output("x again", x);
  b.Output("constant", b.Constant(Floats({7, 8})));
  b.Output("y", y);
  b.Output("y again", y);
  ASSERT_OK(b.status());
  const std::unique_ptr<Program> program = Compiled(graph);
  const DeviceTensor dx = Uploaded(Floats({1, 2}));
  std::vector<DeviceTensor> outputs;
  for (int i = 0; i < 4; ++i) outputs.push_back(Allocate(F32({2})));
  ASSERT_OK(program->Run(*stream_, {dx}, {}, outputs));
  ASSERT_OK(stream_->Synchronize());
  EXPECT_THAT(ToVector(Downloaded(outputs[0])), ElementsAre(1, 2));
  EXPECT_THAT(ToVector(Downloaded(outputs[1])), ElementsAre(7, 8));
  EXPECT_THAT(ToVector(Downloaded(outputs[2])), ElementsAre(-1, -2));
  EXPECT_THAT(ToVector(Downloaded(outputs[3])), ElementsAre(-1, -2));
}

TEST_P(DeviceTest, RunNamesAnOperandOfTheWrongTypeOrCount) {
  const std::unique_ptr<Program> program = Compiled(Accumulator());
  const DeviceTensor good = Allocate(F32({2})), bad = Allocate(F32({3}));
  EXPECT_THAT(
      program->Run(*stream_, {bad}, {good}, {good}),
      StatusIs(kInvalid, HasSubstr("input 'x': expected f32[2], got f32[3]")));
  EXPECT_THAT(program->Run(*stream_, {good}, {bad}, {good}),
              StatusIs(kInvalid, HasSubstr("parameter 'p'")));
  EXPECT_THAT(program->Run(*stream_, {good}, {good}, {bad}),
              StatusIs(kInvalid, HasSubstr("output 'sum'")));
  EXPECT_THAT(program->Run(*stream_, {good}, {}, {good}),
              StatusIs(kInvalid, HasSubstr("parameters: expected 1")));
  EXPECT_THAT(program->Run(*stream_, {{F32({2}), nullptr}}, {good}, {good}),
              StatusIs(kInvalid, HasSubstr("no buffer")));
}

TEST_P(DeviceTest, AProgramKeepsItsOwnGraph) {
  std::unique_ptr<Program> program;
  {
    const Graph graph = Accumulator();
    program = Compiled(graph);
  }
  EXPECT_EQ(program->graph().inputs().size(), 1u);
  EXPECT_EQ(program->graph().parameters().size(), 1u);
  EXPECT_EQ(program->graph().outputs()[0].name, "sum");
  EXPECT_GE(program->scratch_bytes(), 0);
}

absl::Status InferSame(InferContext& context) {
  context.outputs->push_back(*context.inputs[0]);
  return absl::OkStatus();
}

TEST_P(DeviceTest, AllUnsupportedNodesAreNamedAtOnce) {
  OpSet ops;
  for (const char* name : {"riddle", "enigma"}) {
    OpSchema schema;
    schema.name = name;
    schema.operands = "src";
    schema.infer = InferSame;
    ops.Add(std::move(schema));
  }
  Graph graph(ops);
  GraphBuilder b(&graph);
  const ValueId x = b.Input("x", DType::kF32, {2});
  b.Output("y", b.Op("enigma", {b.Op("riddle", {x})}));
  ASSERT_OK(b.status());
  EXPECT_THAT(device_->Supports(graph, 0),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("riddle")));
  EXPECT_THAT(device_->Compile(graph, {}).status(),
              StatusIs(absl::StatusCode::kUnimplemented,
                       AllOf(HasSubstr("riddle"), HasSubstr("enigma"))));
}

INSTANTIATE_TEST_SUITE_P(Devices, DeviceTest,
                         testing::ValuesIn(TestDeviceNames()),
                         [](const auto& device) { return device.param; });

}  // namespace
}  // namespace assay
