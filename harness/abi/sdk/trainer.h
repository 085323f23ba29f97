// Trainings that the method drives, and populations of them.
#ifndef ASSAY_HARNESS_ABI_SDK_TRAINER_H_
#define ASSAY_HARNESS_ABI_SDK_TRAINER_H_

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "train.h"

namespace assay::sdk {

// A frozen network that a student follows; see services/trainer.h.
struct Teacher {
  GraphRef graph;
  ParametersRef set;
  double weight = 0.5;
  double temperature = 1;
};

// A reference to a trainer that lives elsewhere.
class TrainerRef {
 public:
  TrainerRef() = default;
  TrainerRef(const Services& s, assay_trainer* raw) : s_(&s), raw_(raw) {}

  // Whole steps. +blocks
  StatusOr<TrainResult> Advance(int64_t steps) {
    assay_train_result result{};
    result.size = ASSAY_SIZE(assay_train_result);
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(*s_, trainer, advance, raw_, steps, &result));
    return internal::FromRaw(result);
  }
  // The same in parts; the losses come back.
  StatusOr<double> Backward() {
    double loss = 0;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(*s_, trainer, backward, raw_, &loss));
    return loss;
  }
  StatusOr<double> BackwardAdd(GraphRef subnet = {}) {
    double loss = 0;
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(*s_, trainer, backward_add, raw_, subnet.raw(), &loss));
    return loss;
  }
  Status Apply() { return Simple(&assay_trainer_table::apply, "apply"); }
  // The method stepped the values itself.
  Status CountStep() {
    return Simple(&assay_trainer_table::count_step, "count_step");
  }

  StatusOr<Tensor> Value(std::string_view name) const {
    return Read(ASSAY_OF_VALUE, name);
  }
  StatusOr<Tensor> Gradient(std::string_view name) const {
    return Read(ASSAY_OF_GRADIENT, name);
  }
  StatusOr<Tensor> Mask(std::string_view name) const {
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

  int64_t steps_done() const {
    return CallOr(s_->trainer, &assay_trainer_table::steps_done, s_->host,
                  static_cast<const assay_trainer*>(raw_));
  }
  Status SetRateFactor(double factor) {
    return ASSAY_SDK_CALL(*s_, trainer, set_rate_factor, raw_, factor);
  }
  Status SetTeacher(const Teacher& teacher) {
    const assay_teacher raw{ASSAY_SIZE(assay_teacher),
                            0,
                            teacher.graph.raw(),
                            teacher.set.raw(),
                            teacher.weight,
                            teacher.temperature};
    return ASSAY_SDK_CALL(*s_, trainer, set_teacher, raw_, &raw);
  }
  Status ClearTeacher() {
    return ASSAY_SDK_CALL(*s_, trainer, set_teacher, raw_, nullptr);
  }

  // Everything that a later step depends on; see services/trainer.h.
  StatusOr<Parameters> Snapshot() const {
    assay_parameters* out = nullptr;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(*s_, trainer, snapshot, raw_, &out));
    return Parameters(*s_, out);
  }
  Status Restore(ParametersRef state) {
    return ASSAY_SDK_CALL(*s_, trainer, restore, raw_, state.raw());
  }
  // The network's values and statistics.
  Status Save(Parameters* set) const {
    return ASSAY_SDK_CALL(*s_, trainer, save, raw_, set->raw());
  }

  assay_trainer* raw() const { return raw_; }

 protected:
  Status Simple(assay_status* (*assay_trainer_table::*slot)(assay_host*,
                                                            assay_trainer*),
                const char* name) {
    return Call(*s_, s_->trainer, slot, name, s_->host, raw_);
  }
  StatusOr<Tensor> Read(int32_t which, std::string_view name) const {
    assay_tensor* out = nullptr;
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(*s_, trainer, read, raw_, which, ToText(name), &out));
    return Tensor::Adopt(*s_, out);
  }
  Status Write(int32_t which, std::string_view name, const Tensor& tensor) {
    return ASSAY_SDK_CALL(*s_, trainer, write, raw_, which, ToText(name),
                          tensor.raw());
  }

  const Services* s_ = nullptr;
  assay_trainer* raw_ = nullptr;
};

// A trainer of the plugin's own; move-only.
class Trainer : public TrainerRef {
 public:
  using Raw = Handle<assay_trainer, assay_trainer_table, &Services::trainer,
                     &assay_trainer_table::free>;
  Trainer() = default;

  // `options.hooks` must be null.
  static StatusOr<Trainer> Make(const Services& s, GraphRef graph,
                                ParametersRef set, const TrainOptions& o) {
    const internal::RawTrainOptions raw(s, o);
    assay_trainer* out = nullptr;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s, trainer, make, graph.raw(),
                                         set.raw(), raw.get(), &out));
    return Trainer(s, out);
  }

 private:
  Trainer(const Services& s, assay_trainer* raw)
      : TrainerRef(s, raw), handle_(s, raw) {}

  Raw handle_;
};

// A population of trainers; see services/workers.h.
class Workers {
 public:
  using Raw = Handle<assay_workers, assay_workers_table, &Services::workers,
                     &assay_workers_table::free>;
  Workers() = default;

  static StatusOr<Workers> Make(const Services& s, GraphRef graph,
                                ParametersRef set,
                                const std::vector<TrainOptions>& options) {
    std::vector<std::unique_ptr<internal::RawTrainOptions>> raw;
    std::vector<const assay_train_options*> pointers;
    for (const TrainOptions& o : options) {
      raw.push_back(std::make_unique<internal::RawTrainOptions>(s, o));
      pointers.push_back(raw.back()->get());
    }
    assay_workers* out = nullptr;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(
        s, workers, make, graph.raw(), set.raw(), pointers.data(),
        static_cast<uint32_t>(pointers.size()), &out));
    Workers workers;
    workers.s_ = &s;
    workers.handle_ = Raw(s, out);
    return workers;
  }

  uint32_t size() const {
    return CallOr(s_->workers, &assay_workers_table::count, s_->host,
                  static_cast<const assay_workers*>(handle_.get()));
  }
  StatusOr<TrainerRef> worker(uint32_t i) const {
    assay_trainer* out = nullptr;
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(*s_, workers, trainer, handle_.get(), i, &out));
    return TrainerRef(*s_, out);
  }
  // The mean loss of each worker over these steps. +blocks
  StatusOr<std::vector<double>> Advance(int64_t steps) {
    std::vector<double> losses(size(), 0.0);
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(*s_, workers, advance, handle_.get(),
                                         steps, losses.data()));
    return losses;
  }
  Status Copy(uint32_t from, uint32_t to) {
    return ASSAY_SDK_CALL(*s_, workers, copy, handle_.get(), from, to);
  }

 private:
  const Services* s_ = nullptr;
  Raw handle_;
};

}  // namespace assay::sdk

#endif  // ASSAY_HARNESS_ABI_SDK_TRAINER_H_
