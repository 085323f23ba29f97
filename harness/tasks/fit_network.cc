#include "harness/tasks/fit_network.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"
#include "harness/graph/rewrites/prune_dead.h"
#include "harness/graph/rewrites/rebatch.h"

namespace assay {
namespace {

template <typename... Parts>
absl::Status Unfit(const Parts&... parts) {
  return absl::InvalidArgumentError(
      absl::StrCat("the network does not fit the task: ", parts...));
}

Shape Batched(int64_t batch, const Shape& sample) {
  Shape shape = {batch};
  shape.insert(shape.end(), sample.begin(), sample.end());
  return shape;
}

// "[N,3,32,32]".
std::string AnyBatch(const Shape& shape) {
  return absl::StrCat(
      "[", shape.empty() ? "" : "N", shape.size() > 1 ? "," : "",
      absl::StrJoin(shape.begin() + !shape.empty(), shape.end(), ","), "]");
}

std::string Described(const Graph& graph, const std::vector<ValueId>& ids) {
  return absl::StrJoin(ids, ", ", [&](std::string* out, ValueId id) {
    absl::StrAppend(out, "\"", graph.value(id).name, "\" ",
                    ToString(graph.type(id)));
  });
}

class Fitter {
 public:
  Fitter(const DatasetSpec& data, absl::string_view input, const Graph& graph,
         const FitOptions& options)
      : data_(data), input_(input), graph_(graph), options_(options) {}

  absl::StatusOr<FittedNetwork> Fit(const ParameterStore& parameters) {
    ASSAY_RETURN_IF_ERROR(CheckInput());
    ASSAY_RETURN_IF_ERROR(ChooseOutput());
    ASSAY_ASSIGN_OR_RETURN(Graph copy, Copy());
    ASSAY_ASSIGN_OR_RETURN(copy, PruneDead(copy));
    ASSAY_RETURN_IF_ERROR(CheckBatches(copy));
    FittedNetwork fitted{
        std::move(copy), {}, std::move(remarks_), std::move(labels_)};
    for (const ValueId id : fitted.graph.parameters()) {
      const std::string& name = fitted.graph.value(id).name;
      ASSAY_ASSIGN_OR_RETURN(Tensor value, parameters.Get(name));
      fitted.parameters.Set(name, std::move(value));
    }
    return fitted;
  }

 private:
  template <typename... Parts>
  void Remark(const Parts&... parts) {
    remarks_.push_back(absl::StrCat(parts...));
  }

  Shape ChannelsLast() const {
    const Shape& s = data_.sample_shape;
    return {s[1], s[2], s[0]};
  }

  absl::Status CheckInput() {
    if (graph_.inputs().size() != 1) {
      return Unfit("expected one input, got ", graph_.inputs().size(), ": ",
                   Described(graph_, graph_.inputs()));
    }
    source_ = graph_.inputs()[0];
    const TensorType& type = graph_.type(source_);
    const bool tokens = data_.dtype == DType::kS32;
    widened_ = tokens && type.dtype == DType::kS64;
    if (type.dtype != data_.dtype && !widened_) {
      return Unfit("input ", Described(graph_, {source_}), ": expected ",
                   tokens ? "s32 or s64" : "f32", " elements");
    }
    return CheckShape(type.shape);
  }

  absl::Status CheckShape(const Shape& shape) {
    batch_ = shape.empty() ? 1 : shape[0];
    const Shape& sample = data_.sample_shape;
    if (options_.channels_last) {
      if (sample.size() == 3 && shape == Batched(batch_, ChannelsLast())) {
        Remark("samples ", AnyBatch(Batched(1, sample)),
               " are transposed to the network's ", AnyBatch(shape));
        return absl::OkStatus();
      }
    } else {
      if (shape == Batched(batch_, sample)) return absl::OkStatus();
      flattened_ = shape.size() == 2 && shape[1] == ElementCount(sample);
      if (flattened_) {
        Remark("samples ", AnyBatch(Batched(1, sample)),
               " are flattened to the network's ", AnyBatch(shape));
        return absl::OkStatus();
      }
    }
    const bool last = sample.size() == 3 && !options_.channels_last &&
                      shape == Batched(batch_, ChannelsLast());
    return Unfit(
        "input ", Described(graph_, {source_}), ": expected ",
        AnyBatch(Batched(1, options_.channels_last && sample.size() == 3
                                ? ChannelsLast()
                                : sample)),
        ", a batch of samples of ", data_.name,
        last ? "; its images are channels last, which --network_layout=nhwc "
               "says"
             : "");
  }

