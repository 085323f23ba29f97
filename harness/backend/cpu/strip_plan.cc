#include "harness/backend/cpu/strip_plan.h"

#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/core/dtype.h"
#include "harness/core/shape.h"
#include "harness/graph/rewrites/split_batch.h"

namespace assay::cpu {
namespace {

// Nanoseconds of a core per byte that is not in its own cache, and of a step
// that is begun alone (a small one also makes less of each register) and with
// other threads. Orders of magnitude are enough: they weigh reading weights
// again against activations that leave the cache.
constexpr double kSharedCache = 0.02, kMemory = 0.1;
constexpr double kStep = 5000, kSharedStep = 10000;

// What a step touches.
struct Step {
  double activations = 0;  // bytes per sample
  double weights = 0;      // bytes
};

double Bytes(const Graph& graph, ValueId v) {
  return static_cast<double>(ElementCount(graph.shape(v)) *
                             SizeOf(graph.type(v).dtype));
}

std::vector<Step> StepsOf(const Graph& graph, const SplitGraph& single) {
  std::vector<Step> steps;
  for (NodeId id = 0; id < graph.node_count(); ++id) {
    const Node& node = graph.node(id);
    Step step;
    for (const std::vector<ValueId>* values : {&node.inputs, &node.outputs}) {
      for (const ValueId v : *values) {
        if (v == kNoValue) continue;
        const double bytes = Bytes(single.graph, v);
        const bool varies = single.has_samples[static_cast<size_t>(v)];
        (varies ? step.activations : step.weights) += bytes;
      }
    }
    // A table is not read as a whole.
    if (node.op == "gather") step.weights = 0;
    steps.push_back(step);
  }
  return steps;
}

class Estimate {
 public:
  Estimate(std::vector<Step> steps, int64_t batch, int threads,
           const CacheSizes& caches)
      : steps_(std::move(steps)),
        batch_(static_cast<double>(batch)),
        threads_(threads),
        core_(static_cast<double>(caches.core)),
        shared_(static_cast<double>(caches.shared)) {
    for (const Step& step : steps_) weights_ += step.weights;
  }

  // Nanoseconds for the batch beside its arithmetic: each thread takes strips
  // of `samples`.
  double Strips(int64_t samples) const {
    const double n = static_cast<double>(samples);
    double strip = 0;
    for (const Step& step : steps_) {
      strip += kStep + Moved(step, n * step.activations,
                             threads_ * n * step.activations, 1);
    }
    return strip * batch_ / n / threads_;
  }

  // All threads take each step on the whole batch together.
  double Whole() const {
    double time = 0;
    for (const Step& step : steps_) {
      const double all = batch_ * step.activations;
      time += threads_ > 1 ? kSharedStep : kStep;
      time += Moved(step, all / threads_, all, threads_);
    }
    return time;
  }

 private:
  // `own`: activations that one thread moves, `all`: that lie in the shared
  // cache at a time. Weights come back to a step after all others were read.
  double Moved(const Step& step, double own, double all, double sharers) const {
    const double cached = own <= core_ / 2 ? 0 : kSharedCache;
    const bool fits = all + step.weights <= shared_ / 2;
    const double weights =
        weights_ <= core_ / 2
            ? 0
            : (weights_ <= shared_ / 2 ? kSharedCache : kMemory);
    return own * (fits ? cached : kMemory) + step.weights / sharers * weights;
  }

  std::vector<Step> steps_;
  double batch_;
  int threads_;
  double core_, shared_, weights_ = 0;
};

}  // namespace

int64_t BatchOf(const Graph& graph) {
  for (const ValueId v : graph.inputs()) {
    if (!graph.shape(v).empty()) return graph.shape(v)[0];
  }
  return 0;
}

std::optional<StripPlan> MakeStrips(const Graph& graph, int threads,
                                    int64_t samples) {
  const int64_t batch = BatchOf(graph);
  if (samples < 1 || samples >= batch || batch % (samples * threads) != 0) {
    return std::nullopt;
  }
  absl::StatusOr<SplitGraph> strip = SplitBatch(graph, samples);
  if (!strip.ok()) return std::nullopt;
  return StripPlan{samples, batch / samples, std::move(strip->graph)};
}

std::optional<StripPlan> PlanStrips(const Graph& graph, int threads,
                                    const CacheSizes& caches) {
  const int64_t batch = BatchOf(graph);
  if (batch < 2 || batch % threads != 0 || caches.core == 0 ||
      caches.shared == 0) {
    return std::nullopt;
  }
  const absl::StatusOr<SplitGraph> single = SplitBatch(graph, 1);
  if (!single.ok()) return std::nullopt;
  const Estimate estimate(StepsOf(graph, *single), batch, threads, caches);
  double least = estimate.Whole();
  int64_t samples = batch;
  for (int64_t n = 1; n <= batch / threads; ++n) {
    if (batch % (n * threads) != 0) continue;
    if (const double time = estimate.Strips(n); time < least) {
      least = time;
      samples = n;
    }
  }
  return MakeStrips(graph, threads, samples);
}

}  // namespace assay::cpu
