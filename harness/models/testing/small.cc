#include "harness/models/testing/small.h"

#include <algorithm>
#include <vector>

#include "absl/algorithm/container.h"
#include "harness/core/random.h"
#include "harness/core/status_macros.h"
#include "harness/models/registry.h"
#include "harness/ops/ops.h"
#include "harness/train/loss.h"

namespace assay {
namespace {

struct Small {
  absl::string_view name;
  Shape input;
  int64_t classes = 0;
  int64_t vocabulary = 0;
  int64_t samples = 0;  // of a batch at most; 0: any number
};

const std::vector<Small>& SmallForms() {
  static const auto* const forms = new std::vector<Small>{
      {"bert-small", {16}, 0, 500},
      {"bert-tiny", {16}, 0, 500},
      {"densenet-xs", {3, 16, 16}},
      {"densenet121", {3, 32, 32}, 10},
      {"densenet121-cifar", {3, 16, 16}},
      {"ecapa", {1, 30, 80}},
      {"espcn", {1, 9, 9}},
      {"fast-fullsubnet", {1, 65, 5}},
      {"fast-fullsubnet-s", {1, 65, 5}},
      {"fullsubnet", {1, 33, 4}},
      {"fullsubnet-s", {1, 33, 4}},
      {"lmd-bpe", {16}, 500},
      {"lmd-draft", {16}},
      {"lmd-m", {16}},
      {"lmd-s", {16}},
      {"lmd-xs", {16}},
      {"lme-s", {16}, 0, 500},
      {"lme-s-pre", {16}, 0, 500},
      {"lme-xs", {16}, 0, 500},
      {"lme-xs-pre", {16}, 0, 500},
      {"lmt-xs", {12, 10}},
      {"mobilenet-v1", {3, 32, 32}, 10},
      {"mobilenet-v1-025", {3, 32, 32}, 10},
      {"mobilenet-v2", {3, 32, 32}, 10},
      {"mobilenet-v3-large", {3, 32, 32}, 10},
      {"mobilenet-v3-small", {3, 32, 32}, 10},
      {"resnet18", {3, 32, 32}, 10},
      {"resnet20", {3, 16, 16}},
      {"resnet20-b", {3, 16, 16}},
      {"resnet32", {3, 16, 16}},
      {"resnet50", {3, 32, 32}, 10},
      {"resnet56", {3, 16, 16}},
      {"resnet8", {3, 16, 16}},
      {"resnet8-b", {3, 16, 16}},
      {"srcnn", {1, 16, 16}},
      {"srcnn-955", {1, 16, 16}},
      {"swin-tiny", {}, 0, 0, 1},
      {"transformer-base", {12, 10}, 500},
      {"vgg16", {3, 32, 32}, 10},
      {"vit-res", {3, 56, 56}, 10},
      {"vit-tiny", {3, 32, 32}, 10},
      {"vit-tiny-cifar", {3, 16, 16}},
      {"vit-xs", {1, 12, 12}},
  };
  return *forms;
}

ReferenceGraphOptions SmallOptions(absl::string_view name, int64_t batch) {
  ReferenceGraphOptions options;
  options.batch = batch;
  for (const Small& form : SmallForms()) {
    if (form.name != name) continue;
    options.input = form.input;
    options.classes = form.classes;
    options.vocabulary = form.vocabulary;
    if (form.samples > 0) options.batch = std::min(batch, form.samples);
  }
  return options;
}

}  // namespace

absl::StatusOr<ReferenceGraph> BuildSmall(absl::string_view name,
                                          int64_t batch) {
  return BuildReferenceGraph(name, StandardOps(), SmallOptions(name, batch));
}

absl::StatusOr<ReferenceGraph> BuildForSteps(absl::string_view name,
                                             int64_t batch) {
  constexpr absl::string_view kLarger[] = {
      "densenet121",        "mobilenet-v1",
      "mobilenet-v1-025",   "mobilenet-v2",
      "mobilenet-v3-large", "mobilenet-v3-small",
      "resnet18",           "resnet50"};
  ReferenceGraphOptions options = SmallOptions(name, batch);
  if (absl::c_linear_search(kLarger, name)) options.input = {3, 64, 64};
  return BuildReferenceGraph(name, StandardOps(), options);
}

bool IsHeavy(absl::string_view name) {
  constexpr absl::string_view kHeavy[] = {"swin-tiny", "transformer-base",
                                          "vgg16", "vit-res"};
  return absl::c_linear_search(kHeavy, name);
}

bool IsHeavyInF64(absl::string_view name) {
  constexpr absl::string_view kHeavy[] = {
      "densenet121-cifar", "fast-fullsubnet", "fullsubnet",
      "resnet50",          "vgg16-cifar",     "vgg19-cifar"};
  return IsHeavy(name) || absl::c_linear_search(kHeavy, name);
}

std::map<std::string, Tensor> SampleInputs(const Graph& graph, uint64_t seed) {
  constexpr uint64_t kTokens = 200;  // every vocabulary is larger
  std::map<std::string, Tensor> samples;
  for (const ValueId id : graph.inputs()) {
    const Value& input = graph.value(id);
    Tensor value(input.type.dtype, input.type.shape);
    RandomStream stream(seed, input.name);
    if (value.dtype() == DType::kF32) {
      stream.FillNormal(value.span<float>(), 0, 1);
    } else {
      for (int32_t& token : value.span<int32_t>()) {
        token = static_cast<int32_t>(stream.Below(kTokens - 1)) + 1;
      }
    }
    samples[input.name] = std::move(value);
  }
  return samples;
}

void AddSampleTargets(const Graph& graph, uint64_t seed,
                      std::map<std::string, Tensor>* samples) {
  const ValueId logits = graph.FindOutput("logits");
  if (logits == kNoValue) {
    Tensor targets(DType::kF32, graph.shape(graph.outputs()[0].value));
    RandomStream(seed, "targets").FillNormal(targets.span<float>(), 0, 1);
    (*samples)["targets"] = std::move(targets);
    return;
  }
  Shape shape = graph.shape(logits);
  const auto classes = static_cast<uint64_t>(shape.back());
  shape.pop_back();
  Tensor labels(DType::kS32, shape);
  RandomStream stream(seed, "labels");
  for (int32_t& label : labels.span<int32_t>()) {
    label = static_cast<int32_t>(stream.Below(classes));
  }
  (*samples)["labels"] = std::move(labels);
}

absl::StatusOr<ValueId> AttachSampleLoss(Graph* graph) {
  if (graph->FindOutput("logits") != kNoValue) return AttachLoss(graph, {});
  GraphBuilder b(graph);
  const ValueId result = graph->outputs()[0].value;
  const ValueId targets = b.Input("targets", DType::kF32, graph->shape(result));
  const ValueId rows =
      b.Reshape(b.Op("square", {b.Sub(result, targets)}), {-1});
  const ValueId loss = b.ReduceMean(rows, {0}, false);
  b.Output("loss", loss);
  ASSAY_RETURN_IF_ERROR(b.status());
  return loss;
}

}  // namespace assay
