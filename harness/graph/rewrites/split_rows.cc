#include "harness/graph/rewrites/split_rows.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/graph/copier.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

constexpr size_t kRowAxis = 2, kImageRank = 4;

// Rows [begin, end) of an image; end 0: none.
struct Rows {
  int64_t begin = 0, end = 0;
  bool operator==(const Rows&) const = default;
};

Rows Hull(const Rows& a, const Rows& b) {
  if (a.end == 0) return b;
  if (b.end == 0) return a;
  return {std::min(a.begin, b.begin), std::max(a.end, b.end)};
}

// How a node's result goes by rows.
enum class RowRule : uint8_t {
  kNone,
  kSame,         // row i of the result from row i of each image it reads
  kConvolution,  // of operand 0 by its window; of a residual row by row
};

RowRule RuleOf(absl::string_view op) {
  static const auto* rules = new std::map<absl::string_view, RowRule>{
      {"add", RowRule::kSame},
      {"batch_norm", RowRule::kSame},
      {"cast", RowRule::kSame},
      {"clip", RowRule::kSame},
      {"conv2d", RowRule::kConvolution},
      {"conv2d_fused", RowRule::kConvolution},
      {"dequantize_linear", RowRule::kSame},
      {"hardswish", RowRule::kSame},
      {"mul", RowRule::kSame},
      {"quantize_linear", RowRule::kSame},
      {"relu", RowRule::kSame},
      {"relu6", RowRule::kSame},
      {"sigmoid", RowRule::kSame},
      {"silu", RowRule::kSame},
      {"tanh", RowRule::kSame},
  };
  const auto found = rules->find(op);
  return found == rules->end() ? RowRule::kNone : found->second;
}

class RowSplitter {
 public:
  RowSplitter(const Graph& graph, int64_t count)
      : whole_(graph),
        outputs_(graph.outputs()),
        count_(count),
        has_rows_(static_cast<size_t>(graph.value_count())),
        is_behind_(static_cast<size_t>(graph.value_count())) {
    whole_.ClearOutputs();
  }

