#include "harness/graph/testing/network_builder.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "harness/core/random.h"
#include "harness/ops/ops.h"

namespace assay {

Tensor RandomTensor(DType dtype, const Shape& shape, absl::string_view name,
                    double low, double high) {
  Tensor tensor(DType::kF64, shape);
  RandomStream stream(1, name);
  for (double& x : tensor.span<double>()) {
    x = low + (high - low) * stream.UniformDouble();
  }
  return tensor.Cast(dtype);
}

double MaxDifference(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape()) return std::numeric_limits<double>::infinity();
  const Tensor x = a.Cast(DType::kF64), y = b.Cast(DType::kF64);
  double most = 0;
  for (int64_t i = 0; i < x.size(); ++i) {
    most = std::max(most, std::abs(x.data<double>()[i] - y.data<double>()[i]));
  }
  return most;
}

NetworkBuilder::NetworkBuilder(DType dtype)
    : dtype_(dtype), graph_(StandardOps()), builder_(&graph_) {}

ValueId NetworkBuilder::Input(std::string name, Shape shape) {
  return builder_.Input(std::move(name), dtype_, std::move(shape));
}

ValueId NetworkBuilder::Parameter(const std::string& name, Shape shape) {
  const bool positive =
      absl::EndsWith(name, ".scale") || absl::EndsWith(name, ".variance");
  const double low = positive ? 0.5 : -0.5;
  store_.Set(name, RandomTensor(dtype_, shape, name, low, low + 1));
  return builder_.Parameter(name, dtype_, std::move(shape));
}

ValueId NetworkBuilder::Conv(const std::string& name, ValueId src,
                             int64_t channels, int64_t kernel, int64_t stride,
                             int64_t groups, bool bias) {
  if (!builder_.ok()) return kNoValue;
  const int64_t inputs = builder_.shape(src)[1];
  const int64_t pad = kernel / 2;
  std::vector<ValueId> operands = {
      src, Parameter(name + ".weights",
                     {channels, inputs / groups, kernel, kernel})};
  if (bias) operands.push_back(Parameter(name + ".bias", {channels}));
  return builder_.Op("conv2d", std::move(operands),
                     {{"strides", std::vector<int64_t>{stride, stride}},
                      {"pads", std::vector<int64_t>{pad, pad, pad, pad}},
                      {"groups", groups}},
                     name);
}

ValueId NetworkBuilder::BatchNorm(const std::string& name, ValueId src) {
  if (!builder_.ok()) return kNoValue;
  const Shape channels = {builder_.shape(src)[1]};
  return builder_.Op("batch_norm",
                     {src, Parameter(name + ".scale", channels),
                      Parameter(name + ".shift", channels),
                      Parameter(name + ".mean", channels),
                      Parameter(name + ".variance", channels)},
                     {{"epsilon", 1e-5}}, name);
}

ValueId NetworkBuilder::Linear(const std::string& name, ValueId src,
                               int64_t features, bool bias) {
  if (!builder_.ok()) return kNoValue;
  const int64_t inputs = builder_.shape(src).back();
  std::vector<ValueId> operands = {
      src, Parameter(name + ".weights", {features, inputs})};
  if (bias) operands.push_back(Parameter(name + ".bias", {features}));
  return builder_.Op("linear", std::move(operands), {}, name);
}

void NetworkBuilder::Done(ValueId logits) {
  builder_.Output("logits", logits);
  if (builder_.ok()) return;
  std::fprintf(stderr, "%s\n", builder_.status().ToString().c_str());
  std::abort();
}

std::map<std::string, Tensor> NetworkBuilder::Feeds() const {
  std::map<std::string, Tensor> feeds;
  for (const ValueId id : graph_.inputs()) {
    const Value& value = graph_.value(id);
    feeds[value.name] =
        RandomTensor(value.type.dtype, value.type.shape, value.name);
  }
  return feeds;
}

void BuildResidualNetwork(NetworkBuilder& n, int64_t batch) {
  GraphBuilder& b = n.b();
  const auto conv_bn = [&](const std::string& name, ValueId src,
                           int64_t channels, int64_t kernel, int64_t stride = 1,
                           int64_t groups = 1) {
    return n.BatchNorm(name + ".bn",
                       n.Conv(name, src, channels, kernel, stride, groups));
  };
  const ValueId image = n.Input("image", {batch, 3, 8, 8});
  const ValueId stem = n.Relu(conv_bn("stem", image, 6, 3));
  const ValueId a = n.Relu(conv_bn("block1.conv1", stem, 7, 3));
  const ValueId one = n.Relu(b.Add(conv_bn("block1.conv2", a, 6, 3), stem));
  const ValueId c = n.Relu(conv_bn("block2.conv1", one, 8, 3, 2));
  const ValueId d = conv_bn("block2.conv2", c, 8, 3);
  const ValueId two = n.Relu(b.Add(d, conv_bn("block2.project", one, 8, 1, 2)));
  const ValueId depthwise =
      b.Op("relu6", {conv_bn("separable.depthwise", two, 8, 3, 1, 8)});
  const ValueId point = n.Relu(conv_bn("separable.pointwise", depthwise, 9, 1));
  n.Done(n.Linear("head", b.ReduceMean(point, {2, 3}, false), 5));
}

void BuildResnet50(NetworkBuilder& n, int64_t batch) {
  GraphBuilder& b = n.b();
  const auto conv_bn = [&](const std::string& name, ValueId src,
                           int64_t channels, int64_t kernel, int64_t stride) {
    return n.BatchNorm(name + ".bn",
                       n.Conv(name, src, channels, kernel, stride));
  };
  ValueId x = n.Input("image", {batch, 3, 224, 224});
  x = n.Relu(conv_bn("stem", x, 64, 7, 2));
  x = b.Op("max_pool", {x},
           {{"kernel", std::vector<int64_t>{3, 3}},
            {"strides", std::vector<int64_t>{2, 2}},
            {"pads", std::vector<int64_t>{1, 1, 1, 1}}});
  const int64_t blocks[] = {3, 4, 6, 3};
  for (int64_t stage = 0; stage < 4; ++stage) {
    const int64_t width = int64_t{64} << stage;
    for (int64_t block = 0; block < blocks[stage]; ++block) {
      const std::string name = absl::StrCat("layer", stage + 1, ".", block);
      const int64_t stride = stage > 0 && block == 0 ? 2 : 1;
      ValueId y = n.Relu(conv_bn(name + ".conv1", x, width, 1, 1));
      y = n.Relu(conv_bn(name + ".conv2", y, width, 3, stride));
      y = conv_bn(name + ".conv3", y, 4 * width, 1, 1);
      if (block == 0) x = conv_bn(name + ".project", x, 4 * width, 1, stride);
      x = n.Relu(b.Add(y, x));
    }
  }
  n.Done(n.Linear("head", b.ReduceMean(x, {2, 3}, false), 1000));
}

}  // namespace assay
