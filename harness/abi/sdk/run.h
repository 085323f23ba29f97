// What a method reaches during a run: every service of the host.
#ifndef ASSAY_HARNESS_ABI_SDK_RUN_H_
#define ASSAY_HARNESS_ABI_SDK_RUN_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "analysis.h"
#include "config.h"
#include "custom_op.h"
#include "decode.h"
#include "dynamic.h"
#include "elastic.h"
#include "linalg.h"
#include "program.h"
#include "random.h"
#include "train.h"
#include "trainer.h"

namespace assay::sdk {

// What one candidate must meet: each limit that is set. None: whatever the
// method makes of the network. Fields as in services/task.h.
struct Budget {
  uint32_t index = 0;
  std::string id = {};
  std::optional<double> sparsity = {};       // at least
  std::optional<double> macs_fraction = {};  // at most, as all below
  std::optional<int> weight_bits = {};
  std::optional<int> activation_bits = {};
  std::optional<int64_t> bytes = {};
};

// The task as properties; fields as in services/task.h.
struct Task {
  uint32_t modality = 0;
  int32_t metric = 0;
  bool higher_is_better = true;
  Shape sample_shape;  // without the batch axis
  DType sample_dtype = DType::kF32;
  int64_t classes = 0;
  int64_t train_samples = 0;
  int64_t validation_samples = 0;
  std::string input;
  std::string labels;
  double chance = 0;
  double reference = 0;
};

using Recipe = assay_recipe;
using Allowance = assay_allowance;
using Ledger = assay_ledger;
using Score = assay_score;
using Cost = assay_cost;
using Latency = assay_latency;

struct LatencyOptions {
  int64_t batch = 1;
  std::string precision;  // empty: f32, or int8 where the network is quantized
  int32_t threads = ASSAY_UNSET;  // all that the process may use
  double seconds = 0.2;           // for each network
};

// One run. Handles that come from it must not outlive it; it lives as long as
// the method. [main] unless said otherwise.
class Run {
 public:
  Run(assay_host* host, assay_find_fn find, Config config)
      : s_(host, find), config_(std::move(config)) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  const Services& services() const { return s_; }
  const Config& config() const { return config_; }

  // --- Words and wishes. [any]

  void Log(std::string_view line, int32_t level = ASSAY_LOG_INFO) const {
    CallOr(s_.log, &assay_log_table::write, s_.host, level, ToText(line));
  }
  void Progress(std::string_view phase, int64_t done, int64_t total) const {
    CallOr(s_.log, &assay_log_table::progress, s_.host, ToText(phase), done,
           total);
  }
  bool stop_wanted() const {
    return CallOr(s_.log, &assay_log_table::stop_wanted, s_.host) !=
           ASSAY_STOP_NO;
  }
  void Metric(std::string_view key, int64_t step, double value) const {
    CallOr(s_.log, &assay_log_table::metric, s_.host, ToText(key), step, value);
  }
  void Note(std::string_view key, std::string_view value) const {
    CallOr(s_.log, &assay_log_table::note, s_.host, ToText(key), ToText(value));
  }

  // --- Task, budgets, ledger. [any]

  Task task() const {
    assay_task_info raw{};
    raw.size = ASSAY_SIZE(assay_task_info);
    CallOr(s_.task, &assay_task_table::info, s_.host, &raw);
    Task task;
    task.modality = raw.modality;
    task.metric = raw.metric;
    task.higher_is_better = raw.higher_is_better != 0;
    task.sample_shape.assign(raw.sample_shape,
                             raw.sample_shape + raw.sample_rank);
    task.sample_dtype = static_cast<DType>(raw.sample_dtype);
    task.classes = raw.classes;
    task.train_samples = raw.train_samples;
    task.validation_samples = raw.validation_samples;
    task.input = ToString(raw.input);
    task.labels = ToString(raw.labels);
    task.chance = raw.chance;
    task.reference = raw.reference;
    return task;
  }
  Recipe recipe() const {
    Recipe out{};
    out.size = ASSAY_SIZE(assay_recipe);
    CallOr(s_.task, &assay_task_table::recipe, s_.host, &out);
    return out;
  }
  Allowance allowance() const {
    Allowance out{};
    out.size = ASSAY_SIZE(assay_allowance);
    CallOr(s_.task, &assay_task_table::allowance, s_.host, &out);
    return out;
  }
  std::vector<Budget> budgets() const {
    std::vector<Budget> budgets;
    const uint32_t n =
        CallOr(s_.task, &assay_task_table::budget_count, s_.host);
    for (uint32_t i = 0; i < n; ++i) {
      assay_budget raw{};
      raw.size = ASSAY_SIZE(assay_budget);
      if (!ASSAY_SDK_CALL(s_, task, budget, i, &raw).ok()) continue;
      budgets.push_back(FromRaw(i, raw));
    }
    return budgets;
  }
  Ledger ledger() const {
    Ledger out{};
    out.size = ASSAY_SIZE(assay_ledger);
    CallOr(s_.ledger, &assay_ledger_table::read, s_.host, &out);
    return out;
  }

