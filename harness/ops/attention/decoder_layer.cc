#include "harness/ops/attention/decoder_layer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/ops/quantize/group.h"
#include "harness/ops/support/infer.h"

namespace assay {
namespace {

constexpr const char* kNames[] = {"src",
                                  "position",
                                  "norm1",
                                  "qkv",
                                  "output",
                                  "norm2",
                                  "gate_up",
                                  "down",
                                  "keys",
                                  "values",
                                  "qkv_scales",
                                  "output_scales",
                                  "gate_up_scales",
                                  "down_scales",
                                  "qkv_zeros",
                                  "output_zeros",
                                  "gate_up_zeros",
                                  "down_zeros"};
constexpr size_t kMatrices[] = {3, 4, 6, 7};
constexpr size_t kFirstScales = 10, kFirstZeros = 14;

bool IsThere(const InferContext& context, size_t i) {
  return i < context.inputs.size() && context.inputs[i] != nullptr;
}

// Matrix `i` of kMatrices, with what belongs to it.
absl::Status CheckMatrix(const InferContext& context, size_t i, DType dtype,
                         int64_t rows, int64_t columns) {
  const auto operand = [&](size_t at) {
    return Operand(context, at, kNames[at]);
  };
  const size_t scales = kFirstScales + i, zeros = kFirstZeros + i;
  ASSAY_RETURN_IF_ERROR(operand(kMatrices[i]).Is(dtype));
  const bool scaled = dtype == DType::kS8 || dtype == DType::kU8;
  if (IsThere(context, scales) != scaled) {
    return absl::InvalidArgumentError(
        absl::StrCat(kNames[scales],
                     ": expected with s8 and u8 matrices and with no other"));
  }
  if (IsThere(context, zeros) && dtype != DType::kU8) {
    return absl::InvalidArgumentError(absl::StrCat(
        kNames[zeros], ": expected with u8 matrices and with no other"));
  }
  if (dtype != DType::kU8) {
    ASSAY_RETURN_IF_ERROR(operand(kMatrices[i]).HasShape({rows, columns}));
    return scaled ? operand(scales).Has(DType::kF32, {rows}) : absl::OkStatus();
  }
  ASSAY_RETURN_IF_ERROR(operand(scales).Is(DType::kF32));
  return CheckGroups(context, {kMatrices[i], scales, zeros}, rows, columns);
}

absl::Status InferDecoderLayer(InferContext& context) {
  const auto operand = [&](size_t i) { return Operand(context, i, kNames[i]); };
  ASSAY_RETURN_IF_ERROR(operand(8).HasRank(3, "[K,W,C]"));
  ASSAY_RETURN_IF_ERROR(operand(0).HasRank(2, "[1,D]"));
  const DType dtype = context.inputs[3]->dtype;
  if (dtype != DType::kF32 && dtype != DType::kBF16 && dtype != DType::kS8 &&
      dtype != DType::kU8) {
    return operand(3).Error("type f32, bf16, s8 or u8");
  }
  ASSAY_RETURN_IF_ERROR(dtype == DType::kU8
                            ? operand(6).HasRank(3, "[2F,G,group/2]")
                            : operand(6).HasRank(2, "[2F,D]"));
  const int64_t features = operand(0).dim(1), kv_heads = operand(8).dim(0),
                width = operand(8).dim(1), places = operand(8).dim(2),
                hidden = operand(6).dim(0) / 2,
                heads = context.attributes.Int("heads", 1);
  if (heads < 1 || heads > (int64_t{1} << 20) || heads % kv_heads != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "heads: expected a multiple of ", kv_heads, ", got ", heads));
  }
  if (width % 2 != 0) return operand(8).Error("an even W on axis 1");
  ASSAY_RETURN_IF_ERROR(operand(0).Has(DType::kF32, {1, features}));
  ASSAY_RETURN_IF_ERROR(operand(1).Has(DType::kS32, {}));
  ASSAY_RETURN_IF_ERROR(operand(2).Has(DType::kF32, {features}));
  ASSAY_RETURN_IF_ERROR(operand(5).Has(DType::kF32, {features}));
  ASSAY_RETURN_IF_ERROR(operand(8).Is(DType::kF32));
  ASSAY_RETURN_IF_ERROR(operand(9).Has(DType::kF32, {kv_heads, places, width}));
  const int64_t extents[][2] = {{(heads + 2 * kv_heads) * width, features},
                                {features, heads * width},
                                {2 * hidden, features},
                                {features, hidden}};
  for (size_t i = 0; i < 4; ++i) {
    ASSAY_RETURN_IF_ERROR(
        CheckMatrix(context, i, dtype, extents[i][0], extents[i][1]));
  }
  return SetResults(context,
                    {operand(0).type(), operand(8).type(), operand(9).type()});
}

