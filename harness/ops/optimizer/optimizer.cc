#include "harness/ops/optimizer/optimizer.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

constexpr double kMax = std::numeric_limits<double>::max();

// Checks operand 0 and that those of `names` after it have its type.
absl::Status CheckTensors(const InferContext& context,
                          std::initializer_list<absl::string_view> names) {
  const Operand parameter(context, 0, "parameter");
  if (parameter.dtype() != DType::kF32 && parameter.dtype() != DType::kF64) {
    return parameter.Error("f32 or f64");
  }
  size_t i = 1;
  for (const absl::string_view name : names) {
    ASSAY_RETURN_IF_ERROR(
        Operand(context, i++, name).Has(parameter.dtype(), parameter.shape()));
  }
  return Operand(context, i, "learning_rate").Has(parameter.dtype(), {});
}

absl::Status InferSgd(InferContext& context) {
  ASSAY_RETURN_IF_ERROR(CheckTensors(context, {"gradient", "momentum_buffer"}));
  const Attributes& a = context.attributes;
  ASSAY_RETURN_IF_ERROR(CheckRange("momentum", a.Real("momentum", 0), 0, kMax));
  ASSAY_RETURN_IF_ERROR(
      CheckRange("weight_decay", a.Real("weight_decay", 0), 0, kMax));
  const TensorType type = *context.inputs[0];
  return SetResults(context, {type, type});
}

absl::Status SgdReference(ReferenceContext& context) {
  const Attributes& a = context.attributes;
  const double momentum = a.Real("momentum", 0);
  const double decay = a.Real("weight_decay", 0);
  const bool nesterov = a.Int("nesterov", 0) != 0;
  const Tensor& parameter = *context.inputs[0];
  return VisitFloat(parameter.dtype(), [&]<typename T>() {
    const auto in = [&](size_t operand, int64_t i) {
      return static_cast<double>(context.inputs[operand]->data<T>()[i]);
    };
    const double rate = in(3, 0);
    T* new_parameter = context.outputs[0]->data<T>();
    T* new_buffer = context.outputs[1]->data<T>();
    for (int64_t i = 0; i < parameter.size(); ++i) {
      const double g = in(1, i) + decay * in(0, i);
      const double buffer = momentum * in(2, i) + g;
      const double direction = nesterov ? g + momentum * buffer : buffer;
      new_buffer[i] = static_cast<T>(buffer);
      new_parameter[i] = static_cast<T>(in(0, i) - rate * direction);
    }
    return absl::OkStatus();
  });
}

struct AdamW {
  double beta1, beta2, epsilon, decay;

  explicit AdamW(const Attributes& a)
      : beta1(a.Real("beta1", 0.9)),
        beta2(a.Real("beta2", 0.999)),
        epsilon(a.Real("epsilon", 1e-8)),
        decay(a.Real("weight_decay", 0)) {}
};

absl::Status InferAdamW(InferContext& context) {
  ASSAY_RETURN_IF_ERROR(CheckTensors(context, {"gradient", "first", "second"}));
  ASSAY_RETURN_IF_ERROR(Operand(context, 5, "step").Has(DType::kS64, {}));
  const AdamW adamw(context.attributes);
  const double below_one = std::nextafter(1.0, 0.0);
  ASSAY_RETURN_IF_ERROR(CheckRange("beta1", adamw.beta1, 0, below_one));
  ASSAY_RETURN_IF_ERROR(CheckRange("beta2", adamw.beta2, 0, below_one));
  ASSAY_RETURN_IF_ERROR(CheckRange("epsilon", adamw.epsilon, 0, kMax));
  ASSAY_RETURN_IF_ERROR(CheckRange("weight_decay", adamw.decay, 0, kMax));
  const TensorType type = *context.inputs[0];
  return SetResults(context, {type, type, type});
}

absl::Status AdamWReference(ReferenceContext& context) {
  const AdamW adamw(context.attributes);
  const int64_t step = *context.inputs[5]->data<int64_t>();
  if (step < 1) {
    return absl::OutOfRangeError(
        absl::StrCat("step: expected at least 1, got ", step));
  }
  const double bias1 = 1 - std::pow(adamw.beta1, static_cast<double>(step));
  const double bias2 = 1 - std::pow(adamw.beta2, static_cast<double>(step));
  const Tensor& parameter = *context.inputs[0];
  return VisitFloat(parameter.dtype(), [&]<typename T>() {
    const auto in = [&](size_t operand, int64_t i) {
      return static_cast<double>(context.inputs[operand]->data<T>()[i]);
    };
    const double rate = in(4, 0);
    for (int64_t i = 0; i < parameter.size(); ++i) {
      const double g = in(1, i);
      const double first = adamw.beta1 * in(2, i) + (1 - adamw.beta1) * g;
      const double second = adamw.beta2 * in(3, i) + (1 - adamw.beta2) * g * g;
      const double direction =
          first / bias1 / (std::sqrt(second / bias2) + adamw.epsilon);
      context.outputs[0]->data<T>()[i] = static_cast<T>(
          in(0, i) * (1 - rate * adamw.decay) - rate * direction);
      context.outputs[1]->data<T>()[i] = static_cast<T>(first);
      context.outputs[2]->data<T>()[i] = static_cast<T>(second);
    }
    return absl::OkStatus();
  });
}

}  // namespace

OpSchema SgdStepSchema() {
  return {.name = "sgd_step",
          .min_inputs = 4,
          .max_inputs = 4,
          .operands = "parameter gradient momentum_buffer learning_rate",
          .attributes = {{"momentum", "real"},
                         {"weight_decay", "real"},
                         {"nesterov", "int"}},
          .infer = InferSgd,
          .reference = SgdReference};
}

OpSchema AdamwStepSchema() {
  return {.name = "adamw_step",
          .min_inputs = 6,
          .max_inputs = 6,
          .operands = "parameter gradient first second learning_rate step",
          .attributes = {{"beta1", "real"},
                         {"beta2", "real"},
                         {"epsilon", "real"},
                         {"weight_decay", "real"}},
          .infer = InferAdamW,
          .reference = AdamWReference};
}

}  // namespace assay
