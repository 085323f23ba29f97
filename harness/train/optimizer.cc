#include "harness/train/optimizer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/core/dtype.h"
#include "harness/core/shape.h"
#include "harness/graph/rewrites/apply_masks.h"

namespace assay {
namespace {

// The input `name`, added as a scalar where the graph lacks it.
ValueId ScalarInput(GraphBuilder& b, const std::string& name, DType dtype) {
  const ValueId found = b.graph().FindValue(name);
  return found != kNoValue ? found : b.Input(name, dtype, {});
}

class Appender {
 public:
  Appender(GraphBuilder& b, const OptimizerOptions& options,
           const ParameterRules& rules)
      : b_(b),
        options_(options),
        rules_(rules),
        learning_rate_(ScalarInput(b, "learning_rate", DType::kF32)),
        step_(ScalarInput(b, "step", DType::kS64)) {}

  // Gradients as the optimiser takes them: masked and
  // clipped. The factor that clips by norm, min(1, clip_norm / norm), is common
  // to all.
  std::vector<ValueId> Prepare(absl::Span<const ParameterGradient> gradients) {
    std::vector<ValueId> prepared;
    for (const ParameterGradient& item : gradients) {
      if (!b_.ok()) return {};
      ValueId gradient = Masked(item.gradient, Mask(item.parameter));
      if (options_.clip_value != 0) {
        gradient = b_.Op(
            "clip", {gradient},
            {{"low", -options_.clip_value}, {"high", options_.clip_value}});
      }
      prepared.push_back(gradient);
    }
    if (options_.clip_norm == 0) return prepared;
    const ValueId norm = b_.Op("sqrt", {SumOfSquares(prepared)});
    b_.Output("gradient_norm", norm);
    // The small term is PyTorch's: it keeps 0 / 0 away.
    const ValueId factor =
        b_.Op("minimum", {b_.Div(b_.Scalar(DType::kF32, options_.clip_norm),
                                 b_.Offset(norm, 1e-6)),
                          b_.Scalar(DType::kF32, 1)});
    for (ValueId& gradient : prepared) gradient = b_.Mul(gradient, factor);
    return prepared;
  }

  void Step(const ParameterGradient& item, ValueId gradient) {
    if (!b_.ok()) return;
    const std::string name = b_.graph().value(item.parameter).name;
    if (const auto l1 = rules_.l1.find(name); l1 != rules_.l1.end()) {
      gradient = b_.Add(gradient,
                        b_.Scale(b_.Op("sign", {item.parameter}), l1->second));
    }
    const ValueId mask = Mask(item.parameter);
    const Shape shape = b_.shape(item.parameter);
    std::vector<ValueId> changing = {item.parameter};
    for (const std::string& state : StateNames(options_.kind, name)) {
      changing.push_back(b_.Parameter(state, DType::kF32, shape));
    }
    std::vector<ValueId> inputs = {item.parameter, gradient};
    inputs.insert(inputs.end(), changing.begin() + 1, changing.end());
    inputs.push_back(learning_rate_);
    const double decay = item.decays ? options_.weight_decay : 0;
    const std::vector<ValueId> results =
        options_.kind == OptimizerOptions::Kind::kSgd ? Sgd(inputs, decay)
                                                      : AdamW(inputs, decay);
    if (!b_.ok()) return;
    for (size_t i = 0; i < changing.size(); ++i) {
      b_.Update(changing[i], Masked(results[i], mask));
    }
  }

 private:
  ValueId SumOfSquares(absl::Span<const ValueId> gradients) {
    ValueId total = kNoValue;
    for (const ValueId gradient : gradients) {
      if (!b_.ok()) return kNoValue;
      std::vector<int64_t> axes(b_.shape(gradient).size());
      for (size_t i = 0; i < axes.size(); ++i) {
        axes[i] = static_cast<int64_t>(i);
      }
      const ValueId sum =
          b_.ReduceSum(b_.Op("square", {gradient}), std::move(axes), false);
      total = total == kNoValue ? sum : b_.Add(total, sum);
    }
    return total;
  }

  // kNoValue where there is none.
  ValueId Mask(ValueId parameter) {
    const std::string& name = b_.graph().value(parameter).name;
    if (rules_.masked.count(name) == 0) return kNoValue;
    return b_.Parameter(MaskName(name), b_.dtype(parameter),
                        b_.shape(parameter));
  }
  ValueId Masked(ValueId value, ValueId mask) {
    return mask == kNoValue ? value : b_.Mul(value, mask);
  }

  std::vector<ValueId> Sgd(std::vector<ValueId> inputs, double decay) {
    return b_.Ops("sgd_step", std::move(inputs),
                  {{"momentum", options_.momentum},
                   {"weight_decay", decay},
                   {"nesterov", int64_t{options_.nesterov}}});
  }
  std::vector<ValueId> AdamW(std::vector<ValueId> inputs, double decay) {
    inputs.push_back(step_);
    return b_.Ops("adamw_step", std::move(inputs),
                  {{"beta1", options_.beta1},
                   {"beta2", options_.beta2},
                   {"epsilon", options_.epsilon},
                   {"weight_decay", decay}});
  }

  GraphBuilder& b_;
  const OptimizerOptions& options_;
  const ParameterRules& rules_;
  ValueId learning_rate_, step_;
};

}  // namespace

std::string OptimizerOptions::ToString() const {
  std::string text = kind == Kind::kSgd
                         ? absl::StrCat("sgd, momentum ", momentum,
                                        nesterov ? " (Nesterov)" : "")
                         : absl::StrCat("adamw, betas ", beta1, " ", beta2,
                                        ", epsilon ", epsilon);
  absl::StrAppend(&text, ", weight decay ", weight_decay,
                  decay_norms_and_biases ? "" : " on matrices alone");
  if (clip_value != 0) absl::StrAppend(&text, ", clip value ", clip_value);
  if (clip_norm != 0) absl::StrAppend(&text, ", clip norm ", clip_norm);
  return text;
}

std::string GradientName(absl::string_view parameter) {
  return absl::StrCat("gradient/", parameter);
}

std::vector<std::string> StateNames(OptimizerOptions::Kind kind,
                                    absl::string_view parameter) {
  if (kind == OptimizerOptions::Kind::kSgd) {
    return {absl::StrCat("optimizer/momentum/", parameter)};
  }
  return {absl::StrCat("optimizer/first/", parameter),
          absl::StrCat("optimizer/second/", parameter)};
}

absl::Status AppendOptimizer(GraphBuilder& b,
                             absl::Span<const ParameterGradient> gradients,
                             const OptimizerOptions& options,
                             const ParameterRules& rules) {
  Appender appender(b, options, rules);
  const std::vector<ValueId> prepared = appender.Prepare(gradients);
  for (size_t i = 0; i < gradients.size(); ++i) {
    appender.Step(gradients[i], prepared[i]);
  }
  return b.status();
}

}  // namespace assay
