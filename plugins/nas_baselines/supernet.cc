#include "plugins/nas_baselines/supernet.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <numbers>
#include <utility>

namespace assay::nas_baselines {
namespace {

// Random networks rarely come back; what is kept bounds the memory.
constexpr size_t kProgramsKept = 16;
constexpr char kTeacher[] = "nas/teacher";

std::string GradientOf(const std::string& name) {
  return "nas/gradient/" + name;
}
std::string MomentumOf(const std::string& name) {
  return "nas/momentum/" + name;
}

// One training of the supernet: programs over shared variables.
class Trainer {
 public:
  Trainer(const sdk::Run& run, const Architectures& architectures,
          const FullShapes& shapes, const SupernetOptions& options)
      : run_(run),
        architectures_(architectures),
        shapes_(shapes),
        options_(options),
        task_(run.task()),
        batch_(run.recipe().batch_size) {}

  sdk::Status Start(const sdk::Parameters& parameters) {
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters all, parameters.Clone());
    for (const auto& [name, shape] : shapes_) {
      ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor zeros,
                             run_.NewTensor(sdk::DType::kF32, shape));
      ASSAY_RETURN_IF_ERROR(all.Set(GradientOf(name), zeros));
      ASSAY_RETURN_IF_ERROR(all.Set(MomentumOf(name), zeros));
    }
    ASSAY_ASSIGN_OR_RETURN(
        const sdk::Tensor teacher,
        run_.NewTensor(sdk::DType::kF32, {batch_, task_.classes}));
    ASSAY_RETURN_IF_ERROR(all.Set(kTeacher, teacher));
    ASSAY_ASSIGN_OR_RETURN(variables_, run_.NewVariables(all));
    ASSAY_ASSIGN_OR_RETURN(rate_, run_.NewTensor(sdk::DType::kF32, {}));
    const Space& space = architectures_.space();
    ASSAY_ASSIGN_OR_RETURN(largest_, Pass(space.Largest(), true));
    ASSAY_ASSIGN_OR_RETURN(smallest_, Pass(space.Smallest(), false));
    ASSAY_ASSIGN_OR_RETURN(step_, Step());
    return sdk::OkStatus();
  }

  // One step; the loss of the largest network.
  sdk::StatusOr<double> Run(const assay_batch* batch, int64_t step,
                            const Below& below) {
    ASSAY_RETURN_IF_ERROR(RunPass(batch, &largest_));
    for (int64_t i = 2; i < options_.passes; ++i) {
      const Space& space = architectures_.space();
      ASSAY_ASSIGN_OR_RETURN(sdk::Program * program,
                             Find(space.Canonical(space.Draw(below))));
      ASSAY_RETURN_IF_ERROR(RunPass(batch, program));
    }
    ASSAY_RETURN_IF_ERROR(RunPass(batch, &smallest_));
    rate_.values()[0] = static_cast<float>(LearningRate(options_, step));
    ASSAY_RETURN_IF_ERROR(step_.Feed("learning_rate", rate_));
    ASSAY_RETURN_IF_ERROR(step_.Run());
    ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor loss, largest_.Fetch("loss"));
    return static_cast<double>(loss.values()[0]);
  }

  sdk::Status Finish(sdk::Parameters* parameters) const {
    for (const auto& [name, shape] : shapes_) {
      ASSAY_ASSIGN_OR_RETURN(const sdk::Tensor value, variables_.Get(name));
      ASSAY_RETURN_IF_ERROR(parameters->Set(name, value));
    }
    return sdk::OkStatus();
  }

 private:
  static sdk::Status RunPass(const assay_batch* batch, sdk::Program* program) {
    ASSAY_RETURN_IF_ERROR(program->Feed(batch));
    return program->Run();
  }

  sdk::StatusOr<sdk::Program*> Find(const Choice& x) {
    for (auto& [choice, program] : kept_) {
      if (choice == x) return &program;
    }
    ASSAY_ASSIGN_OR_RETURN(sdk::Program program, Pass(x, false));
    if (kept_.size() == kProgramsKept) kept_.pop_front();
    kept_.emplace_back(x, std::move(program));
    return &kept_.back().second;
  }

  // Forward and backward of one network. The teacher's pass begins the sums of
  // gradients, the others add to them.
  sdk::StatusOr<sdk::Program> Pass(const Choice& x, bool teacher) {
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph graph, run_.NewGraph("supernet"));
    const sdk::ValueId logits =
        SubnetLogits(task_, architectures_.family(), architectures_.Blocks(x),
                     shapes_, batch_, &graph);
    const sdk::ValueId target = graph.Param(kTeacher, {batch_, task_.classes});
    sdk::ValueId loss;
    if (teacher) {
      loss = graph.TaskLoss(logits, options_.label_smoothing);
      graph.Update(target, graph.Op("softmax", {logits}));
    } else {
      // The cross-entropy with the teacher: the divergence but for a constant.
      const sdk::ValueId product =
          graph.Mul(target, graph.Op("log_softmax", {logits}));
      loss =
          graph.Scale(graph.Sum(product), -1.0f / static_cast<float>(batch_));
    }
    graph.Output("loss", loss);
    std::vector<std::string> names;
    std::vector<sdk::ValueId> parameters;
    for (const auto& [name, shape] : shapes_) {
      const sdk::ValueId id = graph.FindValue(name);
      if (id == sdk::kNoValue) continue;  // of a block that is absent
      names.push_back(name);
      parameters.push_back(id);
    }
    const std::vector<sdk::ValueId> gradients =
        graph.Gradients(loss, parameters);
    for (size_t i = 0; i < names.size(); ++i) {
      const sdk::ValueId sum =
          graph.Param(GradientOf(names[i]), shapes_.at(names[i]));
      graph.Update(sum, teacher ? gradients[i] : graph.Add(sum, gradients[i]));
    }
    ASSAY_RETURN_IF_ERROR(graph.status());
    return variables_.Compile(graph);
  }

  // The optimiser's step over all parameters.
  sdk::StatusOr<sdk::Program> Step() {
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph graph, run_.NewGraph("step"));
    const sdk::ValueId rate =
        graph.Input("learning_rate", sdk::DType::kF32, {});
    for (const auto& [name, shape] : shapes_) {
      const sdk::ValueId parameter = graph.Param(name, shape);
      const sdk::ValueId momentum = graph.Param(MomentumOf(name), shape);
      const sdk::ValueId gradient =
          graph.Op("clip", {graph.Param(GradientOf(name), shape)},
                   {{"low", -options_.clip}, {"high", options_.clip}});
      const bool decays = name.ends_with(".weights");
      const std::vector<sdk::ValueId> next =
          graph.Ops("sgd_step", {parameter, gradient, momentum, rate},
                    {{"momentum", options_.momentum},
                     {"weight_decay", decays ? options_.weight_decay : 0.0},
                     {"nesterov", 1}});
      ASSAY_RETURN_IF_ERROR(graph.status());
      graph.Update(parameter, next[0]);
      graph.Update(momentum, next[1]);
    }
    ASSAY_RETURN_IF_ERROR(graph.status());
    return variables_.Compile(graph);
  }

  const sdk::Run& run_;
  const Architectures& architectures_;
  const FullShapes& shapes_;
  const SupernetOptions& options_;
  sdk::Task task_;
  int64_t batch_;
  sdk::Variables variables_;  // outlives the programs below
  sdk::Tensor rate_;
  sdk::Program largest_, smallest_, step_;
  std::deque<std::pair<Choice, sdk::Program>> kept_;
};

}  // namespace

