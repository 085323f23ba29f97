#include "harness/models/lmd/lmd_decoder.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/builder.h"

namespace assay {
namespace {

// A matrix as decoder_layer takes it; `scales` is empty but for s8 and u8,
// `zeros` but for u8.
struct Matrix {
  Tensor values;
  Tensor scales = Tensor(DType::kF32, {0});
  Tensor zeros = Tensor(DType::kU8, {0});
};

// Matrices of equal width, one on top of the other.
Tensor Stack(const std::vector<Tensor>& parts) {
  Shape shape = parts[0].shape();
  shape[0] = 0;
  for (const Tensor& part : parts) shape[0] += part.dim(0);
  Tensor all(DType::kF32, shape);
  float* to = all.data<float>();
  for (const Tensor& part : parts) {
    to = std::copy_n(part.data<float>(), part.size(), to);
  }
  return all;
}

Matrix ToBytes(const Tensor& real) {
  const int64_t rows = real.dim(0), columns = real.dim(1);
  Matrix matrix{Tensor(DType::kS8, real.shape()), Tensor(DType::kF32, {rows})};
  for (int64_t row = 0; row < rows; ++row) {
    const float* x = real.data<float>() + row * columns;
    float largest = 0;
    for (int64_t i = 0; i < columns; ++i) {
      largest = std::max(largest, std::abs(x[i]));
    }
    const float scale = largest > 0 ? largest / 127 : 1.0f;
    matrix.scales.data<float>()[row] = scale;
    int8_t* q = matrix.values.data<int8_t>() + row * columns;
    for (int64_t i = 0; i < columns; ++i) {
      q[i] = static_cast<int8_t>(std::nearbyint(x[i] / scale));
    }
  }
  return matrix;
}

// Groups of 32 neighbours on a grid of sixteen steps from their least to their
// largest, 0 among them.
Matrix ToGroups(const Tensor& real) {
  constexpr int64_t kGroup = 32;
  const int64_t rows = real.dim(0), columns = real.dim(1);
  const int64_t groups = (columns + kGroup - 1) / kGroup;
  const int64_t zero_bytes = (groups + 1) / 2;
  Matrix matrix{Tensor::Zeros(DType::kU8, {rows, groups, kGroup / 2}),
                Tensor(DType::kF32, {rows, groups}),
                Tensor::Zeros(DType::kU8, {rows, zero_bytes})};
  const auto put = [](uint8_t* bytes, int64_t i, float q) {
    const int bounded = std::clamp(static_cast<int>(q), 0, 15);
    bytes[i / 2] = static_cast<uint8_t>(bytes[i / 2] | bounded << (i % 2 * 4));
  };
  for (int64_t row = 0; row < rows; ++row) {
    const float* x = real.data<float>() + row * columns;
    for (int64_t g = 0; g < groups; ++g) {
      const int64_t begin = g * kGroup;
      const int64_t end = std::min(columns, begin + kGroup);
      const auto [low, high] = std::minmax_element(x + begin, x + end);
      const float least = std::min(*low, 0.0f), most = std::max(*high, 0.0f);
      const float scale = most > least ? (most - least) / 15 : 1.0f;
      const float zero = std::nearbyint(-least / scale);
      matrix.scales.data<float>()[row * groups + g] = scale;
      put(matrix.zeros.data<uint8_t>() + row * zero_bytes, g, zero);
      uint8_t* to = matrix.values.data<uint8_t>() + row * groups * kGroup / 2;
      for (int64_t i = begin; i < end; ++i) {
        put(to, i, std::nearbyint(x[i] / scale + zero));
      }
    }
  }
  return matrix;
}

class Maker {
 public:
  Maker(const OpSet& ops, const LmdOptions& lmd,
        const ParameterStore& parameters, DType matrices)
      : lmd_(lmd),
        parameters_(parameters),
        matrices_(matrices),
        made_{Graph(ops), ParameterStore()},
        b_(&made_.graph) {}

  absl::StatusOr<LmdDecoder> Make() {
    if (matrices_ != DType::kF32 && matrices_ != DType::kBF16 &&
        matrices_ != DType::kS8 && matrices_ != DType::kU8) {
      return absl::InvalidArgumentError(absl::StrCat(
          "matrices: expected f32, bf16, s8 or u8, got ", Name(matrices_)));
    }
    made_.graph.set_name(absl::StrCat(lmd_.name, "-decoder"));
    const ValueId token = b_.Input("token", DType::kS32, {1});
    const ValueId position = b_.Input("position", DType::kS32, {});
    ASSAY_ASSIGN_OR_RETURN(
        const Tensor table,
        Get("embedding.weights", {lmd_.vocabulary, lmd_.features}));
    const ValueId embedding = b_.Constant(table, "embedding");
    ValueId x = b_.Op("gather", {embedding, token});
    for (int64_t layer = 0; layer < lmd_.layers; ++layer) {
      ASSAY_ASSIGN_OR_RETURN(
          x, Layer(x, position, absl::StrCat("layers.", layer)));
    }
    ASSAY_ASSIGN_OR_RETURN(const Tensor norm,
                           Get("norm.scale", {lmd_.features}));
    x = b_.Op("rms_norm", {x, b_.Constant(norm)}, {{"epsilon", kEpsilon}});
    const ValueId logits = b_.Op("linear", {x, embedding});
    b_.Output("logits", logits);
    b_.Output("next", b_.Op("argmax", {logits}, {{"axis", int64_t{1}}}));
    ASSAY_RETURN_IF_ERROR(b_.status());
    return std::move(made_);
  }