using Vector = std::vector<double>;

Vector RmsNorm(const Vector& x, const Tensor& scale, double epsilon) {
  double squares = 0;
  for (const double v : x) squares += v * v;
  const double factor =
      1 / std::sqrt(squares / static_cast<double>(x.size()) + epsilon);
  Vector y = x;
  for (size_t i = 0; i < y.size(); ++i) {
    y[i] *= factor * static_cast<double>(scale.data<float>()[i]);
  }
  return y;
}

// Matrix `i` of kMatrices in real numbers, `columns` wide.
Vector RealMatrix(const ReferenceContext& context, size_t i, size_t columns) {
  const auto operand = [&](size_t at) {
    return at < context.inputs.size() ? context.inputs[at] : nullptr;
  };
  const Tensor& matrix = *context.inputs[kMatrices[i]];
  const Tensor* scales = operand(kFirstScales + i);
  const size_t rows = static_cast<size_t>(matrix.dim(0));
  Vector real(rows * columns);
  if (matrix.dtype() == DType::kU8) {
    DequantizeGroups<double>(matrix, scales->Cast(DType::kF64),
                             operand(kFirstZeros + i),
                             static_cast<int64_t>(columns), real.data());
    return real;
  }
  const Tensor wide = matrix.Cast(DType::kF64);
  for (size_t at = 0; at < real.size(); ++at) {
    real[at] = wide.data<double>()[at];
    if (scales == nullptr) continue;
    real[at] *= static_cast<double>(scales->data<float>()[at / columns]);
  }
  return real;
}

// Matrix `i` of kMatrices times x.
Vector Product(const ReferenceContext& context, size_t i, const Vector& x) {
  const Vector matrix = RealMatrix(context, i, x.size());
  Vector y;
  for (size_t at = 0; at < matrix.size(); at += x.size()) {
    y.push_back(std::inner_product(
        x.begin(), x.end(), matrix.begin() + static_cast<ptrdiff_t>(at), 0.0));
  }
  return y;
}

void Turn(double* x, int64_t width, int64_t position, double base) {
  const int64_t half = width / 2;
  for (int64_t i = 0; i < half; ++i) {
    const double angle =
        static_cast<double>(position) *
        std::pow(base, -static_cast<double>(i) / static_cast<double>(half));
    const double a = x[i], b = x[i + half];
    x[i] = a * std::cos(angle) - b * std::sin(angle);
    x[i + half] = b * std::cos(angle) + a * std::sin(angle);
  }
}

// The attention of one head: q [W], keys [W,C], values [C,W] up to `position`.
Vector Attend(const double* q, const float* keys, const float* values,
              int64_t width, int64_t places, int64_t position) {
  Vector weights;
  for (int64_t t = 0; t <= position; ++t) {
    double score = 0;
    for (int64_t d = 0; d < width; ++d) {
      score += q[d] * static_cast<double>(keys[d * places + t]);
    }
    weights.push_back(score / std::sqrt(static_cast<double>(width)));
  }
  const double top = *std::max_element(weights.begin(), weights.end());
  double sum = 0;
  for (double& w : weights) sum += w = std::exp(w - top);
  Vector y(static_cast<size_t>(width));
  for (int64_t t = 0; t <= position; ++t) {
    for (int64_t d = 0; d < width; ++d) {
      y[static_cast<size_t>(d)] += weights[static_cast<size_t>(t)] / sum *
                                   static_cast<double>(values[t * width + d]);
    }
  }
  return y;
}

