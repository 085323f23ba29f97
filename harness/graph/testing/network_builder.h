// Small networks over the standard ops with random parameters, for the tests
// and benchmarks of harness/graph.
#ifndef ASSAY_HARNESS_GRAPH_TESTING_NETWORK_BUILDER_H_
#define ASSAY_HARNESS_GRAPH_TESTING_NETWORK_BUILDER_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "harness/core/tensor.h"
#include "harness/graph/builder.h"
#include "harness/graph/graph.h"
#include "harness/graph/parameter_store.h"

namespace assay {

// Uniform in [low, high), from a stream named `name`.
Tensor RandomTensor(DType dtype, const Shape& shape, absl::string_view name,
                    double low = -1, double high = 1);

// max |a - b| over all elements; infinity when the shapes differ.
double MaxDifference(const Tensor& a, const Tensor& b);

// A graph under construction together with its parameters' values. Aborts on
// the first error of the builder when Done() is called.
class NetworkBuilder {
 public:
  explicit NetworkBuilder(DType dtype = DType::kF64);

  GraphBuilder& b() { return builder_; }
  Graph& graph() { return graph_; }
  ParameterStore& store() { return store_; }

  ValueId Input(std::string name, Shape shape);
  // Random in [-0.5, 0.5); [0.5, 1.5) for names that end with ".scale" or
  // ".variance".
  ValueId Parameter(const std::string& name, Shape shape);
  // conv2d with weights "<name>.weights" and a square kernel.
  ValueId Conv(const std::string& name, ValueId src, int64_t channels,
               int64_t kernel, int64_t stride = 1, int64_t groups = 1,
               bool bias = false);
  ValueId BatchNorm(const std::string& name, ValueId src);
  ValueId Linear(const std::string& name, ValueId src, int64_t features,
                 bool bias = true);
  ValueId Relu(ValueId src) { return builder_.Op("relu", {src}); }

  // The output "logits", and a check that no error was met.
  void Done(ValueId logits);
  // Random values for every input.
  std::map<std::string, Tensor> Feeds() const;

 private:
  const DType dtype_;
  Graph graph_;
  ParameterStore store_;
  GraphBuilder builder_;
};

// Stem, an identity block, a strided block with a projection, a depthwise
// separable block, global pooling and a head: [batch, 3, 8, 8] -> [batch, 5].
void BuildResidualNetwork(NetworkBuilder& n, int64_t batch);

// ResNet-50 for [batch, 3, 224, 224].
void BuildResnet50(NetworkBuilder& n, int64_t batch);

}  // namespace assay

#endif  // ASSAY_HARNESS_GRAPH_TESTING_NETWORK_BUILDER_H_
