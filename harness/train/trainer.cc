#include "harness/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "harness/core/dtype.h"
#include "harness/core/status_macros.h"
#include "harness/graph/rewrites/apply_masks.h"
#include "harness/graph/structural_hash.h"

namespace assay {
namespace {

constexpr absl::string_view kStepKey = "step";
constexpr size_t kMaxSubnetworks = 64;  // compiled at a time

Tensor Scalar(float value) { return Tensor::From<float>({}, {value}); }
Tensor Scalar(int64_t value) { return Tensor::From<int64_t>({}, {value}); }

Tensor Filled(const TensorType& type, float value) {
  Tensor tensor(DType::kF32, type.shape);
  for (float& element : tensor.span<float>()) element = value;
  return type.dtype == DType::kF32 ? tensor : tensor.Cast(type.dtype);
}

absl::Status CheckMask(absl::string_view parameter, const TensorType& type,
                       const Tensor& mask) {
  if (mask.dtype() != type.dtype || mask.shape() != type.shape ||
      type.dtype != DType::kF32) {
    return absl::InvalidArgumentError(
        absl::StrCat("mask of \"", parameter, "\": expected f32 ",
                     ToString(type), ", got ", mask.TypeString()));
  }
  const auto elements = mask.span<float>();
  for (size_t i = 0; i < elements.size(); ++i) {
    if (elements[i] != 0 && elements[i] != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("mask of \"", parameter, "\": element ", i,
                       ": expected 0 or 1, got ", elements[i]));
    }
  }
  return absl::OkStatus();
}

}  // namespace

struct Trainer::Programs {
  std::unique_ptr<Session> step, backward, backward_add, apply;
  std::map<std::string, std::unique_ptr<Session>> subnetworks;  // by hash
};

Trainer::Trainer(Device* device, Graph network, StepOptions options)
    : device_(device),
      network_(std::move(network)),
      options_(std::move(options)),
      parameters_(device),
      programs_(std::make_unique<Programs>()) {}

Trainer::~Trainer() = default;

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::Make(
    Device* device, Graph network, StepOptions options,
    const ParameterStore& parameters) {
  std::unique_ptr<Trainer> trainer(
      new Trainer(device, std::move(network), std::move(options)));
  for (const ValueId id : trainer->network_.parameters()) {
    const std::string& name = trainer->network_.value(id).name;
    ASSAY_ASSIGN_OR_RETURN(const Tensor value, parameters.Get(name));
    ASSAY_RETURN_IF_ERROR(trainer->Set(name, value));
  }
  ASSAY_RETURN_IF_ERROR(trainer->Configure());
  return trainer;
}

absl::Status Trainer::Configure() {
  ASSAY_ASSIGN_OR_RETURN(stepped_, SteppedParameters(network_, options_.rules));
  for (const std::string& name : stepped_) {
    const TensorType& type = network_.type(network_.FindValue(name));
    for (const std::string& state : StateNames(options_.optimizer.kind, name)) {
      ASSAY_RETURN_IF_ERROR(AddMissing(state, {DType::kF32, type.shape}, 0));
    }
  }
  for (const std::string& name : options_.rules.masked) {
    ASSAY_RETURN_IF_ERROR(
        AddMissing(MaskName(name), network_.type(network_.FindValue(name)), 1));
  }
  programs_ = std::make_unique<Programs>();
  return absl::OkStatus();
}

absl::Status Trainer::AddMissing(const std::string& name,
                                 const TensorType& type, float value) {
  if (parameters_.Find(name) != nullptr) return absl::OkStatus();
  return parameters_.Set(name, Filled(type, value));
}

absl::StatusOr<Session*> Trainer::Compile(std::unique_ptr<Session>* slot,
                                          absl::StatusOr<Graph> graph) {
  ASSAY_RETURN_IF_ERROR(graph.status());
  ASSAY_ASSIGN_OR_RETURN(*slot, Session::Make(device_, *graph, &parameters_));
  return slot->get();
}

absl::StatusOr<double> Trainer::Run(Session& session, const Feeds& feeds,
                                    double learning_rate) {
  for (const auto& [name, value] : feeds) {
    ASSAY_RETURN_IF_ERROR(session.Feed(name, value));
  }
  const Graph& graph = session.graph();
  if (graph.FindValue("learning_rate") != kNoValue) {
    ASSAY_RETURN_IF_ERROR(session.Feed(
        "learning_rate", Scalar(static_cast<float>(learning_rate))));
  }
  if (graph.FindValue("step") != kNoValue) {
    ASSAY_RETURN_IF_ERROR(session.Feed("step", Scalar(step_ + 1)));
  }
  ASSAY_RETURN_IF_ERROR(session.Run());
  if (graph.FindOutput("loss") == kNoValue) return 0.0;
  ASSAY_ASSIGN_OR_RETURN(const Tensor loss, session.Fetch("loss"));
  const double value = loss.data<float>()[0];
  if (!std::isfinite(value)) {
    return absl::OutOfRangeError(absl::StrCat(graph.name(), ": the loss is ",
                                              value, " at step ", step_ + 1));
  }
  return value;
}

