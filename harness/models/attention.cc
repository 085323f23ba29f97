#include "harness/models/attention.h"

#include <cmath>
#include <string>
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
  const double head_features = static_cast<double>(net.Extent(q, 3));
  ValueId scores = b.Op("matmul", {q, k}, {{"transpose_b", int64_t{1}}});
  scores = b.Scale(scores, 1 / std::sqrt(head_features));
  if (mask != kNoValue) scores = b.Add(scores, mask);
  const ValueId weights = b.Op("softmax", {scores}, {{"axis", int64_t{-1}}});
  return b.Op("matmul", {weights, v});
}

ValueId CausalMask(LayerBuilder& net, int64_t length) {
  GraphBuilder& b = net.b();
  const ValueId ones = b.Op("broadcast_to", {b.Scalar(DType::kF32, 1)},
                            {{"shape", std::vector<int64_t>{length}}});
  const ValueId position = b.Op("cumsum", {ones}, {{"axis", int64_t{0}}});
  const ValueId later = b.Op("greater", {b.Reshape(position, {1, length}),
                                         b.Reshape(position, {length, 1})});
  return b.Scale(b.Op("cast", {later}, {{"dtype", std::string("f32")}}),
                 kMasked);
}

}  // namespace assay
