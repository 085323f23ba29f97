// Networks whose path depends on the input; see services/dynamic.h.
#ifndef ASSAY_HARNESS_ABI_SDK_DYNAMIC_H_
#define ASSAY_HARNESS_ABI_SDK_DYNAMIC_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "program.h"

namespace assay::sdk {

using VariableId = int32_t;
constexpr VariableId kNewVariable = -1;

enum class Asks : int32_t {
  kMaxProbability = ASSAY_IF_MAX_PROBABILITY,
  kMargin = ASSAY_IF_MARGIN,
  kEntropy = ASSAY_IF_ENTROPY,
  kGate = ASSAY_IF_GATE,
  kToken = ASSAY_IF_TOKEN,
  kTrue = ASSAY_IF_TRUE,
};

struct Condition {
  Asks asks = Asks::kTrue;
  VariableId variable = kNewVariable;
  double threshold = 0;
  int64_t token = 0;
  bool negated = false;
};

// A value of a graph and the variable that stands for it.
struct PieceEnd {
  ValueId value = kNoValue;
  VariableId variable = kNewVariable;
};

// One decision, and all of one sample.
struct Decision {
  int32_t site = -1;
  bool holds = false;
  double distance = 0;
};
struct DynamicPath {
  std::vector<Decision> decisions;
  int64_t macs = 0;
};

enum class Decides : int32_t {
  kEach = ASSAY_DECIDE_EACH,
  kTogether = ASSAY_DECIDE_TOGETHER,
};

class DynamicProgram;

class DynamicNetwork {
 public:
  using Raw = Handle<assay_dynamic, assay_dynamic_table, &Services::dynamic,
                     &assay_dynamic_table::free>;
  DynamicNetwork() = default;
  // With the inputs and output names of `graph`.
  static StatusOr<DynamicNetwork> Make(const Services& s, GraphRef graph,
                                       std::string_view name) {
    assay_dynamic* raw = nullptr;
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(s, dynamic, make, graph.raw(), ToText(name), &raw));
    DynamicNetwork network;
    network.s_ = &s;
    network.handle_ = Raw(s, raw);
    return network;
  }

  const assay_dynamic* raw() const { return handle_.get(); }
  explicit operator bool() const { return static_cast<bool>(handle_); }

  // --- Writing. The first error sticks, as in Graph; Finish tells it. What is
  // written after it is lost, and its variables are kNewVariable.

  VariableId Input(std::string_view name) {
    const VariableId id = CallOr(s_->dynamic, &assay_dynamic_table::input,
                                 s_->host, raw(), ToText(name));
    if (id < 0) {
      Keep(Status(Code::kNotFound, "no input " + std::string(name)));
    }
    return id;
  }
  // What computes to[i].value; a variable that is kNewVariable is made.
  std::vector<VariableId> Run(GraphRef graph, const std::vector<PieceEnd>& from,
                              const std::vector<PieceEnd>& to) {
    std::vector<int32_t> begin, reads, ends, writes;
    for (const PieceEnd& end : from) {
      begin.push_back(end.value);
      reads.push_back(end.variable);
    }
    for (const PieceEnd& end : to) {
      ends.push_back(end.value);
      writes.push_back(end.variable);
    }
    assay_piece piece{};
    piece.size = ASSAY_SIZE(assay_piece);
    piece.graph = graph.raw();
    piece.from = begin.data();
    piece.reads = reads.data();
    piece.from_count = begin.size();
    piece.to = ends.data();
    piece.writes = writes.data();
    piece.to_count = ends.size();
    if (status_.ok()) {
      Keep(ASSAY_SDK_CALL(*s_, dynamic, run_piece, handle_.get(), &piece));
    }
    return writes;
  }
  // A new variable with the value of `from`; or assigns to `to`.
  VariableId Copy(VariableId from, VariableId to = kNewVariable) {
    if (status_.ok()) {
      Keep(ASSAY_SDK_CALL(*s_, dynamic, copy, handle_.get(), from, &to));
    }
    return to;
  }
  VariableId Constant(const Tensor& value, VariableId to = kNewVariable) {
    if (status_.ok()) {
      Keep(ASSAY_SDK_CALL(*s_, dynamic, constant, handle_.get(), value.raw(),
                          &to));
    }
    return to;
  }
  // `body` and `otherwise` write what stands within: b.If(c, [&] { ... }). The
  // result is the site.
  template <typename Body>
  int32_t If(const Condition& condition, Body&& body) {
    const int32_t site = BeginIf(condition);
    body();
    End();
    return site;
  }
  template <typename Body, typename Otherwise>
  int32_t If(const Condition& condition, Body&& body, Otherwise&& otherwise) {
    const int32_t site = BeginIf(condition);
    body();
    if (status_.ok()) {
      Keep(CallPlain(&assay_dynamic_table::otherwise, "otherwise"));
    }
    otherwise();
    End();
    return site;
  }
  // `body` takes the variable that counts from 0.
  template <typename Body>
  void For(int64_t count, Body&& body) {
    VariableId index = kNewVariable;
    if (status_.ok()) {
      Keep(ASSAY_SDK_CALL(*s_, dynamic, begin_for, handle_.get(), count,
                          &index));
    }
    body(index);
    End();
  }
  template <typename Body>
  int32_t While(const Condition& condition, int64_t maximum, Body&& body) {
    int32_t site = -1;
    const assay_condition raw = ToRaw(condition);
    if (status_.ok()) {
      Keep(ASSAY_SDK_CALL(*s_, dynamic, begin_while, handle_.get(), &raw,
                          maximum, &site));
    }
    body();
    End();
    return site;
  }
  // The outputs; ends the path.
  void Give(const std::vector<VariableId>& variables) {
    if (!status_.ok()) return;
    Keep(ASSAY_SDK_CALL(*s_, dynamic, give, handle_.get(), variables.data(),
                        uint64_t{variables.size()}));
  }
  const Status& status() const { return status_; }
  Status Finish() {
    if (!status_.ok()) return status_;
    return CallPlain(&assay_dynamic_table::finish, "finish");
  }