  absl::Status ChooseOutput() {
    ValueId chosen = kNoValue;
    std::vector<std::string> names;
    for (const Graph::Output& output : graph_.outputs()) {
      names.push_back(absl::StrCat("\"", output.name, "\" ",
                                   ToString(graph_.type(output.value))));
      const bool only = options_.output.empty() && graph_.outputs().size() == 1;
      if (only || output.name == options_.output) chosen = output.value;
    }
    if (chosen == kNoValue) {
      return Unfit("expected ",
                   options_.output.empty()
                       ? std::string("one output")
                       : absl::StrCat("an output \"", options_.output, "\""),
                   ", got ", absl::StrJoin(names, ", "),
                   "; --network_output chooses one");
    }
    scores_ = WithoutSoftmax(chosen);
    return CheckScores();
  }

  // Looks behind identities and the rounding of probabilities to one grid.
  ValueId WithoutSoftmax(ValueId scores) {
    ValueId at = scores;
    while (graph_.value(at).kind == ValueKind::kResult) {
      const Node& node = graph_.node(graph_.value(at).producer);
      at = node.inputs[0];
      if (node.op == "softmax") {
        const int64_t axis = node.attributes.Int("axis", -1);
        const auto rank = static_cast<int64_t>(graph_.shape(at).size());
        if (axis != -1 && axis != rank - 1) break;
        Remark("the softmax at the end is left out: \"", graph_.value(at).name,
               "\" are the logits");
        scores = at;
      } else if (node.op != "identity" && !RoundsAlike(node)) {
        break;
      }
    }
    return scores;
  }

  bool RoundsAlike(const Node& node) const {
    return (node.op == "quantize_linear" || node.op == "dequantize_linear") &&
           graph_.shape(node.inputs[1]).empty();
  }

  absl::Status CheckScores() {
    const TensorType& type = graph_.type(scores_);
    Shape want = Batched(batch_, data_.label_shape);
    want.push_back(data_.classes);
    squeezed_ = type.shape.size() > want.size() &&
                std::equal(want.begin(), want.end(), type.shape.begin()) &&
                ElementCount(type.shape) == ElementCount(want);
    if (type.dtype == DType::kF32 && (type.shape == want || squeezed_)) {
      return OrderLabels();
    }
    const bool count =
        type.shape.size() == want.size() && type.shape.back() != want.back();
    return Unfit(
        "its scores are ", Described(graph_, {scores_}), ", expected f32",
        AnyBatch(want), ": ",
        count ? absl::StrCat("the network tells ", type.shape.back(),
                             " classes apart, ", data_.name, " has ")
              : absl::StrCat("a score for each class of ", data_.name,
                             ", which has "),
        data_.classes,
        data_.class_names.empty()
            ? std::string()
            : absl::StrCat(" (", absl::StrJoin(data_.class_names, ", "), ")"));
  }

  absl::StatusOr<int64_t> ClassOf(const std::string& label) const {
    int64_t number = -1;
    const auto found =
        std::find(data_.class_names.begin(), data_.class_names.end(), label);
    if (found != data_.class_names.end()) {
      return found - data_.class_names.begin();
    }
    if (absl::SimpleAtoi(label, &number) && number >= 0 &&
        number < data_.classes) {
      return number;
    }
    return Unfit("label \"", label, "\" is no class of ", data_.name,
                 ": expected a number below ", data_.classes, " or one of ",
                 absl::StrJoin(data_.class_names, ", "));
  }

  // order_[c]: the score of class c.
  absl::Status OrderLabels() {
    labels_.resize(static_cast<size_t>(data_.classes));
    std::iota(labels_.begin(), labels_.end(), 0);
    if (options_.labels.empty()) {
      if (!data_.class_names.empty()) {
        Remark("scores are taken in the order ",
               absl::StrJoin(data_.class_names, ", "));
      }
      return absl::OkStatus();
    }
    const auto classes = static_cast<size_t>(data_.classes);
    std::vector<int32_t> order(classes, -1);
    for (size_t i = 0; i < options_.labels.size(); ++i) {
      ASSAY_ASSIGN_OR_RETURN(const int64_t c, ClassOf(options_.labels[i]));
      order[static_cast<size_t>(c)] = static_cast<int32_t>(i);
    }
    if (options_.labels.size() != classes ||
        std::count(order.begin(), order.end(), -1) != 0) {
      return Unfit("expected each of the ", classes, " classes of ", data_.name,
                   " once among the labels, got ",
                   absl::StrJoin(options_.labels, ","));
    }
    for (size_t c = 0; c < classes; ++c) {
      labels_[static_cast<size_t>(order[c])] = static_cast<int32_t>(c);
    }
    if (!std::is_sorted(order.begin(), order.end())) {
      order_ = std::move(order);
      Remark("scores are put from the order ",
             absl::StrJoin(options_.labels, ", "), " into that of ",
             data_.name);
    }
    return absl::OkStatus();
  }

