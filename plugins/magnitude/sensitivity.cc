#include "plugins/magnitude/sensitivity.h"

#include <cmath>
#include <string>
#include <utility>

namespace assay::magnitude {
namespace {

constexpr int64_t kLargestBatch = 256;
constexpr int64_t kStreamSamples = 64;  // where labels are no classes

std::string GradientName(size_t layer) {
  return "gradient/" + std::to_string(layer);
}
std::string DirectionName(size_t layer) {
  return "direction/" + std::to_string(layer);
}

// The samples that score, always in the same order and in equal batches.
struct Sample {
  sdk::Part part;
  int64_t batch_size = 0;
};

sdk::StatusOr<Sample> DrawSample(sdk::Run& run, int64_t per_class) {
  ASSAY_ASSIGN_OR_RETURN(sdk::PartRef train, run.Whole(sdk::Split::kTrain));
  Sample sample;
  if (run.task().metric == ASSAY_ACCURACY) {
    ASSAY_ASSIGN_OR_RETURN(sample.part,
                           run.Balanced(train, per_class, "score"));
  } else {
    ASSAY_ASSIGN_OR_RETURN(auto carved,
                           run.Carve(train, kStreamSamples, "score"));
    sample.part = std::move(carved.first);
  }
  const int64_t n = sample.part.size();
  for (int64_t b = 1; b <= std::min(n, kLargestBatch); ++b) {
    if (n % b == 0) sample.batch_size = b;
  }
  return sample;
}

std::vector<sdk::ValueId> ValuesOf(const sdk::Graph& graph,
                                   const std::vector<sdk::Parameter>& layers) {
  std::vector<sdk::ValueId> values;
  for (const sdk::Parameter& p : layers) {
    values.push_back(graph.FindValue(p.name));
  }
  return values;
}

// The network with its loss at logits / temperature, for one batch.
struct LossGraph {
  sdk::Graph graph;
  std::vector<sdk::ValueId> weights, gradients;
};

sdk::StatusOr<LossGraph> BuildLoss(sdk::Run& run, sdk::GraphRef network,
                                   const std::vector<sdk::Parameter>& layers,
                                   int64_t batch, double temperature,
                                   bool batch_statistics) {
  sdk::Graph source;
  if (batch_statistics) {
    ASSAY_ASSIGN_OR_RETURN(source, run.ToTraining(network));
  } else {
    ASSAY_ASSIGN_OR_RETURN(source, run.Clone(network));
  }
  LossGraph loss;
  ASSAY_ASSIGN_OR_RETURN(loss.graph, run.Rebatch(source, batch));
  sdk::Graph& g = loss.graph;
  const sdk::ValueId logits = g.logits();
  g.ClearOutputs();
  g.ClearUpdates();  // running statistics stay as they are
  loss.weights = ValuesOf(g, layers);
  const sdk::ValueId value =
      g.TaskLoss(g.Scale(logits, static_cast<float>(1 / temperature)), 0);
  loss.gradients = g.Gradients(value, loss.weights);
  ASSAY_RETURN_IF_ERROR(g.status());
  for (size_t l = 0; l < layers.size(); ++l) {
    if (loss.gradients[l] == sdk::kNoValue) {
      return sdk::InvalidArgument("the loss does not depend on " +
                                  layers[l].name);
    }
  }
  return loss;
}

// Runs `program` over the sample and sums its outputs gradient/0, gradient/1,
// ... into `sums`.
sdk::Status SumOverSample(sdk::Run& run, const Sample& sample,
                          sdk::Program& program, Scores* sums) {
  ASSAY_ASSIGN_OR_RETURN(
      sdk::Batches batches,
      run.Open(sample.part, {.batch_size = sample.batch_size}));
  for (;;) {
    ASSAY_ASSIGN_OR_RETURN(const assay_batch* batch, batches.Next());
    if (batch == nullptr) return sdk::OkStatus();
    if (run.stop_wanted()) return sdk::Cancelled();
    ASSAY_RETURN_IF_ERROR(program.Feed(batch));
    ASSAY_RETURN_IF_ERROR(program.Run());
    for (size_t l = 0; l < sums->size(); ++l) {
      ASSAY_ASSIGN_OR_RETURN(sdk::Tensor gradient,
                             program.Fetch(GradientName(l)));
      const sdk::Span<const float> values = std::as_const(gradient).values();
      (*sums)[l].resize(values.size(), 0.0);
      for (size_t i = 0; i < values.size(); ++i)
        (*sums)[l][i] += static_cast<double>(values[i]);
    }
  }
}

sdk::StatusOr<Scores> SumOfGradients(sdk::Run& run, const Sample& sample,
                                     const sdk::Parameters& set,
                                     LossGraph* loss) {
  for (size_t l = 0; l < loss->gradients.size(); ++l) {
    loss->graph.Output(GradientName(l), loss->gradients[l]);
  }
  ASSAY_RETURN_IF_ERROR(loss->graph.status());
  ASSAY_ASSIGN_OR_RETURN(sdk::Variables variables, run.NewVariables(set));
  ASSAY_ASSIGN_OR_RETURN(sdk::Program program, variables.Compile(loss->graph));
  Scores sums(loss->gradients.size());
  ASSAY_RETURN_IF_ERROR(SumOverSample(run, sample, program, &sums));
  return sums;
}

// H * direction, summed over the sample: the gradient of
// sum over layers <direction, g(w)>.
sdk::StatusOr<Scores> HessianTimes(sdk::Run& run, const Sample& sample,
                                   const sdk::Parameters& set,
                                   const std::vector<sdk::Parameter>& layers,
                                   const Scores& direction, LossGraph* loss) {
  sdk::Graph& g = loss->graph;
  ASSAY_ASSIGN_OR_RETURN(sdk::Parameters values, set.Clone());
  sdk::ValueId inner = sdk::kNoValue;
  for (size_t l = 0; l < layers.size(); ++l) {
    const std::vector<float> v(direction[l].begin(), direction[l].end());
    ASSAY_RETURN_IF_ERROR(values.Set(DirectionName(l), layers[l].shape, v));
    const sdk::ValueId product = g.Sum(
        g.Mul(loss->gradients[l], g.Param(DirectionName(l), layers[l].shape)));
    inner = l == 0 ? product : g.Add(inner, product);
  }
  const std::vector<sdk::ValueId> hg = g.Gradients(inner, loss->weights);
  for (size_t l = 0; l < layers.size(); ++l) g.Output(GradientName(l), hg[l]);
  ASSAY_RETURN_IF_ERROR(g.status());
  ASSAY_ASSIGN_OR_RETURN(sdk::Variables variables, run.NewVariables(values));
  ASSAY_ASSIGN_OR_RETURN(sdk::Program program, variables.Compile(g));
  Scores sums(layers.size());
  ASSAY_RETURN_IF_ERROR(SumOverSample(run, sample, program, &sums));
  return sums;
}

// scores[l][i] = f(w * factor).
template <typename F>
sdk::StatusOr<Scores> TimesWeights(const sdk::Parameters& set,
                                   const std::vector<sdk::Parameter>& layers,
                                   Scores factors, F f) {
  for (size_t l = 0; l < layers.size(); ++l) {
    ASSAY_ASSIGN_OR_RETURN(auto weights, set.Floats(layers[l].name));
    for (size_t i = 0; i < weights.size(); ++i) {
      factors[l][i] = f(static_cast<double>(weights[i]) * factors[l][i]);
    }
  }
  return factors;
}

}  // namespace

sdk::StatusOr<Scores> SnipScores(sdk::Run& run, sdk::GraphRef graph,
                                 const sdk::Parameters& set,
                                 const std::vector<sdk::Parameter>& layers,
                                 const SensitivityOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(Sample sample, DrawSample(run, options.per_class));
  ASSAY_ASSIGN_OR_RETURN(LossGraph loss,
                         BuildLoss(run, graph, layers, sample.batch_size, 1.0,
                                   options.batch_statistics));
  ASSAY_ASSIGN_OR_RETURN(Scores gradients,
                         SumOfGradients(run, sample, set, &loss));
  return TimesWeights(set, layers, std::move(gradients),
                      [](double s) { return std::fabs(s); });
}

sdk::StatusOr<Scores> GraspScores(sdk::Run& run, sdk::GraphRef graph,
                                  const sdk::Parameters& set,
                                  const std::vector<sdk::Parameter>& layers,
                                  const SensitivityOptions& options) {
  ASSAY_ASSIGN_OR_RETURN(Sample sample, DrawSample(run, options.per_class));
  const auto build = [&] {
    return BuildLoss(run, graph, layers, sample.batch_size, options.temperature,
                     options.batch_statistics);
  };
  ASSAY_ASSIGN_OR_RETURN(LossGraph first, build());
  ASSAY_ASSIGN_OR_RETURN(Scores g, SumOfGradients(run, sample, set, &first));
  ASSAY_ASSIGN_OR_RETURN(LossGraph second, build());
  ASSAY_ASSIGN_OR_RETURN(Scores hg,
                         HessianTimes(run, sample, set, layers, g, &second));
  return TimesWeights(set, layers, std::move(hg), [](double s) { return s; });
}

sdk::StatusOr<Synflow> Synflow::Make(
    sdk::Run& run, sdk::GraphRef graph, const sdk::Parameters& set,
    const std::vector<sdk::Parameter>& layers) {
  const sdk::Task task = run.task();
  if (task.sample_dtype != sdk::DType::kF32) {
    return sdk::Status(sdk::Code::kUnimplemented,
                       "synflow feeds ones and needs a real-valued input, not "
                       "tokens");
  }
  Synflow flow;
  flow.run_ = &run;
  flow.layers_ = layers;
  ASSAY_ASSIGN_OR_RETURN(flow.set_, set.Clone());
  for (const std::string& name : flow.set_.names()) {
    ASSAY_ASSIGN_OR_RETURN(auto values, flow.set_.MutableFloats(name));
    for (float& v : values) v = std::fabs(v);
  }
  for (const sdk::Parameter& p : layers) {
    ASSAY_ASSIGN_OR_RETURN(auto values, flow.set_.Floats(p.name));
    flow.magnitudes_.emplace_back(values.begin(), values.end());
  }
  ASSAY_ASSIGN_OR_RETURN(flow.graph_, run.Rebatch(graph, 1));
  sdk::Graph& g = flow.graph_;
  const sdk::ValueId logits = g.logits();
  g.ClearOutputs();
  const std::vector<sdk::ValueId> gradients =
      g.Gradients(g.Sum(logits), ValuesOf(g, layers));
  for (size_t l = 0; l < layers.size(); ++l) {
    g.Output(GradientName(l), gradients[l]);
  }
  ASSAY_RETURN_IF_ERROR(g.status());
  ASSAY_ASSIGN_OR_RETURN(flow.variables_,
                         run.NewVariables(flow.set_, sdk::Device::kReference));
  ASSAY_ASSIGN_OR_RETURN(flow.program_, flow.variables_.Compile(g));

  sdk::Shape shape = task.sample_shape;
  shape.insert(shape.begin(), 1);
  ASSAY_ASSIGN_OR_RETURN(sdk::Tensor ones,
                         run.NewTensor(sdk::DType::kF32, shape));
  for (float& v : ones.values()) v = 1;
  ASSAY_RETURN_IF_ERROR(flow.program_.Feed(task.input, ones));
  return flow;
}

sdk::StatusOr<Scores> Synflow::Score(
    const std::vector<std::vector<uint8_t>>& masks) {
  for (size_t l = 0; l < layers_.size(); ++l) {
    ASSAY_ASSIGN_OR_RETURN(auto weights, set_.MutableFloats(layers_[l].name));
    for (size_t i = 0; i < weights.size(); ++i) {
      weights[i] = masks[l][i] != 0 ? magnitudes_[l][i] : 0.0f;
    }
  }
  ASSAY_RETURN_IF_ERROR(variables_.Load(set_));
  ASSAY_RETURN_IF_ERROR(program_.Run());
  Scores scores(layers_.size());
  for (size_t l = 0; l < layers_.size(); ++l) {
    ASSAY_ASSIGN_OR_RETURN(sdk::Tensor gradient,
                           program_.Fetch(GradientName(l)));
    const auto values = std::as_const(gradient).values<double>();
    ASSAY_ASSIGN_OR_RETURN(auto weights, set_.Floats(layers_[l].name));
    for (size_t i = 0; i < values.size(); ++i) {
      scores[l].push_back(
          std::fabs(static_cast<double>(weights[i]) * values[i]));
    }
  }
  return scores;
}

}  // namespace assay::magnitude
