#include "harness/profile/roofline.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "harness/core/random.h"
#include "harness/core/status_macros.h"
#include "harness/core/tensor.h"
#include "harness/graph/builder.h"
#include "harness/graph/rewrites/lower.h"
#include "harness/graph/rewrites/quantize.h"
#include "harness/ops/ops.h"
#include "harness/profile/profile.h"

namespace assay {
namespace {

constexpr int64_t kSide = 1024;  // of the matrices
constexpr int64_t kRuns = 20;

ParameterStore Weights() {
  ParameterStore store;
  for (const char* name : {"first.weights", "second.weights"}) {
    Tensor weights(DType::kF32, {kSide, kSide});
    RandomStream(1, name).FillNormal(weights.span<float>(), 0, 0.03f);
    store.Set(name, weights);
  }
  return store;
}

// Two layers, so that integers flow from one into the other.
absl::StatusOr<Graph> Layers() {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  ValueId x = b.Input("x", DType::kF32, {kSide, kSide});
  for (const char* name : {"first", "second"}) {
    const ValueId weights = b.Parameter(std::string(name) + ".weights",
                                        DType::kF32, {kSide, kSide});
    x = b.Op("linear", {x, weights}, {}, name);
  }
  b.Output("y", x);
  ASSAY_RETURN_IF_ERROR(b.status());
  return graph;
}

absl::StatusOr<Graph> Lowered(DType type) {
  ASSAY_ASSIGN_OR_RETURN(Graph graph, Layers());
  ParameterStore parameters = Weights();
  LoweringOptions lowering;
  if (type == DType::kBF16) lowering.precision = FloatPrecision::kBf16;
  if (type == DType::kU8) {
    QuantizeOptions options;
    options.activations = {{"x", {-4, 4}}, {"first", {-4, 4}}};
    for (const auto& [name, weights] : parameters.values()) {
      options.weight_scales[name] = WeightScales(weights, true);
    }
    ASSAY_ASSIGN_OR_RETURN(QuantizedNetwork quantized,
                           Quantize(graph, parameters, options));
    graph = std::move(quantized.graph);
    parameters = std::move(quantized.parameters);
  }
  ASSAY_ASSIGN_OR_RETURN(LoweredNetwork lowered,
                         LowerForInference(graph, parameters, lowering));
  return std::move(lowered.graph);
}

// The best step that computes in `type`; 0 where there is none.
absl::StatusOr<double> MacsPerSecond(Device* device, int threads, DType type) {
  ASSAY_ASSIGN_OR_RETURN(const Graph graph, Lowered(type));
  ProfileOptions options;
  options.runs = kRuns;
  options.threads = threads;
  ASSAY_ASSIGN_OR_RETURN(const Profile profile,
                         ProfileGraph(device, graph, options));
  double best = 0;
  for (const StepProfile& step : profile.steps) {
    if (step.type != type || step.macs == 0 || step.low <= 0) continue;
    best = std::max(best, static_cast<double>(step.macs) / step.low);
  }
  return best;
}

absl::StatusOr<Roofline::Bandwidth> BandwidthOf(Device* device, int threads,
                                                int64_t bytes) {
  Graph graph(StandardOps());
  GraphBuilder b(&graph);
  const int64_t elements = bytes / (2 * SizeOf(DType::kF32));
  b.Output("y", b.Op("relu", {b.Input("x", DType::kF32, {elements})}));
  ASSAY_RETURN_IF_ERROR(b.status());
  ProfileOptions options;
  options.runs = kRuns;
  options.threads = threads;
  ASSAY_ASSIGN_OR_RETURN(const Profile profile,
                         ProfileGraph(device, graph, options));
  Roofline::Bandwidth bandwidth;
  bandwidth.bytes = bytes;
  double seconds = 0;
  for (const StepProfile& step : profile.steps) seconds += step.low;
  if (seconds > 0) {
    bandwidth.bytes_per_second = static_cast<double>(bytes) / seconds;
  }
  return bandwidth;
}

}  // namespace

double Roofline::LeastSeconds(int64_t macs, DType type, int64_t bytes) const {
  double compute = 0;
  if (macs > 0) {
    const auto found =
        macs_per_second.find(type == DType::kS8 ? DType::kU8 : type);
    if (found == macs_per_second.end()) return 0;
    compute = static_cast<double>(macs) / found->second;
  }
  double rate = 0;
  for (const Bandwidth& bandwidth : bandwidths) {
    rate = bandwidth.bytes_per_second;
    if (bandwidth.bytes >= bytes) break;
  }
  if (rate <= 0) return compute;
  return std::max(compute, static_cast<double>(bytes) / rate);
}

absl::StatusOr<Roofline> MeasureRoofline(Device* device, int threads) {
  Roofline roofline;
  for (const DType type : {DType::kF32, DType::kBF16, DType::kU8}) {
    const absl::StatusOr<double> rate = MacsPerSecond(device, threads, type);
    if (!rate.ok() &&
        (type == DType::kF32 || !absl::IsUnimplemented(rate.status()))) {
      return rate.status();
    }
    if (rate.ok() && *rate > 0) roofline.macs_per_second[type] = *rate;
  }
  for (const int shift : {16, 18, 20, 22, 24, 26}) {
    ASSAY_ASSIGN_OR_RETURN(const Roofline::Bandwidth bandwidth,
                           BandwidthOf(device, threads, int64_t{1} << shift));
    roofline.bandwidths.push_back(bandwidth);
  }
  return roofline;
}

}  // namespace assay