  absl::StatusOr<RowBands> Run() {
    if (count_ < 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("expected one band or more, got ", count_));
    }
    ASSAY_RETURN_IF_ERROR(Classify());
    const int64_t height = Height(whole_.node(mean_).inputs[0]);
    if (height < count_) {
      return absl::UnimplementedError(
          absl::StrCat("the last images have ", height, " rows"));
    }
    std::vector<Graph> bands;
    std::vector<double> shares;
    for (int64_t i = 0; i < count_; ++i) {
      const Rows rows{height * i / count_, height * (i + 1) / count_};
      FindNeeds(rows);
      ASSAY_ASSIGN_OR_RETURN(Graph band, Band());
      bands.push_back(std::move(band));
      shares.push_back(static_cast<double>(rows.end - rows.begin) /
                       static_cast<double>(height));
    }
    ASSAY_ASSIGN_OR_RETURN(Graph tail, Tail(shares));
    return RowBands{std::move(bands), std::move(tail)};
  }

 private:
  bool HasRows(ValueId v) const {
    return v != kNoValue && has_rows_[static_cast<size_t>(v)];
  }
  bool IsBehind(ValueId v) const {
    return v != kNoValue && is_behind_[static_cast<size_t>(v)];
  }
  bool GoesByRows(const Node& node) const { return HasRows(node.outputs[0]); }
  int64_t Height(ValueId v) const { return whole_.shape(v)[kRowAxis]; }
  Rows& need(ValueId v) { return needs_[static_cast<size_t>(v)]; }

  // --- Which nodes go by rows, and the mean at their end

  absl::Status Classify() {
    if (!whole_.updates().empty()) {
      return absl::UnimplementedError("the graph updates parameters");
    }
    for (const ValueId v : whole_.inputs()) {
      if (whole_.shape(v).size() != kImageRank) {
        return absl::UnimplementedError(
            absl::StrCat("input '", whole_.value(v).name,
                         "' has no rows: ", ToString(whole_.type(v))));
      }
      has_rows_[static_cast<size_t>(v)] = true;
    }
    for (NodeId id = 0; id < whole_.node_count(); ++id) {
      ASSAY_RETURN_IF_ERROR(ClassifyNode(id));
    }
    if (mean_ == kNoNode) {
      return absl::UnimplementedError("no mean over all positions");
    }
    for (const Graph::Output& output : outputs_) {
      if (IsBehind(output.value)) continue;
      return absl::UnimplementedError(
          absl::StrCat("output '", output.name, "' is not behind the mean"));
    }
    return absl::OkStatus();
  }

  absl::Status ClassifyNode(NodeId id) {
    const Node& node = whole_.node(id);
    const auto any = [&](bool (RowSplitter::*has)(ValueId) const) {
      return std::any_of(node.inputs.begin(), node.inputs.end(),
                         [&](ValueId v) { return (this->*has)(v); });
    };
    const bool rows = any(&RowSplitter::HasRows);
    const bool behind = any(&RowSplitter::IsBehind);
    if (behind && !rows) {
      for (const ValueId v : node.outputs) {
        is_behind_[static_cast<size_t>(v)] = true;
      }
      return absl::OkStatus();
    }
    if (rows && !behind && IsMean(node) && mean_ == kNoNode) {
      mean_ = id;
      is_behind_[static_cast<size_t>(node.outputs[0])] = true;
      return absl::OkStatus();
    }
    if (!rows || behind || !KeepsRows(node)) {
      return absl::UnimplementedError(
          absl::StrCat(node.op, " '", whole_.value(node.outputs[0]).name,
                       "' is not known to go by rows"));
    }
    has_rows_[static_cast<size_t>(node.outputs[0])] = true;
    return absl::OkStatus();
  }

  // Over height and width alone.
  bool IsMean(const Node& node) const {
    if (node.op != "reduce_mean") return false;
    Ints axes = node.attributes.Ints("axes", {});
    for (int64_t& axis : axes) axis += axis < 0 ? kImageRank : 0;
    std::sort(axes.begin(), axes.end());
    return axes == Ints{2, 3};
  }

  bool KeepsRows(const Node& node) const {
    const RowRule rule = RuleOf(node.op);
    if (rule == RowRule::kNone || node.outputs.size() != 1) return false;
    const ValueId dst = node.outputs[0];
    if (whole_.shape(dst).size() != kImageRank) return false;
    if (rule == RowRule::kConvolution) {
      for (size_t i = 1; i < node.inputs.size(); ++i) {
        if (i != 3 && HasRows(node.inputs[i])) return false;
      }
      return HasRows(node.inputs[0]) &&
             (node.inputs.size() < 4 || node.inputs[3] == kNoValue ||
              HasRows(node.inputs[3]));
    }
    if (ScalesRows(node)) return false;
    return std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId v) {
      if (v == kNoValue) return true;
      if (HasRows(v)) return Height(v) == Height(dst);
      const Shape& shape = whole_.shape(v);
      return shape.size() < 2 || shape[shape.size() - 2] == 1;
    });
  }

  // Whether the scales of a quantization differ from row to row.
  bool ScalesRows(const Node& node) const {
    if (node.op != "quantize_linear" && node.op != "dequantize_linear") {
      return false;
    }
    const int64_t axis = node.attributes.Int("axis", 0);
    return ElementCount(whole_.shape(node.inputs[1])) != 1 &&
           (axis == 2 || axis == -2);
  }

  // --- The rows of each value that a band of the last images needs

  // The rows of a convolution's source under rows of its result, before the
  // source's ends cut them.
  Rows Under(const Node& node, const Rows& rows) const {
    const int64_t stride = node.attributes.Ints("strides", {1, 1})[0];
    const int64_t dilation = node.attributes.Ints("dilations", {1, 1})[0];
    const int64_t top = node.attributes.Ints("pads", {0, 0, 0, 0})[0];
    const int64_t reach =
        dilation * (whole_.shape(node.inputs[1])[kRowAxis] - 1);
    return {rows.begin * stride - top,
            (rows.end - 1) * stride - top + reach + 1};
  }

  Rows Read(const Node& node, size_t operand, const Rows& rows) const {
    if (RuleOf(node.op) != RowRule::kConvolution || operand != 0) return rows;
    const Rows under = Under(node, rows);
    return {std::max<int64_t>(under.begin, 0),
            std::min(under.end, Height(node.inputs[0]))};
  }

  void FindNeeds(const Rows& rows) {
    needs_.assign(static_cast<size_t>(whole_.value_count()), Rows());
    need(whole_.node(mean_).inputs[0]) = rows;
    for (NodeId id = mean_; id-- > 0;) {
      const Node& node = whole_.node(id);
      if (!GoesByRows(node)) continue;
      const Rows wanted = need(node.outputs[0]);
      if (wanted.end == 0) continue;
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        const ValueId v = node.inputs[i];
        if (HasRows(v)) need(v) = Hull(need(v), Read(node, i, wanted));
      }
    }
  }

  // --- A band

  // Rows of what stands for `v`, which holds those that are needed.
  ValueId Cut(GraphCopier& copier, ValueId v, const Rows& rows) {
    const Rows held = need(v);
    if (held == rows) return copier.Map(v);
    Shape starts(kImageRank, 0), ends = copier.to().shape(copier.Map(v));
    starts[kRowAxis] = rows.begin - held.begin;
    ends[kRowAxis] = rows.end - held.begin;
    return copier.b().Op("slice", {copier.Map(v)},
                         {{"starts", Ints(starts.begin(), starts.end())},
                          {"ends", Ints(ends.begin(), ends.end())}},
                         absl::StrCat(whole_.value(v).name, "/rows"));
  }

  absl::StatusOr<bool> CopyInput(GraphCopier& copier, ValueId v) {
    if (!HasRows(v)) return false;
    ASSAY_RETURN_IF_ERROR(copier.CopyLeaf(v));
    const Rows wanted = need(v);
    if (wanted.end == 0) return true;
    need(v) = {0, Height(v)};
    const ValueId cut = Cut(copier, v, wanted);
    need(v) = wanted;
    copier.Set(v, cut);
    return true;
  }

  void CopyRows(GraphCopier& copier, const Node& node) {
    const ValueId dst = node.outputs[0];
    const Rows rows = need(dst);
    if (rows.end == 0) return;
    std::vector<ValueId> inputs = copier.Map(node.inputs);
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (!HasRows(node.inputs[i])) continue;
      const Rows read = Read(node, i, rows);
      if (read.begin >= read.end) {
        copier.b().Fail(absl::UnimplementedError(
            absl::StrCat(node.op, " '", whole_.value(dst).name,
                         "': a band of padding alone")));
        return;
      }
      inputs[i] = Cut(copier, node.inputs[i], read);
    }
    Attributes attributes = node.attributes;
    if (RuleOf(node.op) == RowRule::kConvolution) {
      const Rows under = Under(node, rows);
      Ints pads = attributes.Ints("pads", {0, 0, 0, 0});
      pads[0] = std::max<int64_t>(-under.begin, 0);
      pads[2] = std::max<int64_t>(under.end - Height(node.inputs[0]), 0);
      attributes.Set("pads", std::move(pads));
    }
    copier.Set(dst,
               copier.b().Op(node.op, std::move(inputs), std::move(attributes),
                             whole_.value(dst).name));
  }

  absl::StatusOr<Graph> Band() {
    CopyHooks hooks;
    hooks.leaf = [this](GraphCopier& copier, ValueId v) {
      return CopyInput(copier, v);
    };
    hooks.node = [this](GraphCopier& copier,
                        NodeId id) -> absl::StatusOr<bool> {
      const Node& node = whole_.node(id);
      if (GoesByRows(node)) CopyRows(copier, node);
      if (id == mean_) {
        const ValueId dst = node.outputs[0];
        copier.b().Output(
            whole_.value(dst).name,
            copier.b().Op(node.op, copier.Map(node.inputs), node.attributes,
                          whole_.value(dst).name));
      }
      return true;
    };
    hooks.finish = [](GraphCopier& copier) { return copier.b().status(); };
    return CopyGraph(whole_, hooks);
  }

  // --- What comes behind the mean

  absl::StatusOr<Graph> Tail(const std::vector<double>& shares) {
    Graph whole = whole_;
    for (const Graph::Output& output : outputs_) {
      ASSAY_RETURN_IF_ERROR(whole.AddOutput(output.name, output.value));
    }
    CopyHooks hooks;
    hooks.leaf = [this](GraphCopier&, ValueId v) -> absl::StatusOr<bool> {
      return HasRows(v);
    };
    hooks.node = [&](GraphCopier& copier, NodeId id) -> absl::StatusOr<bool> {
      const Node& node = whole_.node(id);
      if (id != mean_) return GoesByRows(node);
      GraphBuilder& b = copier.b();
      const ValueId dst = node.outputs[0];
      const std::string& name = whole_.value(dst).name;
      ValueId mean = kNoValue;
      for (size_t i = 0; i < shares.size(); ++i) {
        const ValueId part =
            b.Scale(b.Input(absl::StrCat(name, "/band", i),
                            whole_.type(dst).dtype, whole_.shape(dst)),
                    shares[i]);
        mean = mean == kNoValue ? part : b.Add(mean, part);
      }
      copier.Set(dst, mean);
      return true;
    };
    hooks.finish = [](GraphCopier& copier) { return copier.b().status(); };
    return CopyGraph(whole, hooks);
  }

  Graph whole_;  // without outputs
  std::vector<Graph::Output> outputs_;
  int64_t count_;
  std::vector<bool> has_rows_, is_behind_;
  NodeId mean_ = kNoNode;
  std::vector<Rows> needs_;  // of the band under way
};

}  // namespace

absl::StatusOr<RowBands> SplitRows(const Graph& graph, int64_t count) {
  return RowSplitter(graph, count).Run();
}

}  // namespace assay
