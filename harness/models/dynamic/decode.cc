#include "harness/models/dynamic/decode.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/dynamic/dynamic_builder.h"
#include "harness/graph/copier.h"
#include "harness/graph/rewrites/prune_dead.h"

namespace assay {
namespace {

using SharedPiece = std::shared_ptr<const Graph>;

// Formulas over rows [N,T] of tokens and columns [N,1] of positions, all f32:
// tokens and positions are small enough to be exact.
class TokenRows {
 public:
  TokenRows(GraphBuilder* b, ValueId tokens, int64_t context)
      : b_(*b), context_(context), tokens_(ToF32(tokens)) {
    std::vector<float> places(static_cast<size_t>(context));
    for (size_t i = 0; i < places.size(); ++i) {
      places[i] = static_cast<float>(i);
    }
    places_ = b_.Constant(Tensor::From<float>({1, context}, places), "places");
  }

  ValueId tokens() const { return tokens_; }
  ValueId ToF32(ValueId v) { return Cast(v, "f32"); }
  ValueId ToS32(ValueId v) { return Cast(v, "s32"); }
  ValueId Column(ValueId v) { return b_.Reshape(ToF32(v), {0, 1}); }
  ValueId Vector(ValueId column) { return ToS32(b_.Reshape(column, {-1})); }

  // Where a place is at, before or behind a position.
  ValueId At(ValueId position) { return b_.Op("equal", {places_, position}); }
  ValueId Before(ValueId position) {
    return b_.Op("greater", {position, places_});
  }
  ValueId Where(ValueId condition, ValueId a, ValueId b) {
    return b_.Op("where", {condition, a, b});
  }
  ValueId Zero() { return b_.Scalar(DType::kF32, 0); }
  // The elements of a row that `condition` picks, added: [N,1].
  ValueId Sum(ValueId condition, ValueId row) {
    return b_.ReduceSum(b_.Mul(ToF32(condition), row), {1}, true);
  }
  // Every row one place to the right, 0 in front.
  ValueId Shifted(ValueId row) {
    const ValueId front =
        b_.Op("slice", {row},
              {{"starts", std::vector<int64_t>{0, 0}},
               {"ends", std::vector<int64_t>{kToTheEnd, context_ - 1}}});
    return b_.Op("pad", {front},
                 {{"before", std::vector<int64_t>{0, 1}},
                  {"after", std::vector<int64_t>{0, 0}}});
  }

 private:
  ValueId Cast(ValueId v, const char* dtype) {
    return b_.Op("cast", {v}, {{"dtype", std::string(dtype)}});
  }

