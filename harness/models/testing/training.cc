#include "harness/models/testing/training.h"

#include <map>
#include <memory>
#include <string>

#include "harness/backend/session.h"
#include "harness/core/status_macros.h"
#include "harness/graph/builder.h"
#include "harness/graph/gradient.h"
#include "harness/graph/rewrites/training.h"
#include "harness/graph/roles.h"
#include "harness/models/testing/small.h"
#include "harness/train/step.h"

namespace assay {

TrainingRecipe PlainAdamW() {
  TrainingRecipe recipe;
  recipe.optimizer.kind = OptimizerOptions::Kind::kAdamW;
  recipe.learning_rate = 1e-3;
  return recipe;
}

std::vector<GoldenRun> GoldenRuns() {
  constexpr int kSteps = 10;
  TrainingRecipe sgd;
  sgd.optimizer.kind = OptimizerOptions::Kind::kSgd;
  sgd.optimizer.momentum = 0.9;
  sgd.optimizer.nesterov = true;
  sgd.optimizer.weight_decay = 5e-4;
  sgd.learning_rate = 0.05;
  sgd.steps = kSteps;
  TrainingRecipe adamw = PlainAdamW();
  adamw.optimizer.weight_decay = 0.05;
  adamw.steps = kSteps;
  return {{"resnet8", sgd}, {"vit-tiny-cifar", adamw}, {"lmd-xs", adamw}};
}

namespace {

// BuildStep, or the same of a network without logits.
absl::StatusOr<Graph> StepOf(const Graph& network,
                             const OptimizerOptions& optimizer) {
  StepOptions options;
  options.optimizer = optimizer;
  options.training.dropout = false;
  if (network.FindOutput("logits") != kNoValue) {
    return BuildStep(network, options);
  }
  ASSAY_ASSIGN_OR_RETURN(Graph step, ToTraining(network, options.training));
  ASSAY_ASSIGN_OR_RETURN(const ValueId loss, AttachSampleLoss(&step));
  const std::vector<ValueId> sources = TrainableParameters(step);
  ASSAY_ASSIGN_OR_RETURN(const std::vector<ValueId> gradients,
                         AddGradients(&step, loss, kNoValue, sources));
  std::vector<ParameterGradient> pairs;
  for (size_t i = 0; i < sources.size(); ++i) {
    pairs.push_back({sources[i], gradients[i]});
  }
  GraphBuilder b(&step);
  ASSAY_RETURN_IF_ERROR(AppendOptimizer(b, pairs, optimizer, {}));
  ASSAY_RETURN_IF_ERROR(b.status());
  return step;
}

}  // namespace

absl::StatusOr<TrainingResult> Train(const ReferenceGraph& net, Device* device,
                                     const TrainingRecipe& recipe) {
  ASSAY_ASSIGN_OR_RETURN(const Graph step, StepOf(net.graph, recipe.optimizer));
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
  AddSampleTargets(net.graph, recipe.seed, &feeds);
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
