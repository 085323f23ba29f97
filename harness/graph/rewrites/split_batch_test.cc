#include "harness/graph/rewrites/split_batch.h"

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/random.h"
#include "harness/core/shape.h"
#include "harness/graph/builder.h"
#include "harness/graph/parameter_store.h"
#include "harness/graph/reference.h"
#include "harness/ops/ops.h"
#include "harness/testing/status_matchers.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;
using testing::HasSubstr;

constexpr int64_t kBatch = 4;

Tensor Normal(Shape shape, const char* name) {
  Tensor tensor(DType::kF32, std::move(shape));
  RandomStream(3, name).FillNormal(tensor.span<float>(), 0, 1);
  return tensor;
}

// Samples [first, first + count) of a batch.
Tensor Part(const Tensor& whole, int64_t first, int64_t count) {
  const int64_t rows = whole.dim(0) / kBatch;
  Shape shape = whole.shape();
  shape[0] = rows * count;
  Tensor part(whole.dtype(), shape);
  const int64_t sample = whole.bytes() / kBatch;
  std::memcpy(part.raw(),
              static_cast<const char*>(whole.raw()) + first * sample,
              static_cast<size_t>(count * sample));
  return part;
}

std::map<std::string, Tensor> Run(const Graph& graph, const Tensor& input) {
  auto run = Evaluate(graph, {{"src", input}}, ParameterStore());
  EXPECT_OK(run.status());
  return run->outputs;
}

// Every division of the batch, part by part, against the whole: to the bit.
void ExpectParts(const Graph& graph) {
  const Tensor input = Normal(graph.shape(graph.inputs()[0]), "src");
  const auto whole = Run(graph, input);
  for (const int64_t samples : {1, 2, 4}) {
    const auto split = SplitBatch(graph, samples);
    ASSERT_OK(split.status());
    for (int64_t first = 0; first < kBatch; first += samples) {
      for (const auto& [name, got] :
           Run(split->graph, Part(input, first, samples))) {
        const Tensor want = Part(whole.at(name), first, samples);
        ASSERT_EQ(want.shape(), got.shape()) << name;
        EXPECT_EQ(std::memcmp(want.raw(), got.raw(),
                              static_cast<size_t>(got.bytes())),
                  0)
            << name << ", samples from " << first;
      }
    }
  }
}

struct Net {
  explicit Net(Shape shape) : b(&graph) {
    src = b.Input("src", DType::kF32, std::move(shape));
  }
  Graph graph{StandardOps()};
  GraphBuilder b;
  ValueId src;
};

TEST(SplitBatchTest, Images) {
  Net net({kBatch, 4, 6, 6});
  GraphBuilder& b = net.b;
  ValueId v = b.Op("conv2d", {net.src, b.Constant(Normal({8, 4, 3, 3}, "w"))});
  v = b.Op("relu", {v});
  v = b.Op("add", {v, b.Op("mul", {v, b.Constant(Normal({8, 1, 1}, "m"))})});
  v = b.Op("max_pool", {v}, {{"kernel", Ints{2, 2}}, {"strides", Ints{2, 2}}});
  v = b.Op("pad", {v},
           {{"before", Ints{0, 0, 1, 0}}, {"after", Ints{0, 0, 0, 1}}});
  v = b.Op("reduce_mean", {v}, {{"axes", Ints{2, 3}}});
  v = b.Op("linear", {v, b.Constant(Normal({5, 8}, "l"))});
  b.Output("dst", b.Op("softmax", {v}));
  ASSERT_OK(b.status());
  ExpectParts(net.graph);
}

// As a transformer's exporter spells it: the batch in shapes, slices and a
// token that was broadcast when constants were folded.
TEST(SplitBatchTest, SequencesThatSpellTheBatchOut) {
  Net net({kBatch, 3, 8});
  GraphBuilder& b = net.b;
  Tensor token = Tensor::Zeros(DType::kF32, {kBatch, 1, 8});
  for (int64_t i = 0; i < token.size(); ++i) {
    token.data<float>()[i] = static_cast<float>(i % 8);
  }
  ValueId v =
      b.Op("concat", {b.Constant(token), net.src}, {{"axis", int64_t{1}}});
  v = b.Op("reshape", {v}, {{"shape", Ints{kBatch * 4, 8}}});
  v = b.Op("linear", {v, b.Constant(Normal({24, 8}, "w"))});
  v = b.Op("reshape", {v}, {{"shape", Ints{kBatch, 4, 3, 2, 4}}});
  v = b.Op("transpose", {v}, {{"permutation", Ints{0, 2, 3, 1, 4}}});
  const auto third = [&](int64_t i) {
    const ValueId part = b.Op("slice", {v},
                              {{"starts", Ints{0, i, 0, 0, 0}},
                               {"ends", Ints{kBatch, i + 1, 2, 4, 4}}});
    return b.Op("reshape", {part}, {{"shape", Ints{kBatch, 2, 4, 4}}});
  };
  ValueId scores =
      b.Op("matmul", {third(0), third(1)}, {{"transpose_b", int64_t{1}}});
  scores = b.Op("add", {scores, b.Constant(Normal({1, 1, 4, 4}, "mask"))});
  v = b.Op("matmul", {b.Op("softmax", {scores}), third(2)});
  const ValueId index = b.Constant(Tensor::Zeros(DType::kS32, {}));
  b.Output("dst", b.Op("gather", {v, index}, {{"axis", int64_t{2}}}));
  ASSERT_OK(b.status());
  ExpectParts(net.graph);
}

