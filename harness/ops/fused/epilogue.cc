#include "harness/ops/fused/epilogue.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/ops/elementwise/formulas.h"
#include "harness/ops/support/infer.h"

namespace assay {
namespace {

// The longest sum of (u8 - zero_point) * s8 that surely fits into s32.
constexpr int64_t kMaxTerms = std::numeric_limits<int32_t>::max() / (255 * 128);

bool IsByte(DType dtype) { return dtype == DType::kU8 || dtype == DType::kS8; }

absl::Status CheckScale(const Attributes& attributes, absl::string_view name) {
  return CheckRange(name, attributes.Real(name, 1),
                    std::numeric_limits<float>::min(),
                    std::numeric_limits<float>::max());
}

// `dtype` is the type that the zero point is one of.
absl::Status CheckGrid(const Attributes& attributes, absl::string_view tensor,
                       DType dtype) {
  ASSAY_RETURN_IF_ERROR(CheckScale(attributes, absl::StrCat(tensor, "_scale")));
  const std::string name = absl::StrCat(tensor, "_zero_point");
  const double zero_point = static_cast<double>(attributes.Int(name, 0));
  if (dtype == DType::kU8) return CheckRange(name, zero_point, 0, 255);
  if (dtype == DType::kS8) return CheckRange(name, zero_point, -128, 127);
  return CheckRange(name, zero_point, 0, 0);
}

absl::Status CheckWeights(const InferContext& context, int64_t outputs,
                          int64_t terms) {
  const Operand src(context, 0, "src"), weights(context, 1, "weights");
  if (!IsByte(src.dtype())) {
    ASSAY_RETURN_IF_ERROR(src.IsFloat());
    return weights.Is(src.dtype());
  }
  ASSAY_RETURN_IF_ERROR(weights.Is(DType::kS8));
  ASSAY_RETURN_IF_ERROR(CheckGrid(context.attributes, "src", src.dtype()));
  if (terms > kMaxTerms) {
    return weights.Error(absl::StrCat("sums of at most ", kMaxTerms, " terms"));
  }
  const std::vector<double> scales =
      context.attributes.Reals("weights_scales", {1});
  const bool positive =
      std::all_of(scales.begin(), scales.end(), [](double s) { return s > 0; });
  const int64_t count = static_cast<int64_t>(scales.size());
  if (!positive || (count != 1 && count != outputs)) {
    return absl::InvalidArgumentError(
        absl::StrCat("weights_scales: expected 1 or ", outputs,
                     " positive values, got ", count));
  }
  return absl::OkStatus();
}

absl::Status CheckBias(const InferContext& context, int64_t outputs) {
  const Operand bias(context, 2, "bias");
  if (!bias.present()) return absl::OkStatus();
  ASSAY_RETURN_IF_ERROR(bias.HasShape({outputs}));
  return bias.dtype() == context.inputs[0]->dtype && IsFloat(bias.dtype())
             ? absl::OkStatus()
             : bias.Is(DType::kF32);
}

absl::Status CheckResidual(const InferContext& context, const Shape& dst) {
  const Operand residual(context, 3, "residual");
  if (!residual.present()) return absl::OkStatus();
  ASSAY_RETURN_IF_ERROR(residual.HasShape(dst));
  const DType dtype = residual.dtype();
  if (dtype != DType::kF32 && dtype != DType::kBF16 && !IsByte(dtype) &&
      dtype != context.inputs[0]->dtype) {
    return residual.Error("f32, bf16, u8, s8 or src's type");
  }
  return CheckGrid(context.attributes, "residual", dtype);
}

absl::StatusOr<DType> DstType(const InferContext& context) {
  const DType src = context.inputs[0]->dtype;
  const DType preset = IsFloat(src) ? src : DType::kF32;
  ASSAY_ASSIGN_OR_RETURN(const DType dtype, ParseDType(context.attributes.Text(
                                                "dst_dtype", Name(preset))));
  const bool wide = (dtype == DType::kF64) == (src == DType::kF64);
  if ((!IsFloat(dtype) || !wide) && !IsByte(dtype)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "dst_dtype: expected f32, bf16, u8 or s8 (f64 from f64), got ",
        Name(dtype), " from ", Name(src)));
  }
  return dtype;
}

template <typename Real>
Real ElementOf(const Tensor& tensor, int64_t i) {
  switch (tensor.dtype()) {
    case DType::kF32:
      return static_cast<Real>(tensor.data<float>()[i]);
    case DType::kF64:
      return static_cast<Real>(tensor.data<double>()[i]);
    case DType::kU8:
      return static_cast<Real>(tensor.data<uint8_t>()[i]);
    default:
      return static_cast<Real>(tensor.data<int8_t>()[i]);
  }
}

