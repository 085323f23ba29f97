// Post-training quantization. To 8 bits: fold batch norms, observe activations,
// choose grids, correct biases; the host's plans then run integer kernels. To 4
// bits: the weights of linear layers by group, activations stay in float.
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "harness/abi/sdk.h"
#include "plugins/quantization/channel_means.h"
#include "plugins/quantization/group_weights.h"
#include "plugins/quantization/network_edges.h"
#include "plugins/quantization/observer.h"
#include "plugins/quantization/weight_scales.h"

namespace assay::quantization {
namespace {

constexpr int kBits = 8;

// Calibration samples in a fixed order, as equal batches.
class Calibration {
 public:
  static sdk::StatusOr<Calibration> Draw(const sdk::Run& run) {
    Calibration c;
    ASSAY_ASSIGN_OR_RETURN(sdk::PartRef train, run.Whole(sdk::Split::kTrain));
    const int64_t wanted =
        std::min(run.config().Integer("calibration_samples"), train.size());
    ASSAY_ASSIGN_OR_RETURN(auto carved, run.Carve(train, wanted, "calibrate"));
    c.part_ = std::move(carved.first);
    for (int64_t b = 1; b <= std::min<int64_t>(wanted, 64); ++b) {
      if (wanted % b == 0) c.batch_ = b;
    }
    return c;
  }

  int64_t batch() const { return batch_; }

  // Runs `program` on every batch and calls `see` after each.
  template <typename F>
  sdk::Status ForEach(const sdk::Run& run, sdk::Program& program, F see) const {
    ASSAY_ASSIGN_OR_RETURN(sdk::Batches batches,
                           run.Open(part_, {.batch_size = batch_}));
    for (;;) {
      ASSAY_ASSIGN_OR_RETURN(const assay_batch* batch, batches.Next());
      if (batch == nullptr) return sdk::OkStatus();
      if (run.stop_wanted()) return sdk::Cancelled();
      ASSAY_RETURN_IF_ERROR(program.Feed(batch));
      ASSAY_RETURN_IF_ERROR(program.Run());
      ASSAY_RETURN_IF_ERROR(see());
    }
  }

 private:
  sdk::Part part_;
  int64_t batch_ = 1;
};

std::string ObservedName(size_t i) { return "observed/" + std::to_string(i); }

// `network` at the calibration batch, with only these outputs.
sdk::StatusOr<sdk::Graph> WithOutputs(const sdk::Run& run,
                                      sdk::GraphRef network, int64_t batch,
                                      const std::vector<sdk::ValueId>& values) {
  ASSAY_ASSIGN_OR_RETURN(sdk::Graph graph, run.Rebatch(network, batch));
  graph.ClearOutputs();
  for (size_t i = 0; i < values.size(); ++i) {
    graph.Output(ObservedName(i), values[i]);
  }
  ASSAY_RETURN_IF_ERROR(graph.status());
  return graph;
}

}  // namespace

class Quantization final : public sdk::Method {
 public:
  sdk::Status Plan(const sdk::Run& run, sdk::Needs& needs) override {
    needs.epochs = 0;
    for (const sdk::Budget& b : run.budgets()) {
      if (WeightsAlone(run)) {
        ASSAY_RETURN_IF_ERROR(CanMeetWithWeightsAlone(b));
        continue;
      }
      const int bits = std::min(b.weight_bits.value_or(kBits),
                                b.activation_bits.value_or(kBits));
      if (bits < kBits) {
        return sdk::Status(sdk::Code::kUnimplemented,
                           "quantizes to 8 bits, or weights alone to 4 "
                           "(weight_bits=4); the budget " +
                               b.id + " asks for " + std::to_string(bits));
      }
    }
    return sdk::OkStatus();
  }