double LearningRate(const SupernetOptions& options, int64_t step) {
  const double warmup = options.warmup * static_cast<double>(options.steps);
  const double now = static_cast<double>(step);
  if (now + 1 < warmup) return options.learning_rate * (now + 1) / warmup;
  const double left = static_cast<double>(options.steps) - warmup;
  const double progress = left > 0 ? std::max(0.0, now - warmup) / left : 1;
  return options.learning_rate / 2 *
         (1 + std::cos(std::numbers::pi * progress));
}

sdk::StatusOr<Supernet> Supernet::Make(const sdk::Run& run,
                                       const Architectures& architectures) {
  Supernet supernet;
  supernet.run_ = &run;
  supernet.architectures_ = &architectures;
  const std::vector<Block> blocks =
      architectures.Blocks(architectures.space().Largest());
  ASSAY_ASSIGN_OR_RETURN(const sdk::Graph largest,
                         InferenceGraph(run, architectures.family(), blocks));
  supernet.shapes_ = ShapesOf(largest);
  sdk::Parameters& set = supernet.parameters_;
  ASSAY_ASSIGN_OR_RETURN(set, run.NewParameters());
  ASSAY_RETURN_IF_ERROR(set.Initialize(largest, "supernet"));
  for (const std::string& name : set.names()) {
    if (supernet.shapes_.count(name) > 0) continue;
    ASSAY_RETURN_IF_ERROR(set.Erase(name));  // a statistic
  }
  for (const Block& block : blocks) {
    if (!block.residual) continue;
    ASSAY_ASSIGN_OR_RETURN(const auto scale,
                           set.MutableFloats(block.name + ".bn.scale"));
    std::fill(scale.begin(), scale.end(), 0.0f);
  }
  return supernet;
}

sdk::Status Supernet::Train(const SupernetOptions& options) {
  Trainer trainer(*run_, *architectures_, shapes_, options);
  ASSAY_RETURN_IF_ERROR(trainer.Start(parameters_));
  ASSAY_ASSIGN_OR_RETURN(const sdk::PartRef train,
                         run_->Whole(sdk::Split::kTrain));
  ASSAY_ASSIGN_OR_RETURN(sdk::Batches batches,
                         run_->Open(train, {.shuffle = true,
                                            .augment = true,
                                            .repeat = true,
                                            .stream = "supernet"}));
  ASSAY_ASSIGN_OR_RETURN(sdk::Random random, run_->Random("sandwich"));
  const Below below = [&random](uint64_t n) { return random.Below(n); };
  for (int64_t step = 0; step < options.steps; ++step) {
    if (run_->stop_wanted()) return sdk::Cancelled();
    ASSAY_ASSIGN_OR_RETURN(const assay_batch* batch, batches.Next());
    ASSAY_ASSIGN_OR_RETURN(const double loss, trainer.Run(batch, step, below));
    run_->Metric("supernet/loss", step, loss);
    run_->Progress("supernet", step + 1, options.steps);
  }
  return trainer.Finish(&parameters_);
}

sdk::StatusOr<Network> Supernet::Extract(const Choice& x) const {
  return nas_baselines::Extract(*run_, architectures_->family(),
                                architectures_->Blocks(x), shapes_,
                                parameters_);
}

}  // namespace assay::nas_baselines
