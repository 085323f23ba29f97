#include "harness/tasks/fsdd_dscnn/fsdd_dscnn.h"

#include <string>

namespace assay::tasks::fsdd_dscnn {
namespace {

TaskSpec Base() {
  TaskSpec spec;
  spec.id = "fsdd-dscnn";
  spec.summary = "spoken digits, DS-CNN on MFCCs, official split";
  spec.dataset = "fsdd";
  spec.dataset_options = {{"front_end", "mfcc"}};
  spec.network = "dscnn";
  spec.target = 0.97;
  spec.evaluation_batch = 50;
  spec.recipe.batch = 32;
  spec.recipe.epochs = 40;
  spec.recipe.warmup = 0.1;
  spec.recipe.schedule.kind = Schedule::Kind::kCosine;
  spec.recipe.schedule.peak = 0.1;
  spec.recipe.augmentation = Augmentation::kShiftTime;
  spec.recipe.optimizer.nesterov = true;
  spec.recipe.optimizer.weight_decay = 5e-4;
  spec.recipe.optimizer.decay_norms_and_biases = false;
  return spec;
}

}  // namespace

std::vector<TaskSpec> Specs() {
  std::vector<TaskSpec> specs = {Base()};
  for (const char* speaker :
       {"george", "jackson", "lucas", "nicolas", "theo", "yweweler"}) {
    TaskSpec spec = Base();
    spec.id += std::string("-without-") + speaker;
    spec.summary = std::string("spoken digits, DS-CNN, tested on ") + speaker +
                   ", who is not in training";
    spec.dataset_options["holdout_speaker"] = speaker;
    spec.target = 0.70;
    specs.push_back(spec);
  }
  return specs;
}

}  // namespace assay::tasks::fsdd_dscnn
