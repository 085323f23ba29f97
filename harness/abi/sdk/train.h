// The host's standard training loop, with hooks.
#ifndef ASSAY_HARNESS_ABI_SDK_TRAIN_H_
#define ASSAY_HARNESS_ABI_SDK_TRAIN_H_

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data.h"
#include "parameters.h"

namespace assay::sdk {

// One moment of a training, inside a hook.
class Event {
 public:
  Event(const Services& s, const assay_event& raw) : s_(s), raw_(raw) {}

  int64_t step() const { return raw_.step; }
  int64_t steps() const { return raw_.steps; }
  int64_t epoch() const { return raw_.epoch; }
  int64_t steps_per_epoch() const { return raw_.steps_per_epoch; }
  int64_t samples() const { return raw_.samples; }
  double loss() const { return raw_.loss; }
  double learning_rate() const { return raw_.learning_rate; }

  // Copies of a parameter's tensors. services/train.h says which moment allows
  // which.
  StatusOr<Tensor> Value(std::string_view name) {
    return Read(ASSAY_OF_VALUE, name);
  }
  StatusOr<Tensor> Gradient(std::string_view name) {
    return Read(ASSAY_OF_GRADIENT, name);
  }
  StatusOr<Tensor> Mask(std::string_view name) {
    return Read(ASSAY_OF_MASK, name);
  }
  Status SetValue(std::string_view name, const Tensor& tensor) {
    return Write(ASSAY_OF_VALUE, name, tensor);
  }
  Status SetGradient(std::string_view name, const Tensor& tensor) {
    return Write(ASSAY_OF_GRADIENT, name, tensor);
  }
  Status SetMask(std::string_view name, const Tensor& tensor) {
    return Write(ASSAY_OF_MASK, name, tensor);
  }

  void SkipUpdate() { actions_ |= ASSAY_SKIP_UPDATE; }
  void StopTraining() { actions_ |= ASSAY_STOP_TRAINING; }
  uint32_t actions() const { return actions_; }

 private:
  StatusOr<Tensor> Read(int32_t which, std::string_view name) {
    assay_tensor* raw = nullptr;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s_, train, read, raw_.training, which,
                                         ToText(name), &raw));
    return Tensor::Adopt(s_, raw);
  }
  Status Write(int32_t which, std::string_view name, const Tensor& tensor) {
    return ASSAY_SDK_CALL(s_, train, write, raw_.training, which, ToText(name),
                          tensor.raw());
  }

  const Services& s_;
  const assay_event& raw_;
  uint32_t actions_ = 0;
};

// Derive and override what is needed; name the moments in events().
class Hooks {
 public:
  static constexpr uint32_t kRunBegin = 1u << ASSAY_RUN_BEGIN;
  static constexpr uint32_t kEpochBegin = 1u << ASSAY_EPOCH_BEGIN;
  static constexpr uint32_t kAfterBackward = 1u << ASSAY_AFTER_BACKWARD;
  static constexpr uint32_t kAfterOptimizer = 1u << ASSAY_AFTER_OPTIMIZER;
  static constexpr uint32_t kStepEnd = 1u << ASSAY_STEP_END;
  static constexpr uint32_t kEpochEnd = 1u << ASSAY_EPOCH_END;
  static constexpr uint32_t kRunEnd = 1u << ASSAY_RUN_END;

  virtual ~Hooks() = default;
  virtual uint32_t events() const = 0;
  virtual Status RunBegin(Event&) { return OkStatus(); }
  virtual Status EpochBegin(Event&) { return OkStatus(); }
  virtual Status AfterBackward(Event&) { return OkStatus(); }
  virtual Status AfterOptimizer(Event&) { return OkStatus(); }
  virtual Status StepEnd(Event&) { return OkStatus(); }
  virtual Status EpochEnd(Event&) { return OkStatus(); }
  virtual Status RunEnd(Event&) { return OkStatus(); }

  Status Dispatch(int32_t kind, Event& event) {
    switch (kind) {
      case ASSAY_RUN_BEGIN:
        return RunBegin(event);
      case ASSAY_EPOCH_BEGIN:
        return EpochBegin(event);
      case ASSAY_AFTER_BACKWARD:
        return AfterBackward(event);
      case ASSAY_AFTER_OPTIMIZER:
        return AfterOptimizer(event);
      case ASSAY_STEP_END:
        return StepEnd(event);
      case ASSAY_EPOCH_END:
        return EpochEnd(event);
      case ASSAY_RUN_END:
        return RunEnd(event);
      default:
        return OkStatus();  // a kind of a later revision
    }
  }
};

// What differs for one parameter.
struct ParameterRule {
  std::string name;
  bool frozen = false;  // keeps its value
  double l1 = 0;        // adds l1 * sign(w) to the gradient
};

