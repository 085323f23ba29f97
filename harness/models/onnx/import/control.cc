// Graphs within graphs, written out.
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/models/onnx/import/converter.h"

namespace assay {
namespace {

constexpr int64_t kMostIterations = 1 << 14;

// The results of a graph whose inputs stand in `scope`; empty after an error.
std::vector<ValueId> Import(NodeContext& c, const OnnxGraph& graph,
                            Scope* scope) {
  absl::StatusOr<std::vector<ValueId>> results =
      ImportNodes(graph, scope, c.state());
  if (results.ok()) return *std::move(results);
  c.Fail(results.status());
  return {};
}

std::vector<ValueId> Branch(NodeContext& c, const char* name) {
  const OnnxGraph* graph = c.GraphAttribute(name);
  if (graph == nullptr) return {};
  Scope scope;
  scope.outer = c.scope();
  std::vector<ValueId> results = Import(c, *graph, &scope);
  if (c.ok() && results.size() != c.result_count()) {
    c.Invalid(absl::StrCat("attribute '", name, "': ", results.size(),
                           " results, expected ", c.result_count()));
  }
  return results;
}

// Functional branches may both run: the choice is between their results.
void If(NodeContext& c) {
  const ValueId condition = c.In(0);
  if (!c.ok()) return;
  if (c.dtype(condition) != DType::kBool ||
      ElementCount(c.shape(condition)) != 1) {
    return c.Invalid(absl::StrCat("the condition: expected one bool, got ",
                                  ToString(c.graph().type(condition))));
  }
  const ValueId choice = c.Reshape(condition, {});
  if (const Tensor* known = c.Known(choice)) {
    const bool yes = known->data<bool>()[0];
    const std::vector<ValueId> results =
        Branch(c, yes ? "then_branch" : "else_branch");
    for (size_t i = 0; i < results.size() && c.ok(); ++i) c.Out(i, results[i]);
    return;
  }
  const std::vector<ValueId> yes = Branch(c, "then_branch");
  const std::vector<ValueId> no = Branch(c, "else_branch");
  for (size_t i = 0; i < yes.size() && c.ok(); ++i) {
    if (c.shape(yes[i]) != c.shape(no[i]) ||
        c.dtype(yes[i]) != c.dtype(no[i])) {
      return c.Refuse(absl::StrCat(
          "the condition is computed at run time, and result ", i, " is ",
          ToString(c.graph().type(yes[i])), " in one branch and ",
          ToString(c.graph().type(no[i])), " in the other"));
    }
    c.Out(i, c.Where(choice, yes[i], no[i]));
  }
}

bool KnownFalse(NodeContext& c, ValueId condition) {
  const Tensor* known = c.RequireKnown(condition, "the loop's condition");
  if (known == nullptr) return true;
  if (known->dtype() != DType::kBool || known->size() != 1) {
    c.Invalid(absl::StrCat("the condition: expected one bool, got ",
                           known->TypeString()));
    return true;
  }
  return !known->data<bool>()[0];
}

// Operands: trip count, condition, carried values. The body takes iteration,
// condition and carried values; it gives the condition, carried values, and
// what is collected over the iterations.
void Loop(NodeContext& c) {
  const OnnxGraph* body = c.GraphAttribute("body");
  int64_t trips = kMostIterations + 1;
  if (c.Has(0)) {
    const std::vector<int64_t> counts = c.IntsIn(0, "the trip count");
    if (c.ok() && counts.size() != 1) return c.Invalid("the trip count");
    if (c.ok()) trips = counts[0];
  }
  if (!c.ok()) return;
  ValueId condition = c.Has(1) ? c.In(1) : c.Scalar(DType::kBool, 1);
  std::vector<ValueId> carried;
  for (size_t i = 2; i < c.operand_count(); ++i) carried.push_back(c.In(i));
  if (!c.ok()) return;
  const size_t count = carried.size();
  if (body->inputs.size() != count + 2 ||
      body->outputs.size() != c.result_count() + 1 ||
      body->outputs.size() < count + 1) {
    return c.Invalid(
        absl::StrCat("attribute 'body': ", body->inputs.size(), " inputs and ",
                     body->outputs.size(), " outputs for ", count,
                     " carried values and ", c.result_count(), " results"));
  }
  std::vector<std::vector<ValueId>> collected(c.result_count() - count);
  for (int64_t i = 0; i < trips && !KnownFalse(c, condition); ++i) {
    if (i >= kMostIterations) {
      return c.Refuse(
          absl::StrCat("more than ", kMostIterations, " iterations"));
    }
    Scope scope;
    scope.outer = c.scope();
    const auto bind = [&](size_t at, ValueId value) {
      scope.names[body->inputs[at].name].value = value;
    };
    bind(0, c.Constant(Tensor::From<int64_t>({}, {i})));
    bind(1, condition);
    for (size_t k = 0; k < count; ++k) bind(k + 2, carried[k]);
    const std::vector<ValueId> results = Import(c, *body, &scope);
    if (!c.ok()) return;
    condition = results[0];
    for (size_t k = 0; k < count; ++k) carried[k] = results[k + 1];
    for (size_t k = 0; k < collected.size(); ++k) {
      Shape row = c.shape(results[count + 1 + k]);
      row.insert(row.begin(), 1);
      collected[k].push_back(c.Reshape(results[count + 1 + k], row));
    }
  }
  for (size_t k = 0; k < count; ++k) c.Out(k, carried[k]);
  for (size_t k = 0; k < collected.size() && c.ok(); ++k) {
    if (!c.Wants(count + k)) continue;
    if (collected[k].empty()) return c.Refuse("nothing is collected");
    c.Out(count + k, c.Concat(collected[k], 0));
  }
}

constexpr OnnxConverter kConverters[] = {
    {"If", 1, If, 1, 1, "else_branch then_branch"},
    {"Loop", 1, Loop, 2, -1, "body"},
};

}  // namespace

absl::Span<const OnnxConverter> ControlConverters() { return kConverters; }

}  // namespace assay
