#include "plugins/nas_baselines/network.h"

#include <algorithm>
#include <utility>

#include "plugins/nas_baselines/crop.h"

namespace assay::nas_baselines {
namespace {

constexpr double kVarianceFloor = 1e-5;
constexpr int64_t kWidthStep = 4, kWidest = 512;

// Writes one network's nodes; the two forms differ in what a parameter is and
// in how batch norms normalise.
class Writer {
 public:
  // `full` null: inference form.
  Writer(const sdk::Task& task, Family family, const FullShapes* full,
         sdk::Graph* graph)
      : task_(task), family_(family), full_(full), g_(*graph) {}

  sdk::ValueId Logits(const std::vector<Block>& blocks, int64_t batch) {
    sdk::Shape shape = task_.sample_shape;
    shape.insert(shape.begin(), batch);
    sdk::ValueId x = g_.Input(task_.input, sdk::DType::kF32, shape);
    const bool images = family_ == Family::kCnn;
    if (!images) {
      x = g_.Op("transpose", {x}, {{"permutation", sdk::Ints{0, 3, 1, 2}}});
    }
    for (const Block& block : blocks) x = Layer(block, x);
    const int64_t features = blocks.back().outputs;
    return images ? MeanHead(x, features) : StatisticsHead(x, features);
  }

 private:
  sdk::ValueId Parameter(const std::string& name, const sdk::Shape& shape) {
    if (full_ == nullptr) return g_.Param(name, shape);
    const sdk::Shape& full = full_->at(name);
    const sdk::ValueId all = g_.Param(name, full);
    if (full == shape) return all;
    sdk::Ints starts = CropStarts(full, shape);
    sdk::Ints ends = starts;
    for (size_t i = 0; i < ends.size(); ++i) ends[i] += shape[i];
    return g_.Slice(all, starts, ends);
  }

  sdk::ValueId BatchNorm(const std::string& path, int64_t channels,
                         sdk::ValueId x) {
    const sdk::ValueId scale = Parameter(path + ".scale", {channels});
    const sdk::ValueId shift = Parameter(path + ".shift", {channels});
    if (full_ != nullptr) {
      return g_.Op("batch_norm_training", {x, scale, shift});
    }
    return g_.Op("batch_norm",
                 {x, scale, shift, g_.Param(path + ".mean", {channels}),
                  g_.Param(path + ".variance", {channels})});
  }

  sdk::ValueId Layer(const Block& block, sdk::ValueId x) {
    const bool flat = family_ == Family::kTdnn;
    const int64_t reach = block.kernel / 2 * block.dilation;
    const int64_t height = flat ? 1 : block.kernel;
    const int64_t up = flat ? 0 : reach;
    const sdk::ValueId weights =
        Parameter(block.name + ".conv.weights",
                  {block.outputs, block.inputs, height, block.kernel});
    sdk::ValueId y = g_.Op(
        "conv2d", {x, weights},
        {{"strides", sdk::Ints{block.stride, block.stride}},
         {"pads", sdk::Ints{up, reach, up, reach}},
         {"dilations", sdk::Ints{flat ? 1 : block.dilation, block.dilation}}});
    y = BatchNorm(block.name + ".bn", block.outputs, y);
    if (block.residual) y = g_.Add(y, x);
    return g_.Op("relu", {y});
  }

  sdk::ValueId Mean(sdk::ValueId x) {
    return g_.Op("reduce_mean", {x}, {{"axes", sdk::Ints{2, 3}}, {"keep", 1}});
  }
  sdk::ValueId Flatten(sdk::ValueId x) {
    return g_.Op("reshape", {x}, {{"shape", sdk::Ints{0, -1}}});
  }

  sdk::ValueId MeanHead(sdk::ValueId x, int64_t features) {
    return g_.Op(
        "linear",
        {Flatten(Mean(x)), Parameter("head.weights", {task_.classes, features}),
         Parameter("head.bias", {task_.classes})});
  }

  // Each statistic has its weights, so that a narrower network reads the first
  // columns of both.
  sdk::ValueId StatisticsHead(sdk::ValueId x, int64_t features) {
    const sdk::ValueId mean = Mean(x);
    const sdk::ValueId variance = Mean(g_.Op("square", {g_.Sub(x, mean)}));
    const sdk::ValueId deviation = g_.Op(
        "sqrt",
        {g_.Add(variance, g_.Scalar(static_cast<float>(kVarianceFloor)))});
    const sdk::ValueId by_mean = g_.Op(
        "linear", {Flatten(mean),
                   Parameter("head.mean.weights", {task_.classes, features}),
                   Parameter("head.mean.bias", {task_.classes})});
    const sdk::ValueId by_deviation = g_.Op(
        "linear", {Flatten(deviation), Parameter("head.deviation.weights",
                                                 {task_.classes, features})});
    return g_.Add(by_mean, by_deviation);
  }

