#include "harness/host/services/train_options.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/host/services/graph_access.h"
#include "harness/host/services/parts.h"

namespace assay {
namespace {

constexpr int64_t kMaxSegments = 1 << 16;

absl::Status Invalid(absl::string_view option, absl::string_view expected,
                     absl::string_view got) {
  return absl::InvalidArgumentError(
      absl::StrCat("train: ", option, ": expected ", expected, ", got ", got));
}

// Overrides `value` where the option is given.
absl::Status Override(const char* option, double given, double* value) {
  if (std::isnan(given) || std::isinf(given)) {
    return Invalid(option, "a finite number", absl::StrCat(given));
  }
  if (given >= 0) *value = given;
  return absl::OkStatus();
}

absl::Status ReadOptimizer(const assay_train_options& raw,
                           OptimizerOptions* optimizer) {
  const absl::string_view name = View(raw.optimizer);
  using Kind = OptimizerOptions::Kind;
  if (name == "sgd" || name == "adamw") {
    const Kind kind = name == "sgd" ? Kind::kSgd : Kind::kAdamW;
    if (kind != optimizer->kind) {
      const double decay = optimizer->weight_decay;
      const double clip = optimizer->clip_norm;
      *optimizer = OptimizerOptions();
      optimizer->kind = kind;
      optimizer->weight_decay = decay;
      optimizer->clip_norm = clip;
    }
  } else if (!name.empty()) {
    return Invalid("optimizer", "\"sgd\" or \"adamw\"", name);
  }
  ASSAY_RETURN_IF_ERROR(Override("momentum", raw.momentum,
                                 optimizer->kind == Kind::kSgd
                                     ? &optimizer->momentum
                                     : &optimizer->beta1));
  ASSAY_RETURN_IF_ERROR(
      Override("weight_decay", raw.weight_decay, &optimizer->weight_decay));
  return Override("clip_norm", raw.clip_norm, &optimizer->clip_norm);
}

absl::Status ReadRules(const assay_train_options& raw, ParameterRules* rules) {
  for (uint64_t i = 0; i < raw.rule_count; ++i) {
    ASSAY_ASSIGN_OR_RETURN(
        const assay_parameter_rule r,
        Receive(raw.rules[i], assay_parameter_rule{}, "train: rule"));
    if (r.frozen != 0) rules->frozen.insert(Text(r.name));
    if (!std::isfinite(r.l1) || r.l1 < 0) {
      return Invalid("l1", "a number of at least 0", absl::StrCat(r.l1));
    }
    if (r.l1 > 0) rules->l1[Text(r.name)] = r.l1;
  }
  return absl::OkStatus();
}

absl::Status ReadSchedule(const assay_train_options& raw, Schedule* schedule) {
  const absl::string_view name = View(raw.schedule);
  using Kind = Schedule::Kind;
  if (name == "constant") {
    schedule->kind = Kind::kConstant;
  } else if (name == "cosine") {
    schedule->kind = Kind::kCosine;
  } else if (name == "linear") {
    schedule->kind = Kind::kLinear;
  } else if (name == "one_cycle") {
    schedule->kind = Kind::kOneCycle;
  } else if (name == "step") {
    // A tenth at half and at three quarters.
    schedule->kind = Kind::kMultiStep;
    schedule->decay = 0.1;
    schedule->milestones = {schedule->steps / 2, schedule->steps * 3 / 4};
  } else if (!name.empty()) {
    return Invalid("schedule",
                   "\"constant\", \"cosine\", \"linear\", \"one_cycle\" or "
                   "\"step\"",
                   name);
  }
  return Override("learning_rate", raw.learning_rate, &schedule->peak);
}

// The recipe's schedule, stretched to another length.
Schedule Stretched(const Schedule& recipe, int64_t steps) {
  Schedule schedule = recipe;
  const double ratio =
      static_cast<double>(steps) / static_cast<double>(recipe.steps);
  const auto scale = [ratio](int64_t n) {
    return static_cast<int64_t>(std::llround(static_cast<double>(n) * ratio));
  };
  schedule.steps = steps;
  schedule.warmup = std::min(scale(recipe.warmup), steps - 1);
  schedule.period = std::max<int64_t>(1, scale(recipe.period));
  for (int64_t& m : schedule.milestones) m = scale(m);
  return schedule;
}

absl::Status PlanLength(assay_host* host, const assay_train_options& raw,
                        TrainPlan* plan) {
  const double per_epoch = static_cast<double>(plan->source->batch_count());
  if (raw.steps >= 0) {
    plan->steps = raw.steps;
  } else if (raw.epochs >= 0) {
    plan->steps = std::llround(raw.epochs * per_epoch);
  } else {
    plan->steps = host->task().recipe_steps();
  }
  if (plan->steps < 1) {
    return Invalid("steps", "at least 1", absl::StrCat(plan->steps));
  }
  plan->first_step = std::max<int64_t>(0, raw.first_step);
  const int64_t length = raw.schedule_steps >= 0
                             ? raw.schedule_steps
                             : plan->first_step + plan->steps;
  if (length < plan->first_step + plan->steps) {
    return Invalid("schedule_steps",
                   absl::StrCat("at least ", plan->first_step + plan->steps),
                   absl::StrCat(length));
  }
  plan->schedule = Stretched(host->task().RecipeSchedule(), length);
  if (raw.warmup_steps >= 0) {
    plan->schedule.warmup = std::llround(raw.warmup_steps);
  }
  ASSAY_RETURN_IF_ERROR(ReadSchedule(raw, &plan->schedule));
  return Check(plan->schedule);
}

}  // namespace

assay_train_options UnsetTrainOptions() {
  assay_train_options o{};
  o.size = ASSAY_SIZE(assay_train_options);
  o.epochs = o.learning_rate = o.momentum = o.weight_decay = ASSAY_UNSET;
  o.label_smoothing = o.warmup_steps = o.clip_norm = ASSAY_UNSET;
  o.steps = o.batch_size = o.first_step = o.schedule_steps = ASSAY_UNSET;
  o.recompute_segments = ASSAY_UNSET;
  return o;
}

absl::StatusOr<TrainPlan> PlanTraining(assay_host* host,
                                       const assay_train_options& raw) {
  TrainPlan plan;
  if (raw.stream.size == 0) {
    return Invalid("stream", "a name for order, augmentation and dropout",
                   "none");
  }
  plan.label = Text(raw.stream);
  const assay_part* part = raw.part;
  if (raw.mix != nullptr) {
    ASSAY_ASSIGN_OR_RETURN(const assay_mix mix,
                           Receive(raw.mix, assay_mix{}, "train: mix"));
    ASSAY_ASSIGN_OR_RETURN(plan.source,
                           MixedSource(host, mix, View(raw.stream), true));
  } else if (part == nullptr) {
    part = host->Whole(Split::kTrain);
  } else {
    ASSAY_ASSIGN_OR_RETURN(part, host->handles().Find(raw.part, "part"));
  }
  if (plan.source == nullptr) {
    ASSAY_ASSIGN_OR_RETURN(
        plan.source,
        TrainingSource(host, *part, raw.batch_size, View(raw.stream), true));
  }
  plan.batch = plan.source->batch_size();
  ASSAY_RETURN_IF_ERROR(PlanLength(host, raw, &plan));

  plan.options = host->task().RecipeStep(
      host->SeedFor(absl::StrCat("train/", View(raw.stream))));
  ASSAY_RETURN_IF_ERROR(Override("label_smoothing", raw.label_smoothing,
                                 &plan.options.loss.label_smoothing));
  ASSAY_RETURN_IF_ERROR(ReadOptimizer(raw, &plan.options.optimizer));
  ASSAY_RETURN_IF_ERROR(ReadRules(raw, &plan.options.rules));
  const std::string precision = raw.precision.size == 0
                                    ? host->options().training_precision
                                    : Text(raw.precision);
  if (precision != "f32" && precision != "bf16") {
    return Invalid("precision", "\"f32\" or \"bf16\"", precision);
  }
  plan.options.bf16 = precision == "bf16";
  if (raw.recompute_segments > kMaxSegments) {
    return Invalid("recompute_segments", absl::StrCat("at most ", kMaxSegments),
                   absl::StrCat(raw.recompute_segments));
  }
  plan.options.recompute_segments =
      static_cast<int>(std::max<int64_t>(0, raw.recompute_segments));
  if (raw.masks != nullptr) {
    ASSAY_ASSIGN_OR_RETURN(assay_parameters * masks,
                           ReadableSet(host, raw.masks));
    plan.masks = &masks->store;
    for (const std::string& name : masks->store.Names()) {
      plan.options.rules.masked.insert(name);
    }
  }
  return plan;
}

}  // namespace assay
