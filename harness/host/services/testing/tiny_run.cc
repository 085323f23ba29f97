#include "harness/host/services/testing/tiny_run.h"

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "datasets/array_dataset.h"
#include "harness/backend/reference/reference_device.h"
#include "harness/core/random.h"
#include "harness/models/init.h"
#include "harness/models/layers.h"
#include "harness/ops/ops.h"

namespace assay {
namespace {

constexpr int64_t kClasses = 4, kExtent = 8, kChannels = 2;

void Insist(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "tiny run: %s\n", status.ToString().c_str());
  std::abort();
}
template <typename T>
T Insist(absl::StatusOr<T> value) {
  Insist(value.status());
  return *std::move(value);
}

// Noise with stripes; their direction and channel tell the class.
void DrawImages(RandomStream& random, int64_t count, Tensor* features,
                Tensor* labels) {
  *features = Tensor(DType::kF32, {count, kChannels, kExtent, kExtent});
  *labels = Tensor(DType::kS32, {count});
  float* pixel = features->data<float>();
  for (int64_t i = 0; i < count; ++i) {
    const int64_t label = i % kClasses;
    labels->data<int32_t>()[i] = static_cast<int32_t>(label);
    for (int64_t c = 0; c < kChannels; ++c) {
      for (int64_t y = 0; y < kExtent; ++y) {
        for (int64_t x = 0; x < kExtent; ++x) {
          const bool stripe =
              c == label / 2 && (label % 2 == 0 ? x : y) % 2 == 0;
          *pixel++ = 0.5f * random.Uniform() + (stripe ? 0.5f : 0.0f);
        }
      }
    }
  }
}

std::unique_ptr<Dataset> MakeImages() {
  DatasetSpec spec;
  spec.name = "tiny";
  spec.sample_shape = {kChannels, kExtent, kExtent};
  spec.classes = kClasses;
  spec.class_names = {"a", "b", "c", "d"};
  spec.mean = {0.4f, 0.4f};
  spec.stddev = {0.2f, 0.2f};
  spec.fingerprint = std::string(64, '0');
  RandomStream random(7, "tiny");
  std::array<Rows, 3> splits;
  const int64_t sizes[] = {64, 32, 0};
  for (size_t s = 0; s < splits.size(); ++s) {
    auto pool = std::make_shared<Pool>();
    DrawImages(random, sizes[s], &pool->features, &pool->labels);
    splits[s] = AllRows(std::move(pool));
  }
  return MakeArrayDataset(std::move(spec), std::move(splits));
}

TaskSpec MakeSpec() {
  TaskSpec spec;
  spec.id = "tiny";
  spec.dataset = "tiny";
  spec.evaluation_batch = 16;
  spec.recipe.batch = 16;
  spec.recipe.steps = 16;
  spec.recipe.schedule.kind = Schedule::Kind::kCosine;
  spec.recipe.schedule.peak = 0.05;
  spec.recipe.optimizer.weight_decay = 1e-4;
  return spec;
}

ReferenceGraph MakeNetwork() {
  LayerBuilder layers("tiny", StandardOps());
  ValueId x =
      layers.b().Input("image", DType::kF32, {16, kChannels, kExtent, kExtent});
  const auto conv = [](int64_t channels, int64_t kernel, int64_t groups) {
    ConvOptions o;
    o.channels = channels;
    o.kernel = {kernel, kernel};
    const int64_t pad = kernel / 2;
    o.pads = {pad, pad, pad, pad};
    o.groups = groups;
    return o;
  };
  x = layers.ConvNormRelu(x, "stem", "stem_norm", conv(6, 3, 1));
  ValueId y =
      layers.ConvNormRelu(x, "block.depthwise", "block.norm1", conv(6, 3, 6));
  y = layers.Conv(y, "block.pointwise", conv(6, 1, 1));
  y = layers.BatchNorm(y, "block.norm2");
  x = layers.Relu(layers.b().Add(x, y));
  x = layers.GlobalAveragePool(layers.MaxPool2(x));
  x = layers.Relu(layers.HiddenLinear(x, "hidden", 8));
  return Insist(layers.Finish(layers.Classifier(x, "head", kClasses)));
}

}  // namespace

void RecordingSink::Log(int32_t, absl::string_view line) {
  absl::MutexLock lock(&mutex_);
  lines.emplace_back(line);
}
void RecordingSink::Progress(absl::string_view, int64_t, int64_t) {}
void RecordingSink::Metric(absl::string_view key, int64_t, double value) {
  metrics[std::string(key)].push_back(value);
}
void RecordingSink::Note(absl::string_view key, absl::string_view value) {
  notes[std::string(key)] = std::string(value);
}
void RecordingSink::Misbehaviour(absl::string_view what) {
  absl::MutexLock lock(&mutex_);
  misbehaviours.emplace_back(what);
}
void RecordingSink::Hook(absl::string_view event) {
  if (!event.empty()) hooks.emplace_back(event);
}
absl::Status RecordingSink::Submit(uint32_t budget, const Graph& graph,
                                   const ParameterStore& parameters) {
  candidates.insert_or_assign(budget, Candidate{graph, parameters.Clone()});
  return absl::OkStatus();
}
absl::Status RecordingSink::Submit(uint32_t budget, const DynamicGraph& graph,
                                   const ParameterStore& parameters) {
  dynamic_candidates.insert_or_assign(
      budget, DynamicCandidate{graph, parameters.Clone()});
  return absl::OkStatus();
}

TinyRun::TinyRun(TinyRunOptions options)
    : device_(MakeReferenceDevice()),
      task_(Insist(Task::Make(MakeSpec(), MakeImages()))) {
  ReferenceGraph network = MakeNetwork();
  served_.task = task_.get();
  served_.initialisers = network.initialisers;
  served_.chance = 1.0 / kClasses;
  served_.reference = served_.chance;
  ParameterStore parameters =
      Insist(Initialise(network.graph, network.initialisers, options.seed));
  ServiceHostOptions o;
  o.method_id = options.method_id;
  o.seed = options.seed;
  o.device = device_.get();
  o.reference = device_.get();
  o.task = &served_;
  o.budgets = std::move(options.budgets);
  o.allowance = options.allowance;
  o.sink = &sink_;
  o.stop = [this] { return stop_.load(); };
  host_ = std::make_unique<assay_host>(std::move(o), std::move(network.graph),
                                       std::move(parameters));
}

TinyRun::~TinyRun() = default;

const Graph& TinyRun::reference_graph() const {
  return host_->reference_graph()->graph;
}
const ParameterStore& TinyRun::reference_parameters() const {
  return host_->reference_parameters()->store;
}

}  // namespace assay