  // --- Randomness. The same name gives the same stream, which goes on.

  StatusOr<sdk::Random> Random(std::string_view stream) const {
    assay_random* raw = nullptr;
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(s_, random, stream, ToText(stream), &raw));
    return sdk::Random(s_, raw);
  }

  // --- Networks.

  // The reference network and its trained parameters.
  GraphRef graph() const {
    return GraphRef(s_,
                    CallOr(s_.graph, &assay_graph_table::reference, s_.host));
  }
  ParametersRef parameters() const {
    return ParametersRef(
        s_, CallOr(s_.parameters, &assay_parameters_table::reference, s_.host));
  }
  // Copies of them to work on.
  StatusOr<Graph> CloneGraph() const { return Graph::Clone(s_, graph()); }
  StatusOr<Parameters> CloneParameters() const {
    return Parameters::Clone(s_, parameters());
  }
  StatusOr<Graph> NewGraph(std::string_view name) const {
    return Graph::Make(s_, name);
  }
  StatusOr<Parameters> NewParameters() const { return Parameters::Make(s_); }
  StatusOr<Tensor> NewTensor(DType dtype, const Shape& shape) const {
    return Tensor::Make(s_, dtype, shape);
  }
  StatusOr<Graph> Clone(GraphRef g) const { return Graph::Clone(s_, g); }
  StatusOr<Graph> ToTraining(GraphRef g,
                             BatchNorm mode = BatchNorm::kUpdate) const {
    return Graph::ToTraining(s_, g, mode);
  }
  StatusOr<Graph> Rebatch(GraphRef g, int64_t batch) const {
    return Graph::Rebatch(s_, g, batch);
  }

  // --- Own programs.

