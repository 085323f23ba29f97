#include "harness/ops/custom/custom_cases.h"

#include "harness/ops/custom/custom.h"

namespace assay {
namespace {

// x^3 + y and x * y of two operands of one shape, in any float type.
CustomCall Mixed() {
  CustomCall call;
  call.name = "mixed";
  call.results = 2;
  call.infer = [](absl::Span<const TensorType> types)
      -> absl::StatusOr<std::vector<TensorType>> {
    if (types.size() != 2 || !(types[0] == types[1])) {
      return absl::InvalidArgumentError("expected two operands of one type");
    }
    return std::vector<TensorType>{types[0], types[0]};
  };
  call.forward = [](absl::Span<const Tensor* const> in,
                    absl::Span<Tensor* const> out) {
    const Tensor x = in[0]->Cast(DType::kF64), y = in[1]->Cast(DType::kF64);
    Tensor a(DType::kF64, x.shape()), b(DType::kF64, x.shape());
    for (int64_t i = 0; i < x.size(); ++i) {
      const double p = x.data<double>()[i], q = y.data<double>()[i];
      a.data<double>()[i] = p * p * p + q;
      b.data<double>()[i] = p * q;
    }
    *out[0] = a.Cast(out[0]->dtype());
    *out[1] = b.Cast(out[1]->dtype());
    return absl::OkStatus();
  };
  call.backward =
      [](absl::Span<const Tensor* const> in, absl::Span<const Tensor* const>,
         absl::Span<const Tensor* const> grads, absl::Span<Tensor* const> out) {
        const Tensor x = in[0]->Cast(DType::kF64), y = in[1]->Cast(DType::kF64);
        const Tensor da = grads[0]->Cast(DType::kF64),
                     db = grads[1]->Cast(DType::kF64);
        Tensor dx(DType::kF64, x.shape()), dy(DType::kF64, x.shape());
        for (int64_t i = 0; i < x.size(); ++i) {
          const double p = x.data<double>()[i], q = y.data<double>()[i];
          const double g = da.data<double>()[i], h = db.data<double>()[i];
          dx.data<double>()[i] = 3 * p * p * g + q * h;
          dy.data<double>()[i] = g + p * h;
        }
        *out[0] = dx.Cast(out[0]->dtype());
        *out[1] = dy.Cast(out[1]->dtype());
        return absl::OkStatus();
      };
  return call;
}

}  // namespace

OpCases CustomCases() {
  static const int64_t mixed = RegisterCustomCall(Mixed());
  CaseOperand x;
  x.type = {DType::kF32, {2, 5}};
  OpCases cases;
  cases.accepted = {
      {"custom", {x, x}, {{"call", mixed}}, 1},
      {"custom_backward",
       {x, x, x, x, x, x},
       {{"call", mixed}, {"operands", int64_t{2}}},
       0},
  };
  const TensorType type{DType::kF32, {2, 5}};
  cases.refused = {
      {"custom",
       {type},
       {{"call", int64_t{0}}},
       "call: expected the number of a custom op of this process, got 0"},
      {"custom",
       {type},
       {{"call", mixed}},
       "custom op 'mixed': expected two operands of one type"},
      {"custom_backward",
       {type, type, type},
       {{"call", mixed}, {"operands", int64_t{1}}},
       "of 2 results, got 1"},
  };
  return cases;
}

}  // namespace assay
