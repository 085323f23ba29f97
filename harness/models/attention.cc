#include "harness/models/attention.h"

#include <cmath>
#include <utility>

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
  scores = b.Add(b.Scale(scores, 1 / std::sqrt(head_features)), mask);
  const ValueId weights = b.Op("softmax", {scores}, {{"axis", int64_t{-1}}});
  return b.Op("matmul", {weights, v});
}

ValueId CausalMask(LayerBuilder& net, int64_t length) {
  Tensor mask = Tensor::Zeros(DType::kF32, {1, 1, length, length});
  float* row = mask.data<float>();
  for (int64_t query = 0; query < length; ++query, row += length) {
    for (int64_t key = query + 1; key < length; ++key) {
      row[key] = static_cast<float>(kMasked);
    }
  }
  return net.b().Constant(std::move(mask), "causal_mask");
}

}  // namespace assay
