// Layers by which reference networks are written: each appends nodes to a graph
// and states how its parameters start.
#ifndef ASSAY_HARNESS_MODELS_LAYERS_H_
#define ASSAY_HARNESS_MODELS_LAYERS_H_

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "harness/core/shape.h"
#include "harness/graph/builder.h"
#include "harness/graph/graph.h"
#include "harness/models/init.h"

namespace assay {

// A network in inference form with its initialisers: what every builder in
// harness/models returns.
struct ReferenceGraph {
  Graph graph;
  std::vector<Initialiser> initialisers;
};

// "To the end" in the ends of a slice, so that it fits any batch size.
inline constexpr int64_t kToTheEnd = std::numeric_limits<int64_t>::max();

// What a caller may choose; each network says what it does with it.
struct ReferenceGraphOptions {
  int64_t batch = 1;
  Shape input = {};        // one item, without batch; empty: the network's own
  int64_t classes = 0;     // 0: the network's own
  int64_t vocabulary = 0;  // of an encoder's tokens; 0: the network's own
};

struct ConvOptions {
  int64_t channels = 0;                    // of the result
  std::array<int64_t, 2> kernel = {1, 1};  // height, width
  std::array<int64_t, 2> strides = {1, 1};
  std::array<int64_t, 4> pads = {0, 0, 0, 0};  // top, left, bottom, right
  std::array<int64_t, 2> dilations = {1, 1};
  int64_t groups = 1;
  bool bias = false;
};

// Pads {top, left, bottom, right} for which the extents of the result are
// ceil(extent / stride); an odd total pads one more at the bottom and right
// (TensorFlow's SAME).
std::array<int64_t, 4> SamePads(std::array<int64_t, 2> extents,
                                std::array<int64_t, 2> kernel,
                                std::array<int64_t, 2> strides);

// Appends to a graph of its own until Finish. Errors stick, as in GraphBuilder.
// A layer at path "conv1" has parameters "conv1.weights", "conv1.bias".
class LayerBuilder {
 public:
  LayerBuilder(std::string graph_name, const OpSet& ops);
  LayerBuilder(const LayerBuilder&) = delete;
  LayerBuilder& operator=(const LayerBuilder&) = delete;

  GraphBuilder& b() { return builder_; }

  // A parameter with its initial distribution.
  ValueId Parameter(std::string name, Shape shape, Initialiser::Kind kind,
                    double value);

  // Weights N(0, HeFanOut), bias 0.
  ValueId Conv(ValueId x, absl::string_view path, const ConvOptions& options);
  // Scale 1, shift 0, mean 0, variance 1.
  ValueId BatchNorm(ValueId x, absl::string_view path, double epsilon = 1e-5);
  // Conv, batch norm at `norm_path`, relu.
  ValueId ConvNormRelu(ValueId x, absl::string_view path,
                       absl::string_view norm_path, const ConvOptions& options);
  // Weights N(0, stddev^2), bias 0 where there is one; over the last axis.
  ValueId Linear(ValueId x, absl::string_view path, int64_t features, bool bias,
                 double stddev);
  // A hidden layer in front of a ReLU: N(0, HeFanIn) and bias.
  ValueId HiddenLinear(ValueId x, absl::string_view path, int64_t features);
  // The output layer: N(0, LecunFanIn) and bias.
  ValueId Classifier(ValueId x, absl::string_view path, int64_t classes);
  ValueId LayerNorm(ValueId x, absl::string_view path, double epsilon);
  ValueId RmsNorm(ValueId x, absl::string_view path, double epsilon);
  // Rows of [rows, features], N(0, stddev^2).
  ValueId EmbeddingTable(absl::string_view path, int64_t rows, int64_t features,
                         double stddev);
  ValueId Relu(ValueId x) { return builder_.Op("relu", {x}); }
  ValueId MaxPool2(ValueId x);           // 2x2, stride 2
  ValueId GlobalAveragePool(ValueId x);  // [N,C,H,W] -> [N,C]
  ValueId Flatten(ValueId x);            // [N,...] -> [N,-1]
  // f32 [length]: 0, 1, ... Made of nodes over a scalar, so that no constant
  // counts as a parameter.
  ValueId Count(int64_t length);

  // Extent of axis `axis` of x, 0 after an error.
  int64_t Extent(ValueId x, size_t axis) const;

  // Names `result` the output and gives the graph away.
  absl::StatusOr<ReferenceGraph> Finish(ValueId result,
                                        std::string output = "logits");

 private:
  Graph graph_;
  GraphBuilder builder_;
  std::vector<Initialiser> initialisers_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_LAYERS_H_
