// Multiply-accumulates per second of the references that whole networks run on
// (scores in f64): the layers of a ResNet-20 and of a small transformer.
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "harness/core/random.h"
#include "harness/core/tensor.h"
#include "harness/graph/graph.h"
#include "harness/graph/op_schema.h"
#include "harness/graph/reference.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

Tensor Random(DType dtype, const Shape& shape) {
  Tensor values(DType::kF32, shape);
  RandomStream(0, "benchmark").FillUniform(values.span<float>(), -1, 1);
  return values.Cast(dtype);
}

void Run(benchmark::State& state, const std::string& op,
         const std::vector<Shape>& shapes, const Attributes& attributes,
         DType dtype) {
  Graph graph(StandardOps());
  std::vector<Tensor> tensors;
  std::vector<const Tensor*> operands;
  std::vector<ValueId> inputs;
  tensors.reserve(shapes.size());
  for (const Shape& shape : shapes) {
    inputs.push_back(
        *graph.AddInput(std::string(1, 'a' + static_cast<char>(inputs.size())),
                        {dtype, shape}));
    tensors.push_back(Random(dtype, shape));
    operands.push_back(&tensors.back());
  }
  const NodeId node = *graph.AddNode(op, inputs, attributes);
  for (auto _ : state) {
    benchmark::DoNotOptimize(EvaluateNode(graph, node, operands));
  }
  const int64_t macs = StandardOps().Find(op)->macs(graph, graph.node(node));
  state.counters["MAC/s"] = benchmark::Counter(
      static_cast<double>(macs), benchmark::Counter::kIsIterationInvariantRate);
}

const Attributes kSame = {{"pads", Ints{1, 1, 1, 1}}};

Attributes SameAnd(const char* name, Ints value) {
  Attributes attributes = kSame;
  attributes.Set(name, std::move(value));
  return attributes;
}

void Conv2d(benchmark::State& state, DType dtype) {
  Run(state, "conv2d", {{8, 32, 16, 16}, {32, 32, 3, 3}}, kSame, dtype);
}
void BackwardData(benchmark::State& state, DType dtype) {
  Run(state, "conv2d_backward_data", {{8, 32, 16, 16}, {32, 32, 3, 3}},
      SameAnd("src_shape", {16, 16}), dtype);
}
void BackwardWeights(benchmark::State& state, DType dtype) {
  Run(state, "conv2d_backward_weights", {{8, 32, 16, 16}, {8, 32, 16, 16}},
      SameAnd("kernel", {3, 3}), dtype);
}
void Linear(benchmark::State& state, DType dtype) {
  Run(state, "linear", {{512, 128}, {512, 128}}, {}, dtype);
}
void Matmul(benchmark::State& state, DType dtype) {
  Run(state, "matmul", {{32, 128, 32}, {32, 32, 128}}, {}, dtype);
}

BENCHMARK_CAPTURE(Conv2d, f64, DType::kF64)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Conv2d, f32, DType::kF32)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BackwardData, f64, DType::kF64)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BackwardWeights, f64, DType::kF64)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Linear, f64, DType::kF64)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Matmul, f64, DType::kF64)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace assay