absl::StatusOr<double> Trainer::Step(const Feeds& feeds, double learning_rate) {
  Session* session = programs_->step.get();
  if (session == nullptr) {
    ASSAY_ASSIGN_OR_RETURN(
        session, Compile(&programs_->step, BuildStep(network_, options_)));
  }
  ASSAY_ASSIGN_OR_RETURN(const double loss,
                         Run(*session, feeds, learning_rate));
  ++step_;
  return loss;
}

absl::Status Trainer::AddGradientBuffers() {
  for (const std::string& name : stepped_) {
    ASSAY_RETURN_IF_ERROR(AddMissing(
        GradientName(name), network_.type(network_.FindValue(name)), 0));
  }
  return absl::OkStatus();
}

absl::StatusOr<double> Trainer::RunBackward(bool accumulate,
                                            const Feeds& feeds) {
  std::unique_ptr<Session>* slot =
      accumulate ? &programs_->backward_add : &programs_->backward;
  if (*slot == nullptr) {
    for (const std::string& name : stepped_) {
      ASSAY_RETURN_IF_ERROR(AddMissing(
          GradientName(name), network_.type(network_.FindValue(name)), 0));
    }
    ASSAY_RETURN_IF_ERROR(
        Compile(slot, BuildBackward(network_, options_, accumulate)).status());
  }
  return Run(**slot, feeds, 0);
}

absl::StatusOr<double> Trainer::Backward(const Feeds& feeds) {
  return RunBackward(false, feeds);
}

absl::StatusOr<double> Trainer::BackwardAdd(const Feeds& feeds) {
  return RunBackward(true, feeds);
}

absl::StatusOr<double> Trainer::BackwardAdd(const Graph& network,
                                            const LossOptions& loss,
                                            const Feeds& feeds) {
  const std::string key =
      absl::StrCat(StructuralHash(network), "/", loss.ToString());
  auto& subnetworks = programs_->subnetworks;
  if (subnetworks.size() >= kMaxSubnetworks && subnetworks.count(key) == 0) {
    subnetworks.clear();
  }
  std::unique_ptr<Session>& slot = subnetworks[key];
  if (slot == nullptr) {
    ASSAY_RETURN_IF_ERROR(AddGradientBuffers());
    StepOptions options = options_;
    options.loss = loss;
    options.rules = {};
    for (const ValueId id : network.parameters()) {
      const std::string& name = network.value(id).name;
      if (options_.rules.frozen.count(name)) options.rules.frozen.insert(name);
      if (options_.rules.masked.count(name)) options.rules.masked.insert(name);
    }
    const absl::Status status =
        Compile(&slot, BuildBackward(network, options, true)).status();
    if (!status.ok()) {
      subnetworks.erase(key);
      return status;
    }
  }
  return Run(*slot, feeds, 0);
}

absl::Status Trainer::ClearGradients() {
  for (const std::string& name : stepped_) {
    const TensorType& type = network_.type(network_.FindValue(name));
    ASSAY_RETURN_IF_ERROR(parameters_.Set(GradientName(name), Filled(type, 0)));
  }
  return absl::OkStatus();
}

absl::Status Trainer::Apply(double learning_rate) {
  Session* session = programs_->apply.get();
  if (session == nullptr) {
    ASSAY_ASSIGN_OR_RETURN(
        session, Compile(&programs_->apply, BuildApply(network_, options_)));
  }
  ASSAY_RETURN_IF_ERROR(Run(*session, {}, learning_rate).status());
  ++step_;
  return absl::OkStatus();
}

absl::StatusOr<Tensor> Trainer::Gradient(absl::string_view parameter) const {
  return parameters_.Get(GradientName(parameter));
}

absl::Status Trainer::SetGradient(absl::string_view parameter,
                                  const Tensor& value) {
  const std::string name = GradientName(parameter);
  const DeviceTensor* old = parameters_.Find(name);
  if (old == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("parameter \"", parameter, "\" has no gradient"));
  }
  if (!(old->type == TensorType{value.dtype(), value.shape()})) {
    return absl::InvalidArgumentError(
        absl::StrCat("gradient of \"", parameter, "\": expected ",
                     ToString(old->type), ", got ", value.TypeString()));
  }
  return parameters_.Set(name, value);
}

absl::StatusOr<Tensor> Trainer::Get(absl::string_view parameter) const {
  return parameters_.Get(std::string(parameter));
}