  sdk::Status Apply(sdk::Run& run) override {
    if (WeightsAlone(run)) return ApplyToWeights(run);
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.CloneParameters());
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph folded,
                           run.FoldBatchNorm(run.graph(), &set));
    ASSAY_ASSIGN_OR_RETURN(std::vector<Layer> layers, Chosen(run, folded));
    ASSAY_ASSIGN_OR_RETURN(Calibration calibration, Calibration::Draw(run));
    sdk::QuantizeOptions options;
    ASSAY_ASSIGN_OR_RETURN(
        options.activations,
        ObserveRanges(run, calibration, folded, set, layers));
    ASSAY_ASSIGN_OR_RETURN(options.weights, ScaleWeights(run, set, layers));
    run.Note("rounding", "nearest, half to even");

    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters integers, set.Clone());
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph quantized,
                           run.Quantize(folded, &integers, options));
    if (run.config().Flag("bias_correction")) {
      ASSAY_RETURN_IF_ERROR(CorrectBiases(run, calibration, layers, folded, set,
                                          quantized, &integers));
    }
    for (const sdk::Budget& budget : run.budgets()) {
      ASSAY_RETURN_IF_ERROR(run.Submit(budget, quantized, integers));
    }
    return sdk::OkStatus();
  }

 private:
  static bool WeightsAlone(const sdk::Run& run) {
    return run.config().Choice("weight_bits") == "4";
  }

  static sdk::Status CanMeetWithWeightsAlone(const sdk::Budget& b) {
    if (b.weight_bits.value_or(4) >= 4 &&
        b.activation_bits.value_or(32) >= 32) {
      return sdk::OkStatus();
    }
    return sdk::Status(sdk::Code::kUnimplemented,
                       "weight_bits=4 quantizes weights to 4 bits and leaves "
                       "activations in float; the budget " +
                           b.id + " asks for less");
  }

  // dequantize_u4 nodes in the place of the weights of linear layers.
  static sdk::Status ApplyToWeights(sdk::Run& run) {
    const int64_t group = std::stoll(run.config().Choice("group"));
    const bool symmetric = !run.config().Flag("zero_points");
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.CloneParameters());
    ASSAY_ASSIGN_OR_RETURN(sdk::Graph graph, run.CloneGraph());
    const std::vector<sdk::ValueId> weights = LinearWeights(graph);
    if (weights.empty()) {
      return sdk::FailedPrecondition(
          "the network has no linear layer whose weights could have 4 bits");
    }
    std::vector<sdk::ValueId> packed;
    for (const sdk::ValueId v : weights) {
      ASSAY_ASSIGN_OR_RETURN(
          const sdk::ValueId by,
          PackWeights(run, graph.value(v), group, symmetric, &graph, &set));
      packed.push_back(by);
    }
    ASSAY_ASSIGN_OR_RETURN(
        const sdk::Graph quantized,
        sdk::Graph::Substitute(run.services(), graph,
                               {weights.data(), weights.size()},
                               {packed.data(), packed.size()}));
    run.Note("rounding", "nearest, half to even");
    for (const sdk::Budget& budget : run.budgets()) {
      ASSAY_RETURN_IF_ERROR(run.Submit(budget, quantized, set));
    }
    return sdk::OkStatus();
  }

  // The value that stands for `weights`; its parameters replace them in `set`.
  static sdk::StatusOr<sdk::ValueId> PackWeights(const sdk::Run& run,
                                                 const sdk::Value& weights,
                                                 int64_t group, bool symmetric,
                                                 sdk::Graph* graph,
                                                 sdk::Parameters* set) {
    const int64_t outputs = weights.shape[0], inputs = weights.shape[1];
    GroupWeights made;
    {
      ASSAY_ASSIGN_OR_RETURN(const auto values, set->Floats(weights.name));
      made = PackGroups(values.span(), outputs, inputs, group, symmetric);
    }
    ASSAY_RETURN_IF_ERROR(set->Erase(weights.name));
    std::vector<sdk::ValueId> operands;
    const auto bytes = [&](const std::string& name, const sdk::Shape& shape,
                           const std::vector<uint8_t>& values) -> sdk::Status {
      ASSAY_ASSIGN_OR_RETURN(sdk::Tensor tensor,
                             run.NewTensor(sdk::DType::kU8, shape));
      std::copy(values.begin(), values.end(), tensor.values<uint8_t>().begin());
      operands.push_back(graph->Param(name, shape, sdk::DType::kU8));
      return set->Set(name, tensor);
    };
    ASSAY_RETURN_IF_ERROR(bytes(weights.name + ".packed",
                                {outputs, made.groups, group / 2},
                                made.packed));
    const sdk::Shape grid = {outputs, made.groups};
    operands.push_back(graph->Param(weights.name + ".scales", grid));
    ASSAY_RETURN_IF_ERROR(set->Set(weights.name + ".scales",
                                   {grid.data(), grid.size()},
                                   {made.scales.data(), made.scales.size()}));
    if (!symmetric) {
      ASSAY_RETURN_IF_ERROR(bytes(weights.name + ".zero_points",
                                  {outputs, (made.groups + 1) / 2},
                                  made.zero_points));
    }
    const sdk::ValueId by =
        graph->Op("dequantize_u4", operands, {{"inputs", inputs}},
                  weights.name + ".dequantized");
    ASSAY_RETURN_IF_ERROR(graph->status());
    return by;
  }

  static sdk::StatusOr<std::vector<Layer>> Chosen(const sdk::Run& run,
                                                  sdk::GraphRef graph) {
    std::vector<Layer> layers = FindLayers(graph);
    if (run.config().Flag("keep_first") && !layers.empty()) {
      layers.erase(layers.begin());
    }
    if (run.config().Flag("keep_last") && !layers.empty()) layers.pop_back();
    if (layers.empty()) {
      return sdk::FailedPrecondition(
          "the network has no convolution or linear layer to quantize");
    }
    return layers;
  }

  static sdk::StatusOr<std::vector<sdk::ActivationRange>> ObserveRanges(
      const sdk::Run& run, const Calibration& calibration, sdk::GraphRef graph,
      const sdk::Parameters& set, const std::vector<Layer>& layers) {
    const std::vector<sdk::ValueId> values =
        ObservedValues(graph, layers, run.config().Flag("attention"));
    ASSAY_ASSIGN_OR_RETURN(
        sdk::Graph observed,
        WithOutputs(run, graph, calibration.batch(), values));
    ASSAY_ASSIGN_OR_RETURN(sdk::Variables variables, run.NewVariables(set));
    ASSAY_ASSIGN_OR_RETURN(sdk::Program program, variables.Compile(observed));
    const std::string rule = run.config().Choice("calibration");
    std::vector<Observer> observers(
        values.size(), Observer(rule, run.config().Real("percentile")));
    ASSAY_RETURN_IF_ERROR(calibration.ForEach(run, program, [&] {
      for (size_t i = 0; i < values.size(); ++i) {
        ASSAY_ASSIGN_OR_RETURN(sdk::Tensor tensor,
                               program.Fetch(ObservedName(i)));
        observers[i].See(std::as_const(tensor).values());
      }
      return sdk::OkStatus();
    }));
    std::vector<sdk::ActivationRange> ranges;
    for (size_t i = 0; i < values.size(); ++i) {
      const Interval range = observers[i].range();
      const std::string name = graph.value(values[i]).name;
      run.Metric("range_low/" + name, -1, range.low);
      run.Metric("range_high/" + name, -1, range.high);
      ranges.push_back({values[i], range.low, range.high});
    }
    return ranges;
  }

  static sdk::StatusOr<std::vector<sdk::WeightScales>> ScaleWeights(
      const sdk::Run& run, const sdk::Parameters& set,
      const std::vector<Layer>& layers) {
    const bool per_channel = run.config().Choice("weights") == "per_channel";
    const bool least_error = run.config().Choice("weight_range") == "mse";
    std::vector<sdk::WeightScales> all;
    for (const Layer& layer : layers) {
      ASSAY_ASSIGN_OR_RETURN(auto weights, set.Floats(layer.weights_name));
      all.push_back({layer.weights, WeightScales(weights.span(), layer.channels,
                                                 per_channel, least_error)});
    }
    return all;
  }

  // Empirical bias correction (Nagel et al. 2019, arXiv 1906.04721, section
  // 4.2): layer by layer, the mean error of each output channel, seen with all
  // earlier layers quantized and corrected, goes off the bias.
  static sdk::Status CorrectBiases(const sdk::Run& run,
                                   const Calibration& calibration,
                                   const std::vector<Layer>& layers,
                                   sdk::GraphRef folded,
                                   const sdk::Parameters& set,
                                   sdk::GraphRef quantized,
                                   sdk::Parameters* integers) {
    ASSAY_ASSIGN_OR_RETURN(auto truth,
                           Means(run, calibration, layers, folded, set));
    for (size_t l = 0; l < layers.size(); ++l) {
      run.Progress("bias correction", static_cast<int64_t>(l),
                   static_cast<int64_t>(layers.size()));
      if (layers[l].bias_name.empty()) continue;
      ASSAY_ASSIGN_OR_RETURN(
          auto now, Means(run, calibration, {layers[l]}, quantized, *integers));
      ASSAY_ASSIGN_OR_RETURN(auto bias,
                             integers->MutableFloats(layers[l].bias_name));
      for (size_t c = 0; c < bias.size(); ++c) {
        bias[c] -= static_cast<float>(now[0][c] - truth[l][c]);
      }
    }
    return sdk::OkStatus();
  }

  // Channel means of the results of `wanted` layers.
  static sdk::StatusOr<std::vector<std::vector<double>>> Means(
      const sdk::Run& run, const Calibration& calibration,
      const std::vector<Layer>& wanted, sdk::GraphRef graph,
      const sdk::Parameters& set) {
    std::vector<sdk::ValueId> values;
    std::vector<ChannelMeans> means;
    for (const Layer& layer : wanted) {
      values.push_back(graph.FindValue(layer.result_name));
      means.emplace_back(layer.channel_axis);
    }
    ASSAY_ASSIGN_OR_RETURN(
        sdk::Graph observed,
        WithOutputs(run, graph, calibration.batch(), values));
    ASSAY_ASSIGN_OR_RETURN(sdk::Variables variables, run.NewVariables(set));
    ASSAY_ASSIGN_OR_RETURN(sdk::Program program, variables.Compile(observed));
    ASSAY_RETURN_IF_ERROR(calibration.ForEach(run, program, [&] {
      for (size_t i = 0; i < values.size(); ++i) {
        ASSAY_ASSIGN_OR_RETURN(sdk::Tensor tensor,
                               program.Fetch(ObservedName(i)));
        means[i].See(std::as_const(tensor).values(), tensor.shape());
      }
      return sdk::OkStatus();
    }));
    std::vector<std::vector<double>> result;
    for (const ChannelMeans& m : means) result.push_back(m.means());
    return result;
  }
};

}  // namespace assay::quantization

