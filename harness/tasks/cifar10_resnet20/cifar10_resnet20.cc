#include "harness/tasks/cifar10_resnet20/cifar10_resnet20.h"

#include <string>

namespace assay::tasks::cifar10_resnet20 {
namespace {

TaskSpec Base() {
  TaskSpec spec;
  spec.id = "cifar10-resnet20";
  spec.summary = "small photographs, ResNet-20 with padded shortcuts";
  spec.dataset = "cifar10";
  spec.network = "resnet20";
  // The values that the published weights of this network were trained with.
  spec.mean = {0.485f, 0.456f, 0.406f};
  spec.stddev = {0.229f, 0.224f, 0.225f};
  spec.target = 0.89;
  spec.recipe.batch = 128;
  spec.recipe.epochs = 26;
  spec.recipe.warmup = 0.2;
  spec.recipe.schedule.kind = Schedule::Kind::kOneCycle;
  spec.recipe.schedule.peak = 0.4;
  spec.recipe.augmentation = Augmentation::kCropAndFlip;
  spec.recipe.optimizer.nesterov = true;
  spec.recipe.optimizer.weight_decay = 5e-4;
  spec.recipe.optimizer.decay_norms_and_biases = false;
  return spec;
}

// Weights of github.com/akamaster/pytorch_resnet_cifar10 (BSD-2-Clause).
TaskSpec Published(const std::string& network, const char* file,
                   const char* sha256, double target) {
  TaskSpec spec = Base();
  spec.id = "cifar10-" + network + "-published";
  spec.summary = "small photographs, " + network + " with published weights";
  spec.network = network;
  spec.target = target;
  spec.published_weights = {std::string("models/cifar10-resnet/") + file,
                            sha256};
  return spec;
}

}  // namespace

std::vector<TaskSpec> Specs() {
  return {Base(),
          Published("resnet20", "resnet20-12fca82f.safetensors",
                    "c68c33e870480d7085563f5a6afd87da8fdfead05dda83cb3990ae6b"
                    "a4fafc7d",
                    0.917),
          Published("resnet56", "resnet56-4bfd9763.safetensors",
                    "fff28edc1ed3e8ee4ed91aa9f72074bc44a24deccd4b63e8a43e6a3e"
                    "8ff2fd14",
                    0.933)};
}

}  // namespace assay::tasks::cifar10_resnet20