  // The task's input as the network reads it.
  absl::StatusOr<bool> CopyInput(GraphCopier& copier, ValueId id) const {
    if (id != source_) return false;
    GraphBuilder& b = copier.b();
    ValueId x = b.Input(std::string(input_), data_.dtype,
                        Batched(batch_, data_.sample_shape));
    if (widened_) x = b.Op("cast", {x}, {{"dtype", std::string("s64")}});
    if (flattened_) x = b.Reshape(x, {0, -1});
    if (options_.channels_last) x = b.Transpose(x, {0, 2, 3, 1});
    copier.Set(id, x);
    if (!b.ok()) return b.status();
    return true;
  }

  absl::StatusOr<Graph> Copy() const {
    ValueId logits = kNoValue;
    CopyHooks hooks;
    hooks.leaf = [&](GraphCopier& copier, ValueId id) {
      return CopyInput(copier, id);
    };
    hooks.finish = [&](GraphCopier& copier) {
      GraphBuilder& b = copier.b();
      logits = copier.Map(scores_);
      if (squeezed_) {
        Shape shape = Batched(0, data_.label_shape);
        shape.push_back(data_.classes);
        logits = b.Reshape(logits, std::move(shape));
      }
      if (!order_.empty()) {
        const ValueId order = b.Constant(Tensor::From<int32_t>(
            {static_cast<int64_t>(order_.size())}, order_));
        logits = b.Op("gather", {logits, order}, {{"axis", int64_t{-1}}});
      }
      return b.status();
    };
    ASSAY_ASSIGN_OR_RETURN(Graph copy, CopyGraph(graph_, hooks));
    copy.ClearOutputs();
    ASSAY_RETURN_IF_ERROR(copy.AddOutput("logits", logits));
    return copy;
  }

  // Training, scoring and timing run it at batches of their own.
  static absl::Status CheckBatches(const Graph& graph) {
    for (const int64_t batch : {1, 2, 3}) {
      const auto other = Rebatch(graph, batch);
      if (!other.ok()) {
        return Unfit("expected a network that takes any batch; at batch ",
                     batch, ": ", other.status().message());
      }
      const ValueId logits = other->FindOutput("logits");
      if (other->shape(logits)[0] != batch) {
        return Unfit("expected a row of logits per sample; at batch ", batch,
                     " they are ", ToString(other->type(logits)));
      }
    }
    return absl::OkStatus();
  }

  const DatasetSpec& data_;
  const absl::string_view input_;
  const Graph& graph_;
  const FitOptions& options_;
  std::vector<std::string> remarks_;
  ValueId source_ = kNoValue, scores_ = kNoValue;
  int64_t batch_ = 1;
  bool widened_ = false, flattened_ = false, squeezed_ = false;
  std::vector<int32_t> order_, labels_;
};

}  // namespace

absl::StatusOr<FittedNetwork> FitNetwork(const DatasetSpec& data,
                                         absl::string_view input,
                                         const Graph& graph,
                                         const ParameterStore& parameters,
                                         const FitOptions& options) {
  return Fitter(data, input, graph, options).Fit(parameters);
}

std::vector<int32_t> OrderThatFits(absl::Span<const int32_t> labels,
                                   absl::Span<const int32_t> predictions,
                                   int64_t classes) {
  const auto n = static_cast<size_t>(classes);
  std::vector<int64_t> counts(n * n);  // [score, class]
  for (size_t i = 0; i < labels.size(); ++i) {
    ++counts[static_cast<size_t>(predictions[i]) * n +
             static_cast<size_t>(labels[i])];
  }
  std::vector<int32_t> order;
  std::vector<bool> taken(n);
  int64_t explained = 0;
  for (size_t score = 0; score < n; ++score) {
    const auto row = counts.begin() + static_cast<ptrdiff_t>(score * n);
    const auto most = std::max_element(row, row + static_cast<ptrdiff_t>(n));
    const auto c = static_cast<size_t>(most - row);
    if (taken[c]) return {};
    taken[c] = true;
    explained += *most;
    order.push_back(static_cast<int32_t>(c));
  }
  const bool clear = 2 * explained > static_cast<int64_t>(labels.size());
  return clear && !std::is_sorted(order.begin(), order.end())
             ? order
             : std::vector<int32_t>();
}

}  // namespace assay