// Whatever is not set comes from the task's recipe.
struct TrainOptions {
  double epochs = ASSAY_UNSET;
  int64_t steps = ASSAY_UNSET;
  int64_t batch_size = ASSAY_UNSET;
  double learning_rate = ASSAY_UNSET;
  double momentum = ASSAY_UNSET;
  double weight_decay = ASSAY_UNSET;
  double label_smoothing = ASSAY_UNSET;
  double warmup_steps = ASSAY_UNSET;
  double clip_norm = ASSAY_UNSET;
  std::string optimizer = {};
  std::string schedule = {};
  std::string precision = {};
  std::string stream = "train";  // order, augmentation and dropout
  PartRef part = {};             // default: the whole train split
  ParametersRef masks = {};      // default: none
  Hooks* hooks = nullptr;
  std::vector<ParameterRule> rules = {};
  int64_t first_step = ASSAY_UNSET;
  int64_t schedule_steps = ASSAY_UNSET;
  std::vector<Share> mix = {};  // composed batches instead of `part`
  int64_t recompute_segments = ASSAY_UNSET;
};

struct TrainResult {
  int64_t steps = 0;
  int64_t samples = 0;
  double loss = 0;
  double seconds = 0;
  bool stopped = false;
};

namespace internal {

struct HookContext {
  const Services* s;
  Hooks* hooks;
};

inline assay_status* OnEvent(void* context, const assay_event* raw,
                             assay_reply* reply) noexcept {
  const HookContext& c = *static_cast<HookContext*>(context);
  Event event(*c.s, *raw);
  Status status;
  try {
    status = c.hooks->Dispatch(raw->kind, event);
  } catch (const std::exception& e) {
    status = Status(Code::kInternal, std::string("hook threw: ") + e.what());
  } catch (...) {
    status = Status(Code::kInternal, "hook threw");
  }
  reply->actions = event.actions();
  return GiveStatus(*c.s, status);
}

// TrainOptions as the host takes them, with all that they point to.
class RawTrainOptions {
 public:
  RawTrainOptions(const Services& s, const TrainOptions& o)
      : context_{&s, o.hooks}, mix_(o.mix) {
    for (const ParameterRule& r : o.rules) {
      rules_.push_back({ASSAY_SIZE(assay_parameter_rule), r.frozen ? 1u : 0u,
                        ToText(r.name), r.l1});
    }
    for (const assay_parameter_rule& r : rules_) rule_pointers_.push_back(&r);
    if (o.hooks != nullptr) {
      hooks_ = {ASSAY_SIZE(assay_hooks), o.hooks->events(), &context_,
                &OnEvent};
    }
    raw_.size = ASSAY_SIZE(assay_train_options);
    raw_.epochs = o.epochs;
    raw_.steps = o.steps;
    raw_.batch_size = o.batch_size;
    raw_.learning_rate = o.learning_rate;
    raw_.momentum = o.momentum;
    raw_.weight_decay = o.weight_decay;
    raw_.label_smoothing = o.label_smoothing;
    raw_.warmup_steps = o.warmup_steps;
    raw_.clip_norm = o.clip_norm;
    raw_.optimizer = ToText(o.optimizer);
    raw_.schedule = ToText(o.schedule);
    raw_.precision = ToText(o.precision);
    raw_.stream = ToText(o.stream);
    raw_.part = o.part.raw();
    raw_.masks = o.masks.raw();
    raw_.hooks = o.hooks == nullptr ? nullptr : &hooks_;
    raw_.rules = rule_pointers_.data();
    raw_.rule_count = rule_pointers_.size();
    raw_.first_step = o.first_step;
    raw_.schedule_steps = o.schedule_steps;
    raw_.mix = mix_.get();
    raw_.recompute_segments = o.recompute_segments;
  }
  RawTrainOptions(const RawTrainOptions&) = delete;
  RawTrainOptions& operator=(const RawTrainOptions&) = delete;

  const assay_train_options* get() const { return &raw_; }

 private:
  HookContext context_;
  RawMix mix_;
  assay_hooks hooks_{};
  std::vector<assay_parameter_rule> rules_;
  std::vector<const assay_parameter_rule*> rule_pointers_;
  assay_train_options raw_{};
};

inline TrainResult FromRaw(const assay_train_result& r) {
  return {r.steps, r.samples, r.loss, r.seconds, r.stopped != 0};
}

}  // namespace internal

// Trains `set` in place; see services/train.h.
inline StatusOr<TrainResult> Train(const Services& s, GraphRef graph,
                                   Parameters* set, const TrainOptions& o) {
  const internal::RawTrainOptions raw(s, o);
  assay_train_result result{};
  result.size = ASSAY_SIZE(assay_train_result);
  ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s, train, train, graph.raw(), set->raw(),
                                       raw.get(), &result));
  return internal::FromRaw(result);
}

}  // namespace assay::sdk

#endif  // ASSAY_HARNESS_ABI_SDK_TRAIN_H_