  StatusOr<Variables> NewVariables(ParametersRef set,
                                   Device device = Device::kRun) const {
    assay_variables* raw = nullptr;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s_, program, make_variables,
                                         static_cast<int32_t>(device),
                                         set.raw(), &raw));
    return Variables(s_, raw);
  }

  // --- Data.

  StatusOr<PartRef> Whole(Split split) const {
    const assay_part* raw = nullptr;
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(s_, data, whole, static_cast<int32_t>(split), &raw));
    return PartRef(s_, raw);
  }
  // `count` samples at random, and the rest.
  StatusOr<std::pair<Part, Part>> Carve(PartRef part, int64_t count,
                                        std::string_view stream) const {
    assay_part* out = nullptr;
    assay_part* rest = nullptr;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s_, data, carve, part.raw(), count,
                                         ToText(stream), &out, &rest));
    return std::pair<Part, Part>(Part(s_, out), Part(s_, rest));
  }
  // `per_class` samples of each class.
  StatusOr<Part> Balanced(PartRef part, int64_t per_class,
                          std::string_view stream) const {
    assay_part* out = nullptr;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s_, data, balanced, part.raw(),
                                         per_class, ToText(stream), &out));
    return Part(s_, out);
  }
  StatusOr<Part> Select(PartRef part, Span<const int64_t> positions) const {
    assay_part* out = nullptr;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s_, data, select, part.raw(),
                                         positions.data(),
                                         uint64_t{positions.size()}, &out));
    return Part(s_, out);
  }
  StatusOr<Batches> Open(PartRef part, const BatchesOptions& o) const {
    assay_batches_options raw{};
    raw.size = ASSAY_SIZE(assay_batches_options);
    raw.flags = (o.shuffle ? uint32_t{ASSAY_SHUFFLE} : 0u) |
                (o.augment ? uint32_t{ASSAY_AUGMENT} : 0u) |
                (o.repeat ? uint32_t{ASSAY_REPEAT} : 0u);
    raw.batch_size = o.batch_size;
    raw.stream = ToText(o.stream);
    assay_batches* out = nullptr;
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(s_, data, open, part.raw(), &raw, &out));
    return Batches(s_, out);
  }

  // Endless shuffled batches with samples of each part; see services/data.h.
  StatusOr<Batches> Compose(const std::vector<Share>& shares,
                            std::string_view stream,
                            bool augment = false) const {
    const internal::RawMix mix(shares);
    assay_batches_options raw{};
    raw.size = ASSAY_SIZE(assay_batches_options);
    raw.flags = augment ? uint32_t{ASSAY_AUGMENT} : 0u;
    raw.batch_size = ASSAY_UNSET;
    raw.stream = ToText(stream);
    assay_batches* out = nullptr;
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(s_, data, compose, mix.get(), &raw, &out));
    return Batches(s_, out);
  }

  // --- Work of the host.

  // +blocks
  StatusOr<TrainResult> Train(GraphRef g, Parameters* set,
                              const TrainOptions& options = {}) const {
    return sdk::Train(s_, g, set, options);
  }
  // A training that the method drives step by step.
  StatusOr<Trainer> NewTrainer(GraphRef g, ParametersRef set,
                               const TrainOptions& options = {}) const {
    return Trainer::Make(s_, g, set, options);
  }
  // A population of them.
  StatusOr<Workers> NewWorkers(GraphRef g, ParametersRef set,
                               const std::vector<TrainOptions>& options) const {
    return Workers::Make(s_, g, set, options);
  }
  // Makes an op of the method's own known; it must outlive the run. The result
  // is the attribute "call" of its nodes.
  StatusOr<int64_t> AddOp(CustomOp* op) const { return sdk::AddOp(s_, op); }
  sdk::Elastic elastic() const { return sdk::Elastic(s_); }
  // A network with control flow, with the inputs and outputs of `g`.
  StatusOr<DynamicNetwork> NewDynamic(GraphRef g, std::string_view name) const {
    return DynamicNetwork::Make(s_, g, name);
  }
  // Causal networks, position by position, with the weights of `set`.
  StatusOr<Decoder> NewDecoder(ParametersRef set) const {
    return Decoder::Make(s_, set);
  }
  sdk::Linalg linalg() const { return sdk::Linalg(s_); }
  // The validation metric. +blocks
  StatusOr<Score> Evaluate(GraphRef g, ParametersRef set,
                           PartRef part = {}) const {
    Score out{};
    out.size = ASSAY_SIZE(assay_score);
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s_, evaluate, evaluate, g.raw(),
                                         set.raw(), part.raw(), &out));
    return out;
  }
  // Of a network with control flow, each sample deciding for itself; `macs`
  // gets the mean.
  StatusOr<Score> Evaluate(const DynamicNetwork& network, ParametersRef set,
                           PartRef part = {}, double* macs = nullptr) const {
    Score out{};
    out.size = ASSAY_SIZE(assay_score);
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(s_, dynamic, evaluate, network.raw(),
                                         set.raw(), part.raw(), &out, macs));
    return out;
  }
  StatusOr<sdk::Cost> Cost(GraphRef g, ParametersRef set = {}) const {
    sdk::Cost out{};
    out.size = ASSAY_SIZE(assay_cost);
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(s_, cost, cost, g.raw(), set.raw(), &out));
    return out;
  }
  // How long plans of the networks take, in turns; see services/cost.h. +blocks
  StatusOr<std::vector<sdk::Latency>> Latencies(
      const std::vector<std::pair<GraphRef, ParametersRef>>& networks,
      const LatencyOptions& options = {}) const {
    return Timed<assay_graph>(
        networks, options, [](GraphRef g) { return g.raw(); },
        [&](const auto* raw, const auto* sets, const auto* o, auto* out) {
          return ASSAY_SDK_CALL(s_, cost, latency, raw, sets, networks.size(),
                                o, out);
        });
  }
  // OK if the network keeps within the budget; else says expected and got.
  Status Check(const Budget& budget, GraphRef g, ParametersRef set) const {
    return ASSAY_SDK_CALL(s_, cost, check, budget.index, g.raw(), set.raw());
  }
  // Of networks with control flow. Check runs the validation split. +blocks
  StatusOr<std::vector<sdk::Latency>> PathLatencies(
      const std::vector<std::pair<const DynamicNetwork*, ParametersRef>>&
          networks,
      const LatencyOptions& options = {}) const {
    return Timed<assay_dynamic>(
        networks, options, [](const DynamicNetwork* n) { return n->raw(); },
        [&](const auto* raw, const auto* sets, const auto* o, auto* out) {
          return ASSAY_SDK_CALL(s_, dynamic, latency, raw, sets,
                                uint64_t{networks.size()}, o, out);
        });
  }
  Status Check(const Budget& budget, const DynamicNetwork& network,
               ParametersRef set) const {
    return ASSAY_SDK_CALL(s_, dynamic, check, budget.index, network.raw(),
                          set.raw());
  }
  StatusOr<Groups> FindGroups(GraphRef g) const { return Groups::Find(s_, g); }
  StatusOr<Graph> FoldBatchNorm(GraphRef g, Parameters* set) const {
    return sdk::FoldBatchNorm(s_, g, set);
  }
  StatusOr<Graph> Quantize(GraphRef g, Parameters* set,
                           const QuantizeOptions& options) const {
    return sdk::Quantize(s_, g, set, options);
  }
  // Running statistics anew, from batches of the train split. +blocks
  Status Recalibrate(GraphRef g, Parameters* set, int64_t batches,
                     std::string_view stream, int64_t batch_size = ASSAY_UNSET,
                     PartRef part = {}) const {
    return ASSAY_SDK_CALL(s_, analysis, recalibrate, g.raw(), set->raw(),
                          part.raw(), batches, batch_size, ToText(stream));
  }
  // Hands in the candidate for a budget.
  Status Submit(const Budget& budget, GraphRef g, ParametersRef set) const {
    return ASSAY_SDK_CALL(s_, submit, submit, budget.index, g.raw(), set.raw());
  }
  Status Submit(const Budget& budget, const DynamicNetwork& network,
                ParametersRef set) const {
    return ASSAY_SDK_CALL(s_, dynamic, submit, budget.index, network.raw(),
                          set.raw());
  }

 private:
  // `raw_of` gives a network's handle, `call` calls the host.
  template <typename Raw, typename Networks, typename RawOf, typename Call>
  static StatusOr<std::vector<sdk::Latency>> Timed(
      const Networks& networks, const LatencyOptions& options, RawOf raw_of,
      Call call) {
    std::vector<const Raw*> raws;
    std::vector<const assay_parameters*> sets;
    std::vector<sdk::Latency> latencies(networks.size());
    std::vector<assay_latency*> out;
    for (size_t i = 0; i < networks.size(); ++i) {
      raws.push_back(raw_of(networks[i].first));
      sets.push_back(networks[i].second.raw());
      latencies[i].size = ASSAY_SIZE(assay_latency);
      out.push_back(&latencies[i]);
    }
    assay_latency_options raw{};
    raw.size = ASSAY_SIZE(assay_latency_options);
    raw.threads = options.threads;
    raw.batch = options.batch;
    raw.precision = ToText(options.precision);
    raw.seconds = options.seconds;
    ASSAY_RETURN_IF_ERROR(call(raws.data(), sets.data(), &raw, out.data()));
    return latencies;
  }
  static Budget FromRaw(uint32_t index, const assay_budget& raw) {
    Budget b{.index = index, .id = ToString(raw.id)};
    if (raw.kinds & ASSAY_BUDGET_SPARSITY) b.sparsity = raw.sparsity;
    if (raw.kinds & ASSAY_BUDGET_MACS) b.macs_fraction = raw.macs_fraction;
    if (raw.kinds & ASSAY_BUDGET_BITS) {
      if (raw.weight_bits > 0) b.weight_bits = raw.weight_bits;
      if (raw.activation_bits > 0) b.activation_bits = raw.activation_bits;
    }
    if (raw.kinds & ASSAY_BUDGET_BYTES) b.bytes = raw.bytes;
    return b;
  }

  Services s_;
  Config config_;
};

}  // namespace assay::sdk

#endif  // ASSAY_HARNESS_ABI_SDK_RUN_H_