template <typename Real>
Real Apply(Activation activation, Real y) {
  switch (activation) {
    case Activation::kNone:
      return y;
    case Activation::kRelu:
      return Relu(y);
    case Activation::kRelu6:
      return Clip<Real>(y, 0, 6);
    case Activation::kHardswish:
      return Hardswish(y);
    case Activation::kGelu:
      return Gelu(y);
    case Activation::kSilu:
      return Silu(y);
    case Activation::kTanh:
      return std::tanh(y);
  }
  return y;
}

const Tensor* Optional(const ReferenceContext& context, size_t i) {
  return i < context.inputs.size() ? context.inputs[i] : nullptr;
}

}  // namespace

absl::StatusOr<Activation> ParseActivation(const std::string& name) {
  constexpr std::pair<const char*, Activation> kNames[] = {
      {"none", Activation::kNone},   {"relu", Activation::kRelu},
      {"relu6", Activation::kRelu6}, {"hardswish", Activation::kHardswish},
      {"gelu", Activation::kGelu},   {"silu", Activation::kSilu},
      {"tanh", Activation::kTanh},
  };
  for (const auto& [known, activation] : kNames) {
    if (name == known) return activation;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("activation: expected none, relu, relu6, hardswish, gelu, "
                   "silu or tanh, got '",
                   name, "'"));
}

std::map<std::string, std::string> EpilogueAttributes() {
  return {{"activation", "text"},         {"dst_dtype", "text"},
          {"src_scale", "real"},          {"src_zero_point", "int"},
          {"weights_scales", "reals"},    {"dst_scale", "real"},
          {"dst_zero_point", "int"},      {"residual_scale", "real"},
          {"residual_zero_point", "int"}, {"sparse", "int"}};
}

absl::Status InferEpilogue(InferContext& context, Shape dst, int64_t outputs,
                           int64_t terms) {
  ASSAY_RETURN_IF_ERROR(CheckWeights(context, outputs, terms));
  ASSAY_RETURN_IF_ERROR(CheckBias(context, outputs));
  ASSAY_RETURN_IF_ERROR(CheckResidual(context, dst));
  ASSAY_RETURN_IF_ERROR(
      ParseActivation(context.attributes.Text("activation", "none")).status());
  ASSAY_ASSIGN_OR_RETURN(const DType dtype, DstType(context));
  ASSAY_RETURN_IF_ERROR(CheckGrid(context.attributes, "dst", dtype));
  return SetResults(context, {{dtype, std::move(dst)}});
}

template <typename Real>
Epilogue<Real>::Epilogue(ReferenceContext& context)
    : bias_(Optional(context, 2)),
      residual_(Optional(context, 3)),
      dst_(context.outputs[0]) {
  const Attributes& a = context.attributes;
  activation_ = ParseActivation(a.Text("activation", "none")).value();
  const double src_scale = a.Real("src_scale", 1);
  for (const double scale : a.Reals("weights_scales", {1})) {
    sum_scales_.push_back(static_cast<Real>(src_scale * scale));
  }
  residual_scale_ = static_cast<Real>(a.Real("residual_scale", 1));
  residual_zero_point_ = a.Int("residual_zero_point", 0);
  dst_scale_ = static_cast<Real>(a.Real("dst_scale", 1));
  dst_zero_point_ = a.Int("dst_zero_point", 0);
}

template <typename Real>
Real Epilogue<Real>::Residual(int64_t i) const {
  const Real value = ElementOf<Real>(*residual_, i);
  if (!IsByte(residual_->dtype())) return value;
  return (value - static_cast<Real>(residual_zero_point_)) * residual_scale_;
}

template <typename Real>
template <typename Q>
void Epilogue<Real>::Quantize(int64_t i, Real y) {
  const Real q =
      std::nearbyint(y / dst_scale_) + static_cast<Real>(dst_zero_point_);
  dst_->data<Q>()[i] =
      static_cast<Q>(std::clamp(q, Real(std::numeric_limits<Q>::min()),
                                Real(std::numeric_limits<Q>::max())));
}

template <typename Real>
void Epilogue<Real>::Finish(int64_t i, int64_t o, Real y) {
  if (bias_ != nullptr) y += ElementOf<Real>(*bias_, o);
  if (residual_ != nullptr) y += Residual(i);
  y = Apply(activation_, y);
  switch (dst_->dtype()) {
    case DType::kU8:
      return Quantize<uint8_t>(i, y);
    case DType::kS8:
      return Quantize<int8_t>(i, y);
    case DType::kF64:
      dst_->data<double>()[i] = static_cast<double>(y);
      return;
    default:
      dst_->data<float>()[i] = static_cast<float>(y);
      return;
  }
}

template class Epilogue<float>;
template class Epilogue<double>;

}  // namespace assay