TEST(SplitBatchTest, AttentionReadsItsOwnSample) {
  Net net({kBatch, 3, 24});  // query, key and value of two heads of 4
  GraphBuilder& b = net.b;
  const Attributes attributes = {{"extents", Ints{kBatch, 2, 3, 3, 4}},
                                 {"query_view", Ints{0, 72, 4, 24}},
                                 {"key_view", Ints{8, 72, 4, 24}},
                                 {"value_view", Ints{16, 72, 4, 24}}};
  b.Output("dst",
           b.Op("attention_fused", {net.src, net.src, net.src}, attributes));
  ASSERT_OK(b.status());
  ExpectParts(net.graph);
}

Tensor RandomBytes(Shape shape, const char* name) {
  Tensor tensor(DType::kU8, std::move(shape));
  RandomStream random(3, name);
  for (uint8_t& x : tensor.span<uint8_t>()) {
    x = static_cast<uint8_t>(random.Below(256));
  }
  return tensor;
}

TEST(SplitBatchTest, LayersOfFourBitWeights) {
  constexpr int64_t kInputs = 40, kOutputs = 5, kGroups = 3;  // of 16
  for (const Shape& shape : {Shape{kBatch, kInputs}, Shape{kBatch, 3, kInputs},
                             Shape{kBatch * 2, kInputs}}) {
    for (const bool zero_points : {false, true}) {
      Net net({kBatch, ElementCount(shape) / kBatch});
      GraphBuilder& b = net.b;
      std::vector<ValueId> operands = {
          b.Op("reshape", {net.src}, {{"shape", Ints(shape)}}),
          b.Constant(RandomBytes({kOutputs, kGroups, 8}, "weights")),
          b.Constant(Normal({kOutputs, kGroups}, "scales"))};
      if (zero_points) {
        operands.push_back(
            b.Constant(RandomBytes({kOutputs, (kGroups + 1) / 2}, "zeros")));
        operands.push_back(b.Constant(Normal({kOutputs}, "bias")));
      }
      b.Output("dst", b.Op("linear_u4", operands));
      ASSERT_OK(b.status());
      ExpectParts(net.graph);
    }
  }
}

// The messages name the node.
void ExpectRefused(Net& net, ValueId v) {
  const std::string name = net.graph.value(v).name;
  net.b.Output("dst", v);
  ASSERT_OK(net.b.status());
  const auto split = SplitBatch(net.graph, 1);
  EXPECT_EQ(split.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(split.status().message()), HasSubstr(name));
}

TEST(SplitBatchTest, RefusesWhatMixesSamples) {
  {
    Net net({kBatch, 3});
    ExpectRefused(net, net.b.Op("softmax", {net.src}, {{"axis", int64_t{0}}}));
  }
  {
    Net net({kBatch, 3});
    ExpectRefused(net, net.b.Op("reduce_sum", {net.src}));
  }
  {
    Net net({kBatch, 3});
    ExpectRefused(
        net, net.b.Op("transpose", {net.src}, {{"permutation", Ints{1, 0}}}));
  }
  {
    Net net({kBatch, 3});
    ExpectRefused(net,
                  net.b.Op("slice", {net.src},
                           {{"starts", Ints{1, 0}}, {"ends", Ints{3, 3}}}));
  }
  {
    Net net({kBatch, 3});
    ExpectRefused(net, net.b.Op("matmul", {net.src, net.src},
                                {{"transpose_b", int64_t{1}}}));
  }
  {
    Net net({kBatch, 3});
    ExpectRefused(net, net.b.Op("reshape", {net.src}, {{"shape", Ints{3, 4}}}));
  }
  {  // other values for each sample
    Net net({kBatch, 3});
    const ValueId rows = net.b.Constant(Normal({kBatch, 3}, "rows"));
    ExpectRefused(net, net.b.Op("add", {net.src, rows}));
  }
  {  // scales per sample
    Net net({kBatch, 3});
    const ValueId scales = net.b.Constant(Tensor::Zeros(DType::kF32, {kBatch}));
    const ValueId zeros = net.b.Constant(Tensor::Zeros(DType::kS32, {kBatch}));
    ExpectRefused(net, net.b.Op("quantize_linear", {net.src, scales, zeros}));
  }
}

TEST(SplitBatchTest, RefusesOutputsThatAreTheSameForAll) {
  Net net({kBatch, 3});
  net.b.Output("dst", net.b.Op("relu", {net.b.Constant(Normal({3}, "c"))}));
  ASSERT_OK(net.b.status());
  EXPECT_EQ(SplitBatch(net.graph, 1).status().code(),
            absl::StatusCode::kUnimplemented);
}

TEST(SplitBatchTest, RefusesWhatDoesNotDivide) {
  Net net({kBatch, 3});
  net.b.Output("dst", net.b.Op("relu", {net.src}));
  ASSERT_OK(net.b.status());
  for (const int64_t samples : {0, 3, 8}) {
    EXPECT_EQ(SplitBatch(net.graph, samples).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace assay