absl::Status DecoderLayerReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  const Tensor& old_keys = *context.inputs[8];
  const int64_t kv_heads = old_keys.dim(0), width = old_keys.dim(1),
                places = old_keys.dim(2),
                heads = context.attributes.Int("heads", 1);
  const double epsilon = context.attributes.Real("epsilon", 1e-5);
  const double base = context.attributes.Real("base", 10000);
  const int64_t position = *context.inputs[1]->data<int32_t>();
  if (position < 0 || position >= places) {
    return absl::OutOfRangeError(absl::StrCat(
        "position: expected a value in [0, ", places, "), got ", position));
  }
  Vector x(src.data<float>(), src.data<float>() + src.size());
  Vector qkv = Product(context, 0, RmsNorm(x, *context.inputs[2], epsilon));
  for (int64_t h = 0; h < heads + kv_heads; ++h) {
    Turn(qkv.data() + h * width, width, position, base);
  }
  float* keys = context.outputs[1]->data<float>();
  float* values = context.outputs[2]->data<float>();
  std::copy_n(old_keys.data<float>(), old_keys.size(), keys);
  std::copy_n(context.inputs[9]->data<float>(), old_keys.size(), values);
  const double* new_keys = qkv.data() + heads * width;
  const double* new_values = new_keys + kv_heads * width;
  for (int64_t i = 0; i < kv_heads * width; ++i) {
    keys[i * places + position] = static_cast<float>(new_keys[i]);
    values[(i / width * places + position) * width + i % width] =
        static_cast<float>(new_values[i]);
  }
  Vector attended;
  for (int64_t h = 0; h < heads; ++h) {
    const int64_t at = h * kv_heads / heads * width * places;
    const Vector y = Attend(qkv.data() + h * width, keys + at, values + at,
                            width, places, position);
    attended.insert(attended.end(), y.begin(), y.end());
  }
  const Vector projected = Product(context, 1, attended);
  for (size_t i = 0; i < x.size(); ++i) x[i] += projected[i];
  const Vector both =
      Product(context, 2, RmsNorm(x, *context.inputs[5], epsilon));
  Vector hidden(both.begin(),
                both.begin() + static_cast<ptrdiff_t>(both.size() / 2));
  for (size_t i = 0; i < hidden.size(); ++i) {
    hidden[i] *= both[hidden.size() + i] / (1 + std::exp(-hidden[i]));
  }
  const Vector down = Product(context, 3, hidden);
  float* dst = context.outputs[0]->data<float>();
  for (size_t i = 0; i < x.size(); ++i) {
    dst[i] = static_cast<float>(x[i] + down[i]);
  }
  return absl::OkStatus();
}

int64_t DecoderLayerMacs(const Graph& graph, const Node& node) {
  int64_t macs = 0;
  for (const size_t i : kMatrices) {
    macs += ElementCount(graph.shape(node.inputs[i]));
  }
  // Bytes hold two weights; what groups have beyond a row counts as well.
  return graph.type(node.inputs[3]).dtype == DType::kU8 ? 2 * macs : macs;
}

}  // namespace

OpSchema DecoderLayerSchema() {
  return {
      .name = "decoder_layer",
      .min_inputs = 10,
      .max_inputs = 18,
      .operands =
          "src position norm1 qkv output norm2 gate_up down keys "
          "values [qkv_scales] [output_scales] [gate_up_scales] "
          "[down_scales] [qkv_zeros] [output_zeros] [gate_up_zeros] "
          "[down_zeros]",
      .attributes = {{"heads", "int"}, {"epsilon", "real"}, {"base", "real"}},
      .infer = InferDecoderLayer,
      .reference = DecoderLayerReference,
      .macs = DecoderLayerMacs};
}

}  // namespace assay
