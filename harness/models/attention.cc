#include "harness/models/attention.h"

#include <cmath>
#include <vector>

namespace assay {

ValueId SplitHeads(LayerBuilder& net, ValueId x, int64_t heads) {
  const int64_t length = net.Extent(x, 1);
  const int64_t head_features = net.Extent(x, 2) / heads;
  return net.b().Transpose(
      net.b().Reshape(x, {0, length, heads, head_features}), {0, 2, 1, 3});
}

ValueId MergeHeads(LayerBuilder& net, ValueId x) {
  const int64_t features = net.Extent(x, 1) * net.Extent(x, 3);
  const int64_t length = net.Extent(x, 2);
  return net.b().Reshape(net.b().Transpose(x, {0, 2, 1, 3}),
                         {0, length, features});
}

ValueId Attend(LayerBuilder& net, ValueId q, ValueId k, ValueId v,
               ValueId mask) {
  GraphBuilder& b = net.b();
  if (!b.ok()) return kNoValue;
  const double head_features = static_cast<double>(b.shape(q).back());
  ValueId scores = b.Op("matmul", {q, k}, {{"transpose_b", int64_t{1}}});
  scores = b.Scale(scores, 1 / std::sqrt(head_features));
  if (mask != kNoValue) scores = b.Add(scores, mask);
  const ValueId weights = b.Op("softmax", {scores}, {{"axis", int64_t{-1}}});
  return b.Op("matmul", {weights, v});
}

ValueId LastAxisSlice(LayerBuilder& net, ValueId x, int64_t start,
                      int64_t end) {
  GraphBuilder& b = net.b();
  if (!b.ok()) return kNoValue;
  std::vector<int64_t> starts(b.shape(x).size()),
      ends(starts.size(), kToTheEnd);
  starts.back() = start;
  ends.back() = end;
  return b.Op("slice", {x}, {{"starts", starts}, {"ends", ends}});
}

ValueId SelfAttention(LayerBuilder& net, ValueId x, const std::string& path,
                      int64_t heads, int64_t head_features, double stddev) {
  const int64_t features = net.Extent(x, 2);
  const int64_t inner = heads * head_features;
  const ValueId qkv = net.Linear(x, path + ".qkv", 3 * inner, true, stddev);
  const auto part = [&](int64_t i) {
    return SplitHeads(net, LastAxisSlice(net, qkv, i * inner, (i + 1) * inner),
                      heads);
  };
  const ValueId q = part(0);
  const ValueId k = part(1);
  const ValueId v = part(2);
  return net.Linear(MergeHeads(net, Attend(net, q, k, v, kNoValue)),
                    path + ".proj", features, true, stddev);
}

ValueId GeluMlp(LayerBuilder& net, ValueId x, const std::string& path,
                int64_t hidden, double stddev) {
  GraphBuilder& b = net.b();
  const int64_t features = b.ok() ? b.shape(x).back() : 0;
  const ValueId y =
      b.Op("gelu", {net.Linear(x, path + ".fc1", hidden, true, stddev)});
  return net.Linear(y, path + ".fc2", features, true, stddev);
}

ValueId PatchGrid(LayerBuilder& net, ValueId image, const std::string& path,
                  int64_t features, int64_t patch) {
  const Shape shape = {features, net.Extent(image, 1), patch, patch};
  const ValueId weights = net.Parameter(
      path + ".weights", shape, Initialiser::Kind::kUniform, LecunFanIn(shape));
  const ValueId bias = net.Parameter(path + ".bias", {features},
                                     Initialiser::Kind::kConstant, 0);
  return net.b().Op("conv2d", {image, weights, bias},
                    {{"strides", std::vector<int64_t>{patch, patch}}}, path);
}

ValueId GridTokens(LayerBuilder& net, ValueId grid) {
  return net.b().Transpose(net.b().Reshape(grid, {0, net.Extent(grid, 1), -1}),
                           {0, 2, 1});
}

ValueId TokenAndPositions(LayerBuilder& net, ValueId x,
                          const std::string& token,
                          const std::string& positions, double stddev) {
  GraphBuilder& b = net.b();
  const int64_t length = net.Extent(x, 1), features = net.Extent(x, 2);
  const auto pad = [&](ValueId v, int64_t before, int64_t after) {
    return b.Op("pad", {v},
                {{"before", std::vector<int64_t>{0, before, 0}},
                 {"after", std::vector<int64_t>{0, after, 0}}});
  };
  const ValueId first = net.Parameter(token, {1, 1, features},
                                      Initialiser::Kind::kNormal, stddev);
  const ValueId places = net.Parameter(positions, {1, 1 + length, features},
                                       Initialiser::Kind::kNormal, stddev);
  return b.Add(pad(x, 1, 0), b.Add(pad(first, 0, length), places));
}

ValueId CausalMask(LayerBuilder& net, int64_t length) {
  GraphBuilder& b = net.b();
  const ValueId position = net.Count(length);
  const ValueId later = b.Op("greater", {b.Reshape(position, {1, length}),
                                         b.Reshape(position, {length, 1})});
  return b.Scale(b.Op("cast", {later}, {{"dtype", std::string("f32")}}),
                 kMasked);
}

}  // namespace assay