  const sdk::Task& task_;
  Family family_;
  const FullShapes* full_;
  sdk::Graph& g_;
};

bool IsStatistic(const std::string& name) {
  return name.ends_with(".mean") || name.ends_with(".variance");
}

sdk::StatusOr<int64_t> LargestMacs(const sdk::Run& run,
                                   const Architectures& architectures) {
  ASSAY_ASSIGN_OR_RETURN(
      const sdk::Graph graph,
      InferenceGraph(run, architectures.family(),
                     architectures.Blocks(architectures.space().Largest())));
  ASSAY_ASSIGN_OR_RETURN(const sdk::Cost cost, run.Cost(graph));
  return cost.macs;
}

}  // namespace

sdk::StatusOr<sdk::Graph> InferenceGraph(const sdk::Run& run, Family family,
                                         const std::vector<Block>& blocks) {
  ASSAY_ASSIGN_OR_RETURN(sdk::Graph graph, run.NewGraph("nas_baselines"));
  const sdk::Task task = run.task();
  const sdk::ValueId logits =
      Writer(task, family, nullptr, &graph).Logits(blocks, 1);
  graph.Output("logits", logits);
  ASSAY_RETURN_IF_ERROR(graph.status());
  return graph;
}

FullShapes ShapesOf(sdk::GraphRef graph) {
  FullShapes shapes;
  for (const sdk::Parameter& p : graph.parameters()) {
    if (!IsStatistic(p.name)) shapes[p.name] = p.shape;
  }
  return shapes;
}

sdk::ValueId SubnetLogits(const sdk::Task& task, Family family,
                          const std::vector<Block>& blocks,
                          const FullShapes& full, int64_t batch,
                          sdk::Graph* graph) {
  return Writer(task, family, &full, graph).Logits(blocks, batch);
}

sdk::StatusOr<Network> Extract(const sdk::Run& run, Family family,
                               const std::vector<Block>& blocks,
                               const FullShapes& full,
                               sdk::ParametersRef supernet) {
  Network network;
  ASSAY_ASSIGN_OR_RETURN(network.graph, InferenceGraph(run, family, blocks));
  ASSAY_ASSIGN_OR_RETURN(network.set, run.NewParameters());
  for (const sdk::Parameter& p : network.graph.parameters()) {
    std::vector<float> values(static_cast<size_t>(p.elements));
    if (IsStatistic(p.name)) {
      const bool variance = p.name.ends_with(".variance");
      std::fill(values.begin(), values.end(), variance ? 1.0f : 0.0f);
    } else {
      ASSAY_ASSIGN_OR_RETURN(const auto all, supernet.Floats(p.name));
      CopyCrop(full.at(p.name), all.span(), p.shape, values);
    }
    ASSAY_RETURN_IF_ERROR(network.set.Set(p.name, p.shape, values));
  }
  return network;
}

sdk::StatusOr<Architectures> ArchitecturesFor(const sdk::Run& run,
                                              int64_t width) {
  const sdk::Task task = run.task();
  const bool images = task.modality == ASSAY_IMAGE;
  const sdk::Shape& shape = task.sample_shape;
  const bool features =
      task.modality == ASSAY_AUDIO && !shape.empty() && shape[0] == 1;
  if (shape.size() != 3 || (!images && !features)) {
    std::string got;
    for (int64_t extent : shape) got += " " + std::to_string(extent);
    return sdk::InvalidArgument(
        "nas_baselines has spaces for images [C,H,W] and for audio features "
        "[1,T,F], not for modality " +
        std::to_string(task.modality) + " with samples [" + got + " ]");
  }
  const Family family = images ? Family::kCnn : Family::kTdnn;
  const int64_t inputs = images ? shape[0] : shape[2];
  if (width > 0) return Architectures(family, inputs, width);
  ASSAY_ASSIGN_OR_RETURN(const sdk::Cost reference, run.Cost(run.graph()));
  Architectures fit(family, inputs, kWidthStep);
  for (int64_t w = 2 * kWidthStep; w <= kWidest; w += kWidthStep) {
    Architectures wider(family, inputs, w);
    ASSAY_ASSIGN_OR_RETURN(const int64_t macs, LargestMacs(run, wider));
    if (macs > reference.macs) break;
    fit = std::move(wider);
  }
  return fit;
}

}  // namespace assay::nas_baselines