 private:
  static constexpr double kEpsilon = 1e-5;  // of Lmd()

  absl::StatusOr<Tensor> Get(const std::string& name,
                             const Shape& shape) const {
    ASSAY_ASSIGN_OR_RETURN(Tensor value, parameters_.Get(name));
    if (value.dtype() == DType::kF32 && value.shape() == shape) return value;
    return absl::InvalidArgumentError(absl::StrCat(
        name, ": expected ", ToString(TensorType{DType::kF32, shape}), ", got ",
        value.TypeString()));
  }

  Matrix Converted(const Tensor& real) const {
    if (matrices_ == DType::kS8) return ToBytes(real);
    if (matrices_ == DType::kU8) return ToGroups(real);
    return {real.Cast(matrices_)};
  }

  ValueId Cache(const std::string& name, Shape shape) {
    made_.caches.Set(name, Tensor::Zeros(DType::kF32, shape));
    return b_.Parameter(name, DType::kF32, std::move(shape));
  }

  absl::StatusOr<ValueId> Layer(ValueId x, ValueId position,
                                const std::string& path) {
    const int64_t features = lmd_.features, width = features / lmd_.heads;
    const int64_t kv = lmd_.kv_heads * width;
    const auto get = [&](const char* name, Shape shape) {
      return Get(absl::StrCat(path, name), shape);
    };
    ASSAY_ASSIGN_OR_RETURN(const Tensor norm1, get(".norm1.scale", {features}));
    ASSAY_ASSIGN_OR_RETURN(const Tensor query, get(".attention.query.weights",
                                                   {features, features}));
    ASSAY_ASSIGN_OR_RETURN(const Tensor key,
                           get(".attention.key.weights", {kv, features}));
    ASSAY_ASSIGN_OR_RETURN(const Tensor value,
                           get(".attention.value.weights", {kv, features}));
    ASSAY_ASSIGN_OR_RETURN(const Tensor output, get(".attention.output.weights",
                                                    {features, features}));
    ASSAY_ASSIGN_OR_RETURN(const Tensor norm2, get(".norm2.scale", {features}));
    ASSAY_ASSIGN_OR_RETURN(const Tensor gate,
                           get(".mlp.gate.weights", {lmd_.hidden, features}));
    ASSAY_ASSIGN_OR_RETURN(const Tensor up,
                           get(".mlp.up.weights", {lmd_.hidden, features}));
    ASSAY_ASSIGN_OR_RETURN(const Tensor down,
                           get(".mlp.down.weights", {features, lmd_.hidden}));
    const Matrix matrices[] = {Converted(Stack({query, key, value})),
                               Converted(output), Converted(Stack({gate, up})),
                               Converted(down)};
    const ValueId keys =
        Cache(path + ".keys", {lmd_.kv_heads, width, lmd_.context});
    const ValueId values =
        Cache(path + ".values", {lmd_.kv_heads, lmd_.context, width});
    std::vector<ValueId> inputs = {x,
                                   position,
                                   b_.Constant(norm1),
                                   b_.Constant(matrices[0].values),
                                   b_.Constant(matrices[1].values),
                                   b_.Constant(norm2),
                                   b_.Constant(matrices[2].values),
                                   b_.Constant(matrices[3].values),
                                   keys,
                                   values};
    const auto append = [&](Tensor Matrix::*part) {
      for (const Matrix& matrix : matrices) {
        if ((matrix.*part).size() == 0) continue;
        inputs.push_back(b_.Constant(matrix.*part));
      }
    };
    append(&Matrix::scales);
    append(&Matrix::zeros);
    const std::vector<ValueId> results =
        b_.Ops("decoder_layer", std::move(inputs),
               {{"heads", lmd_.heads}, {"epsilon", kEpsilon}}, path);
    ASSAY_RETURN_IF_ERROR(b_.status());
    b_.Update(keys, results[1]);
    b_.Update(values, results[2]);
    return results[0];
  }

  const LmdOptions& lmd_;
  const ParameterStore& parameters_;
  DType matrices_;
  LmdDecoder made_;
  GraphBuilder b_;
};

}  // namespace

absl::StatusOr<LmdDecoder> MakeLmdDecoder(const OpSet& ops,
                                          const LmdOptions& lmd,
                                          const ParameterStore& parameters,
                                          DType matrices) {
  return Maker(ops, lmd, parameters, matrices).Make();
}

}  // namespace assay