  // --- Finished networks.

  Status SetThreshold(int32_t site, double threshold) {
    return ASSAY_SDK_CALL(*s_, dynamic, set_threshold, handle_.get(), site,
                          threshold);
  }
  StatusOr<double> Threshold(int32_t site) const {
    double threshold = 0;
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(*s_, dynamic, threshold, raw(), site, &threshold));
    return threshold;
  }
  StatusOr<std::string> Text() const {
    std::string text;
    const assay_text_sink sink = {&text, [](void* context, assay_text part) {
                                    *static_cast<std::string*>(context) =
                                        ToString(part);
                                  }};
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(*s_, dynamic, text, raw(), sink));
    return text;
  }
  // `batch` ASSAY_UNSET: the task's evaluation batch, or 1 together. +blocks
  StatusOr<DynamicProgram> Compile(ParametersRef set,
                                   Decides decides = Decides::kEach,
                                   int64_t batch = ASSAY_UNSET) const;

 private:
  friend class DynamicProgram;

  static assay_condition ToRaw(const Condition& c) {
    assay_condition raw{};
    raw.size = ASSAY_SIZE(assay_condition);
    raw.kind = static_cast<int32_t>(c.asks);
    raw.variable = c.variable;
    raw.negated = c.negated ? 1 : 0;
    raw.threshold = c.threshold;
    raw.token = c.token;
    return raw;
  }
  Status CallPlain(assay_status* (*assay_dynamic_table::*slot)(assay_host*,
                                                               assay_dynamic*),
                   const char* name) {
    return Call(*s_, s_->dynamic, slot, name, s_->host, handle_.get());
  }
  int32_t BeginIf(const Condition& condition) {
    int32_t site = -1;
    const assay_condition raw = ToRaw(condition);
    if (status_.ok()) {
      Keep(ASSAY_SDK_CALL(*s_, dynamic, begin_if, handle_.get(), &raw, &site));
    }
    return site;
  }
  void End() {
    if (status_.ok()) Keep(CallPlain(&assay_dynamic_table::end, "end"));
  }
  void Keep(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

  const Services* s_ = nullptr;
  Raw handle_;
  Status status_;
};

class DynamicProgram {
 public:
  using Raw = Handle<assay_dynamic_program, assay_dynamic_table,
                     &Services::dynamic, &assay_dynamic_table::free_program>;
  DynamicProgram() = default;
  DynamicProgram(const Services& s, assay_dynamic_program* raw)
      : s_(&s), handle_(s, raw) {}

  Status Feed(std::string_view input, const Tensor& tensor) {
    return ASSAY_SDK_CALL(*s_, dynamic, feed, handle_.get(), ToText(input),
                          tensor.raw());
  }
  Status Feed(const assay_batch* batch) {
    return ASSAY_SDK_CALL(*s_, dynamic, feed_batch, handle_.get(), batch);
  }
  Status Run() { return ASSAY_SDK_CALL(*s_, dynamic, run, handle_.get()); }
  StatusOr<Tensor> Fetch(std::string_view output) {
    assay_tensor* raw = nullptr;
    ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(*s_, dynamic, fetch, handle_.get(),
                                         ToText(output), &raw));
    return Tensor::Adopt(*s_, raw);
  }
  // Of the last run.
  StatusOr<DynamicPath> Path(uint64_t sample) const {
    assay_path raw{};
    raw.size = ASSAY_SIZE(assay_path);
    const assay_dynamic_program* program = handle_.get();
    ASSAY_RETURN_IF_ERROR(
        ASSAY_SDK_CALL(*s_, dynamic, path, program, sample, &raw));
    DynamicPath path;
    path.macs = raw.macs;
    for (uint64_t i = 0; i < raw.count; ++i) {
      path.decisions.push_back(
          {raw.sites[i], raw.holds[i] != 0, raw.distances[i]});
    }
    return path;
  }
  // Thresholds by the share of samples that go a conditional's way, by site.
  Status Calibrate(DynamicNetwork* network,
                   const std::vector<double>& fractions) {
    return ASSAY_SDK_CALL(*s_, dynamic, calibrate, handle_.get(),
                          network->handle_.get(), fractions.data(),
                          uint64_t{fractions.size()});
  }

 private:
  const Services* s_ = nullptr;
  Raw handle_;
};

inline StatusOr<DynamicProgram> DynamicNetwork::Compile(ParametersRef set,
                                                        Decides decides,
                                                        int64_t batch) const {
  assay_dynamic_options options{};
  options.size = ASSAY_SIZE(assay_dynamic_options);
  options.decide = static_cast<int32_t>(decides);
  options.batch = batch;
  assay_dynamic_program* program = nullptr;
  ASSAY_RETURN_IF_ERROR(ASSAY_SDK_CALL(*s_, dynamic, compile, raw(), set.raw(),
                                       &options, &program));
  return DynamicProgram(*s_, program);
}

}  // namespace assay::sdk

#endif  // ASSAY_HARNESS_ABI_SDK_DYNAMIC_H_