  GraphBuilder& b_;
  int64_t context_;
  ValueId tokens_;
  ValueId places_ = kNoValue;
};

// One token more: (tokens, length) -> (tokens, length, token).
absl::StatusOr<SharedPiece> StepPiece(const ReferenceGraph& network,
                                      const std::string& name) {
  Graph graph = network.graph;
  graph.set_name(name);
  GraphBuilder b(&graph);
  const ValueId tokens = graph.inputs()[0];
  const int64_t context = graph.shape(tokens)[1];
  const ValueId logits = graph.FindOutput("logits");
  const ValueId length = b.Input("length", DType::kS32, {1});
  TokenRows rows(&b, tokens, context);
  // Only the last row goes through the table: the logits' own node dies.
  const Node head = graph.node(graph.value(logits).producer);
  const ValueId position = rows.Column(length);
  const ValueId last =
      b.Reshape(rows.ToF32(rows.At(b.Offset(position, -1))), {0, 1, context});
  const ValueId hidden = b.Op("matmul", {last, head.inputs[0]});
  const ValueId next = b.Op("linear", {hidden, head.inputs[1]});
  const ValueId token = b.Op("argmax", {next}, {{"axis", int64_t{2}}});
  const ValueId column = rows.Column(token);
  const ValueId written = rows.Where(rows.At(position), column, rows.tokens());
  graph.ClearOutputs();
  b.Output("tokens", rows.ToS32(written));
  b.Output("length", rows.Vector(b.Offset(position, 1)));
  b.Output("token", rows.Vector(column));
  ASSAY_RETURN_IF_ERROR(b.status());
  ASSAY_ASSIGN_OR_RETURN(Graph pruned, PruneDead(graph));
  return std::make_shared<const Graph>(std::move(pruned));
}

// (tokens, length, limit) -> (tokens, length, more): keeps what the network
// would have written of `drafted` guesses behind `length`.
absl::StatusOr<SharedPiece> VerifyPiece(const ReferenceGraph& network,
                                        int64_t drafted) {
  Graph graph = network.graph;
  graph.set_name("verify");
  GraphBuilder b(&graph);
  const ValueId tokens = graph.inputs()[0];
  const int64_t context = graph.shape(tokens)[1];
  const ValueId logits = graph.FindOutput("logits");
  const ValueId length = b.Input("length", DType::kS32, {1});
  const ValueId limit = b.Input("limit", DType::kS32, {1});
  TokenRows rows(&b, tokens, context);
  const ValueId start = rows.Column(length), end = rows.Column(limit);
  // What the network writes at each place, given the tokens before it.
  const ValueId written = rows.Shifted(
      rows.ToF32(b.Op("argmax", {logits}, {{"axis", int64_t{2}}})));
  const ValueId guessed =
      b.Sub(rows.ToF32(rows.Before(b.Offset(start, double(drafted)))),
            rows.ToF32(rows.Before(start)));
  const ValueId right = rows.ToF32(b.Op("equal", {written, rows.tokens()}));
  const ValueId wrong = b.Sub(guessed, b.Mul(guessed, right));
  const ValueId wrong_so_far = b.Op("cumsum", {wrong}, {{"axis", int64_t{1}}});
  const ValueId kept = b.ReduceSum(
      b.Mul(guessed, rows.ToF32(b.Op("equal", {wrong_so_far, rows.Zero()}))),
      {1}, true);
  const ValueId stop = b.Add(start, kept);  // the first wrong place
  const ValueId own = rows.Sum(rows.At(stop), written);
  const ValueId mended = rows.Where(rows.Before(stop), rows.tokens(),
                                    b.Mul(rows.ToF32(rows.At(stop)), own));
  const ValueId after = b.Op("minimum", {b.Offset(stop, 1), end});
  graph.ClearOutputs();
  b.Output("tokens",
           rows.ToS32(rows.Where(rows.Before(end), mended, rows.Zero())));
  b.Output("length", rows.Vector(after));
  b.Output("more",
           b.Op("greater", {b.Reshape(end, {-1}), b.Reshape(after, {-1})}));
  ASSAY_RETURN_IF_ERROR(b.status());
  return std::make_shared<const Graph>(std::move(graph));
}

TensorType Row(int64_t context) { return {DType::kS32, {1, context}}; }

}  // namespace

absl::StatusOr<DynamicNetwork> GreedyDecoder(const OpSet& ops,
                                             const LmdOptions& lmd,
                                             const DecodeOptions& options) {
  if (options.steps < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected at least 2 steps, got ", options.steps));
  }
  ASSAY_ASSIGN_OR_RETURN(ReferenceGraph network, Lmd(ops, lmd, {}));
  ASSAY_ASSIGN_OR_RETURN(const SharedPiece step, StepPiece(network, "step"));
  DynamicBuilder b(ops, absl::StrCat(lmd.name, "-greedy"));
  b.Outputs({"text", "text_length"});
  const VariableId tokens = b.Input("tokens", Row(lmd.context));
  const VariableId length = b.Input("length", {DType::kS32, {1}});
  const VariableId token = b.Variable("token");
  b.RunInto(step, {tokens, length}, {tokens, length, token});
  b.While({PredicateKind::kTokenEquals, token, 0, options.end_of_text, true},
          options.steps - 1, [&] {
            b.RunInto(step, {tokens, length}, {tokens, length, token});
          });
  b.Return({tokens, length});
  ASSAY_ASSIGN_OR_RETURN(DynamicGraph dynamic, b.Finish());
  return DynamicNetwork{std::move(dynamic), std::move(network)};
}

absl::StatusOr<DynamicNetwork> SpeculativeDecoder(
    const OpSet& ops, const LmdOptions& target, const LmdOptions& draft,
    const DecodeOptions& options) {
  if (target.context != draft.context ||
      target.vocabulary != draft.vocabulary || options.drafted < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected a draft with the target's context and vocabulary and at "
        "least 1 drafted token, got contexts ",
        draft.context, " and ", target.context, ", vocabularies ",
        draft.vocabulary, " and ", target.vocabulary, ", ", options.drafted,
        " drafted"));
  }
  ASSAY_ASSIGN_OR_RETURN(ReferenceGraph large, Lmd(ops, target, {}));
  ASSAY_ASSIGN_OR_RETURN(large, WithPrefix(large, "target."));
  ASSAY_ASSIGN_OR_RETURN(ReferenceGraph small, Lmd(ops, draft, {}));
  ASSAY_ASSIGN_OR_RETURN(small, WithPrefix(small, "draft."));
  ASSAY_ASSIGN_OR_RETURN(const SharedPiece guess, StepPiece(small, "draft"));
  ASSAY_ASSIGN_OR_RETURN(const SharedPiece verify,
                         VerifyPiece(large, options.drafted));
  DynamicBuilder b(ops, absl::StrCat(target.name, "-speculative"));
  b.Outputs({"text", "text_length"});
  const VariableId tokens = b.Input("tokens", Row(target.context));
  const VariableId length = b.Input("length", {DType::kS32, {1}});
  const VariableId limit = b.Input("limit", {DType::kS32, {1}});
  const VariableId end = b.Variable("end"), token = b.Variable("token");
  const VariableId more = b.Variable("more");
  const auto round = [&] {
    b.Copy(end, length);
    b.For(options.drafted, [&](VariableId) {
      b.RunInto(guess, {tokens, end}, {tokens, end, token});
    });
    b.RunInto(verify, {tokens, length, limit}, {tokens, length, more});
  };
  round();
  b.While({PredicateKind::kIsTrue, more}, options.steps, round);
  b.Return({tokens, length});
  ASSAY_ASSIGN_OR_RETURN(DynamicGraph dynamic, b.Finish());
  // Both networks side by side, for their parameters.
  GraphCopier copier(small.graph, &large.graph);
  copier.Set(small.graph.inputs()[0], large.graph.inputs()[0]);
  for (ValueId id = 0; id < small.graph.value_count(); ++id) {
    if (copier.Map(id) != kNoValue) continue;
    const Value& value = small.graph.value(id);
    ASSAY_RETURN_IF_ERROR(value.kind == ValueKind::kResult
                              ? copier.CopyNode(value.producer)
                              : copier.CopyLeaf(id));
  }
  ASSAY_RETURN_IF_ERROR(large.graph.AddOutput(
      "draft/logits", copier.Map(small.graph.FindOutput("logits"))));
  large.initialisers.insert(large.initialisers.end(),
                            small.initialisers.begin(),
                            small.initialisers.end());
  return DynamicNetwork{std::move(dynamic), std::move(large)};
}

}  // namespace assay