ASSAY_EXPORT_METHOD(
    assay::quantization::Quantization,
    assay::sdk::Card("quantization")
        .Version("1.2.0")
        .Title("Post-training quantization to 8-bit integers, or weights to 4")
        .Paper("Gholami et al. 2021, arXiv 2103.13630, and those of README.md")
        .Kind(assay::sdk::Kind::kQuantize)
        .Determinism(assay::sdk::Determinism::kMachine)
        .Budgets(ASSAY_BUDGET_BITS)
        .Requires(ASSAY_ANALYSIS_ID)
        .Requires(ASSAY_PROGRAM_ID)
        .Choice(1, "calibration", {"minmax", "ema", "percentile", "kl", "mse"},
                "minmax", "how an activation's range is chosen")
        .Real(2, "percentile", 99.99, {50, 100}, "of calibration=percentile")
        .Integer(3, "calibration_samples", 256, {1, 1000000},
                 "training samples that are observed")
        .Choice(4, "weights", {"per_channel", "per_tensor"}, "per_channel",
                "scales of the weights")
        .Choice(5, "weight_range", {"minmax", "mse"}, "minmax",
                "how a weight's range is chosen")
        .Flag(6, "bias_correction", false,
              "takes the mean error of each channel off the bias")
        .Flag(7, "keep_first", false, "the first layer stays in float")
        .Flag(8, "keep_last", false, "the last layer stays in float")
        .Choice(9, "weight_bits", {"8", "4"}, "8",
                "4: weights of linear layers by group; activations stay in "
                "float, and the options above have no meaning")
        .Choice(10, "group", {"32", "64", "128"}, "32",
                "of weight_bits=4: neighbours with one scale")
        .Flag(11, "zero_points", true, "of weight_bits=4: an affine grid")
        .Flag(12, "attention", true,
              "quantizes what attention multiplies, too"));
