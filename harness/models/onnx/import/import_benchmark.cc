// Reading and importing a network of ResNet-50's size: 53 convolutions with
// their batch norms and a classifier, about 100 MB.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "harness/core/tensor.h"
#include "harness/models/onnx/import/import.h"
#include "harness/models/onnx/proto/onnx_model.h"
#include "harness/models/onnx/proto/read_model.h"
#include "harness/models/onnx/proto/write_model.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

class ModelWriter {
 public:
  ModelWriter() {
    model_.opsets[""] = 17;
    model_.graph.inputs.push_back(
        {"x", OnnxType::kFloat, {{{1, ""}, {3, ""}, {224, ""}, {224, ""}}}});
  }

  // Convolution, batch norm, ReLU.
  void Layer(int64_t inputs, int64_t outputs, int64_t kernel, int64_t stride) {
    const std::string name = "layer" + std::to_string(layers_++);
    const std::string w =
        Weights(name + ".w", {outputs, inputs, kernel, kernel});
    Node("Conv", {at_, w}, name,
         {{"strides", std::vector<int64_t>{stride, stride}},
          {"pads", std::vector<int64_t>(4, kernel / 2)}});
    Node("BatchNormalization",
         {at_, Weights(name + ".scale", {outputs}),
          Weights(name + ".shift", {outputs}),
          Weights(name + ".mean", {outputs}),
          Weights(name + ".variance", {outputs})},
         name + ".bn", {});
    Node("Relu", {at_}, name + ".relu", {});
  }

  std::string Finish() {
    Node("GlobalAveragePool", {at_}, "pool", {});
    Node("Flatten", {at_}, "flat", {});
    const std::string w = Weights("fc.w", {1000, 2048});
    Node("Gemm", {at_, w}, "y", {{"transB", int64_t{1}}});
    model_.graph.outputs.push_back({"y", OnnxType::kFloat, {}});
    return *SerializeOnnxModel(model_);
  }

 private:
  std::string Weights(const std::string& name, Shape shape) {
    model_.graph.initializers.push_back(
        {name, OnnxType::kFloat, Tensor::Zeros(DType::kF32, std::move(shape))});
    return name;
  }
  void Node(const std::string& op, std::vector<std::string> inputs,
            const std::string& output,
            std::map<std::string, OnnxAttribute, std::less<>> attributes) {
    model_.graph.nodes.push_back(
        {output, op, "", std::move(inputs), {output}, std::move(attributes)});
    at_ = output;
  }

  OnnxModel model_;
  std::string at_ = "x";
  int layers_ = 0;
};

std::string ResNet50Sized() {
  ModelWriter writer;
  writer.Layer(3, 64, 7, 2);
  int64_t inputs = 64;
  const int64_t blocks[] = {3, 4, 6, 3};
  for (int64_t stage = 0; stage < 4; ++stage) {
    const int64_t width = int64_t{64} << stage;
    for (int64_t block = 0; block < blocks[stage]; ++block) {
      writer.Layer(inputs, width, 1, 1);
      writer.Layer(width, width, 3, stage > 0 && block == 0 ? 2 : 1);
      writer.Layer(width, 4 * width, 1, 1);
      inputs = 4 * width;
    }
  }
  return writer.Finish();
}

void BM_ReadAndImport(benchmark::State& state) {
  const std::string bytes = ResNet50Sized();
  for (auto _ : state) {
    const auto model = ParseOnnxModel(bytes, "resnet50", "");
    auto network = ImportOnnx(*model, {}, StandardOps());
    benchmark::DoNotOptimize(network->graph.node_count());
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes.size()) *
                          state.iterations());
}
BENCHMARK(BM_ReadAndImport)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace assay