absl::Status Trainer::Set(absl::string_view parameter, const Tensor& value) {
  const ValueId id = network_.FindValue(parameter);
  if (id == kNoValue || network_.value(id).kind != ValueKind::kParameter) {
    return absl::NotFoundError(absl::StrCat("graph \"", network_.name(),
                                            "\" has no parameter \"", parameter,
                                            "\""));
  }
  const TensorType& type = network_.type(id);
  if (!(type == TensorType{value.dtype(), value.shape()})) {
    return absl::InvalidArgumentError(
        absl::StrCat("parameter \"", parameter, "\": expected ", ToString(type),
                     ", got ", value.TypeString()));
  }
  return parameters_.Set(std::string(parameter), value);
}

absl::StatusOr<ParameterStore> Trainer::Parameters() const {
  ParameterStore store;
  for (const ValueId id : network_.parameters()) {
    const std::string& name = network_.value(id).name;
    ASSAY_ASSIGN_OR_RETURN(Tensor value, parameters_.Get(name));
    store.Set(name, std::move(value));
  }
  return store;
}

absl::Status Trainer::SetMask(absl::string_view parameter, const Tensor& mask) {
  const std::string name(parameter);
  const auto known = std::find(stepped_.begin(), stepped_.end(), name);
  if (known == stepped_.end()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "mask of \"", name, "\": no parameter that this run trains"));
  }
  ASSAY_RETURN_IF_ERROR(
      CheckMask(name, network_.type(network_.FindValue(name)), mask));
  ASSAY_RETURN_IF_ERROR(parameters_.Set(MaskName(name), mask));
  ASSAY_RETURN_IF_ERROR(ApplyMaskTo(name, mask));
  for (const std::string& state : StateNames(options_.optimizer.kind, name)) {
    ASSAY_RETURN_IF_ERROR(ApplyMaskTo(state, mask));
  }
  if (options_.rules.masked.insert(name).second) return Configure();
  return absl::OkStatus();
}

absl::Status Trainer::ApplyMaskTo(const std::string& name, const Tensor& mask) {
  ASSAY_ASSIGN_OR_RETURN(Tensor value, parameters_.Get(name));
  const auto elements = value.span<float>();
  const auto keep = mask.span<float>();
  for (size_t i = 0; i < elements.size(); ++i) {
    if (keep[i] == 0) elements[i] = 0;
  }
  return parameters_.Set(name, value);
}

absl::Status Trainer::Reconfigure(StepOptions options) {
  std::swap(options_, options);
  const absl::Status status = Configure();
  if (!status.ok()) std::swap(options_, options);
  return status;
}

absl::StatusOr<Checkpoint> Trainer::SaveState() const {
  Checkpoint checkpoint;
  ASSAY_ASSIGN_OR_RETURN(checkpoint.parameters, Parameters());
  std::vector<std::string> names;
  for (const std::string& name : stepped_) {
    for (std::string& state : StateNames(options_.optimizer.kind, name)) {
      names.push_back(std::move(state));
    }
  }
  for (const std::string& name : options_.rules.masked) {
    names.push_back(MaskName(name));
  }
  for (const std::string& name : names) {
    ASSAY_ASSIGN_OR_RETURN(Tensor value, parameters_.Get(name));
    checkpoint.parameters.Set(name, std::move(value));
  }
  checkpoint.metadata[std::string(kStepKey)] = absl::StrCat(step_);
  return checkpoint;
}

absl::Status Trainer::RestoreState(const Checkpoint& checkpoint) {
  const auto found = checkpoint.metadata.find(std::string(kStepKey));
  int64_t step = 0;
  if (found == checkpoint.metadata.end() ||
      !absl::SimpleAtoi(found->second, &step) || step < 0) {
    return absl::InvalidArgumentError(
        "training state: expected a step count in the metadata");
  }
  StepOptions options = options_;
  options.rules.masked.clear();
  for (const std::string& name : stepped_) {
    if (checkpoint.parameters.Has(MaskName(name))) {
      options.rules.masked.insert(name);
    }
  }
  std::vector<std::string> needed;
  for (const ValueId id : network_.parameters()) {
    needed.push_back(network_.value(id).name);
  }
  for (const std::string& name : stepped_) {
    for (std::string& state : StateNames(options_.optimizer.kind, name)) {
      needed.push_back(std::move(state));
    }
  }
  for (const std::string& name : options.rules.masked) {
    needed.push_back(MaskName(name));
  }
  ParameterStore values;
  for (const std::string& name : needed) {
    ASSAY_ASSIGN_OR_RETURN(const Tensor value, checkpoint.parameters.Get(name));
    const DeviceTensor* old = parameters_.Find(name);
    if (old != nullptr &&
        !(old->type == TensorType{value.dtype(), value.shape()})) {
      return absl::InvalidArgumentError(
          absl::StrCat("training state: \"", name, "\": expected ",
                       ToString(old->type), ", got ", value.TypeString()));
    }
    values.Set(name, value);
  }
  ASSAY_RETURN_IF_ERROR(parameters_.Load(values));
  step_ = step;
  if (options.rules.masked == options_.rules.masked) return absl::OkStatus();
  return Reconfigure(std::move(options));
}

}  // namespace assay
