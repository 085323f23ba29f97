#include "harness/models/layers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

template <size_t N>
std::vector<int64_t> List(const std::array<int64_t, N>& values) {
  return std::vector<int64_t>(values.begin(), values.end());
}

}  // namespace

std::array<int64_t, 4> SamePads(std::array<int64_t, 2> extents,
                                std::array<int64_t, 2> kernel,
                                std::array<int64_t, 2> strides) {
  std::array<int64_t, 4> pads;
  for (size_t i = 0; i < 2; ++i) {
    const int64_t results = (extents[i] + strides[i] - 1) / strides[i];
    const int64_t total = std::max<int64_t>(
        0, (results - 1) * strides[i] + kernel[i] - extents[i]);
    pads[i] = total / 2;
    pads[i + 2] = total - total / 2;
  }
  return pads;
}

LayerBuilder::LayerBuilder(std::string graph_name, const OpSet& ops)
    : graph_(ops), builder_(&graph_) {
  graph_.set_name(std::move(graph_name));
}

int64_t LayerBuilder::Extent(ValueId x, size_t axis) const {
  if (!builder_.ok()) return 0;
  const Shape& shape = builder_.shape(x);
  return axis < shape.size() ? shape[axis] : 0;
}

ValueId LayerBuilder::Parameter(std::string name, Shape shape,
                                Initialiser::Kind kind, double value) {
  initialisers_.push_back({name, kind, value});
  return builder_.Parameter(std::move(name), DType::kF32, std::move(shape));
}

ValueId LayerBuilder::Conv(ValueId x, absl::string_view path,
                           const ConvOptions& options) {
  const Shape shape = {options.channels, Extent(x, 1) / options.groups,
                       options.kernel[0], options.kernel[1]};
  std::vector<ValueId> inputs = {x, Parameter(absl::StrCat(path, ".weights"),
                                              shape, Initialiser::Kind::kNormal,
                                              HeFanOut(shape, options.groups))};
  if (options.bias) {
    inputs.push_back(Parameter(absl::StrCat(path, ".bias"), {options.channels},
                               Initialiser::Kind::kConstant, 0));
  }
  return builder_.Op("conv2d", std::move(inputs),
                     {{"strides", List(options.strides)},
                      {"pads", List(options.pads)},
                      {"dilations", List(options.dilations)},
                      {"groups", options.groups}},
                     std::string(path));
}

ValueId LayerBuilder::BatchNorm(ValueId x, absl::string_view path,
                                double epsilon) {
  const Shape shape = {Extent(x, 1)};
  const auto parameter = [&](absl::string_view suffix, double value) {
    return Parameter(absl::StrCat(path, suffix), shape,
                     Initialiser::Kind::kConstant, value);
  };
  const ValueId scale = parameter(".scale", 1);
  const ValueId shift = parameter(".shift", 0);
  const ValueId mean = parameter(".mean", 0);
  const ValueId variance = parameter(".variance", 1);
  return builder_.Op("batch_norm", {x, scale, shift, mean, variance},
                     {{"epsilon", epsilon}}, std::string(path));
}

ValueId LayerBuilder::ConvNormRelu(ValueId x, absl::string_view path,
                                   absl::string_view norm_path,
                                   const ConvOptions& options) {
  return Relu(BatchNorm(Conv(x, path, options), norm_path));
}

ValueId LayerBuilder::Linear(ValueId x, absl::string_view path,
                             int64_t features, bool bias, double stddev) {
  const int64_t rank =
      builder_.ok() ? static_cast<int64_t>(builder_.shape(x).size()) : 1;
  std::vector<ValueId> inputs = {
      x, Parameter(absl::StrCat(path, ".weights"),
                   {features, Extent(x, static_cast<size_t>(rank - 1))},
                   Initialiser::Kind::kNormal, stddev)};
  if (bias) {
    inputs.push_back(Parameter(absl::StrCat(path, ".bias"), {features},
                               Initialiser::Kind::kConstant, 0));
  }
  return builder_.Op("linear", std::move(inputs), {}, std::string(path));
}

ValueId LayerBuilder::HiddenLinear(ValueId x, absl::string_view path,
                                   int64_t features) {
  return Linear(x, path, features, true, HeFanIn({features, Extent(x, 1)}));
}

ValueId LayerBuilder::Classifier(ValueId x, absl::string_view path,
                                 int64_t classes) {
  return Linear(x, path, classes, true, LecunFanIn({classes, Extent(x, 1)}));
}

ValueId LayerBuilder::LayerNorm(ValueId x, absl::string_view path,
                                double epsilon) {
  const Shape shape = {builder_.ok() ? builder_.shape(x).back() : 0};
  const ValueId scale = Parameter(absl::StrCat(path, ".scale"), shape,
                                  Initialiser::Kind::kConstant, 1);
  const ValueId shift = Parameter(absl::StrCat(path, ".shift"), shape,
                                  Initialiser::Kind::kConstant, 0);
  return builder_.Op("layer_norm", {x, scale, shift}, {{"epsilon", epsilon}},
                     std::string(path));
}

ValueId LayerBuilder::RmsNorm(ValueId x, absl::string_view path,
                              double epsilon) {
  const Shape shape = {builder_.ok() ? builder_.shape(x).back() : 0};
  const ValueId scale = Parameter(absl::StrCat(path, ".scale"), shape,
                                  Initialiser::Kind::kConstant, 1);
  return builder_.Op("rms_norm", {x, scale}, {{"epsilon", epsilon}},
                     std::string(path));
}

ValueId LayerBuilder::EmbeddingTable(absl::string_view path, int64_t rows,
                                     int64_t features, double stddev) {
  return Parameter(absl::StrCat(path, ".weights"), {rows, features},
                   Initialiser::Kind::kNormal, stddev);
}

ValueId LayerBuilder::MaxPool2(ValueId x) {
  const std::vector<int64_t> two = {2, 2};
  return builder_.Op(
      "max_pool", {x},
      {{"kernel", two}, {"strides", two}, {"pads", std::vector<int64_t>(4)}});
}

ValueId LayerBuilder::GlobalAveragePool(ValueId x) {
  return builder_.ReduceMean(x, {2, 3}, false);
}

ValueId LayerBuilder::Flatten(ValueId x) {
  return builder_.Reshape(x, {0, -1});
}

ValueId LayerBuilder::Count(int64_t length) {
  const ValueId ones =
      builder_.Op("broadcast_to", {builder_.Scalar(DType::kF32, 1)},
                  {{"shape", std::vector<int64_t>{length}}});
  return builder_.Offset(builder_.Op("cumsum", {ones}, {{"axis", int64_t{0}}}),
                         -1);
}

absl::StatusOr<ReferenceGraph> LayerBuilder::Finish(ValueId result,
                                                    std::string output) {
  builder_.Output(std::move(output), result);
  ASSAY_RETURN_IF_ERROR(builder_.status());
  return ReferenceGraph{std::move(graph_), std::move(initialisers_)};
}

}  // namespace assay
