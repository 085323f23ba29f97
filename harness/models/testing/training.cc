#include "harness/models/testing/training.h"

#include <memory>
#include <string>

#include "harness/backend/session.h"
#include "harness/core/status_macros.h"
#include "harness/models/testing/small.h"
#include "harness/train/step.h"

namespace assay {

TrainingRecipe PlainAdamW() {
  TrainingRecipe recipe;
  recipe.optimizer.kind = OptimizerOptions::Kind::kAdamW;
  recipe.learning_rate = 1e-3;
  return recipe;
}

absl::StatusOr<TrainingResult> Train(const ReferenceGraph& net, Device* device,
                                     const TrainingRecipe& recipe) {
  StepOptions options;
  options.optimizer = recipe.optimizer;
  options.training.dropout = false;
  ASSAY_ASSIGN_OR_RETURN(const Graph step, BuildStep(net.graph, options));
  ASSAY_ASSIGN_OR_RETURN(ParameterStore store,
                         Initialise(net.graph, net.initialisers, recipe.seed));
  for (const ValueId id : step.parameters()) {
    const Value& parameter = step.value(id);
    if (store.Has(parameter.name)) continue;  // else the optimiser's state
    store.Set(parameter.name,
              Tensor::Zeros(parameter.type.dtype, parameter.type.shape));
  }
  DeviceParameters parameters(device);
  ASSAY_RETURN_IF_ERROR(parameters.Load(store));
  ASSAY_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session,
                         Session::Make(device, step, &parameters));
  std::map<std::string, Tensor> feeds = SampleInputs(net.graph, recipe.seed);
  feeds["labels"] = SampleLabels(net.graph, recipe.seed);
  feeds["learning_rate"] =
      Tensor::From<float>({}, {static_cast<float>(recipe.learning_rate)});
  for (const auto& [name, value] : feeds) {
    ASSAY_RETURN_IF_ERROR(session->Feed(name, value));
  }
  TrainingResult result;
  for (int64_t i = 1; i <= recipe.steps; ++i) {
    if (step.FindValue("step") != kNoValue) {
      ASSAY_RETURN_IF_ERROR(
          session->Feed("step", Tensor::From<int64_t>({}, {i})));
    }
    ASSAY_RETURN_IF_ERROR(session->Run());
    ASSAY_ASSIGN_OR_RETURN(const Tensor loss, session->Fetch("loss"));
    result.losses.push_back(static_cast<double>(loss.data<float>()[0]));
  }
  ASSAY_RETURN_IF_ERROR(parameters.Save(&result.parameters));
  return result;
}

}  // namespace assay
