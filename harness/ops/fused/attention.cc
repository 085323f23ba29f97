#include "harness/ops/fused/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/fused/attention_backward.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

// Elements up to the last that the view reads, over `heads` heads and `rows`
// rows. In double, which holds every number of elements that a tensor may have
// and does not overflow.
double Reach(const HeadView& view, const AttentionExtents& e, int64_t heads,
             int64_t rows) {
  const auto last = [](int64_t count, int64_t stride) {
    return static_cast<double>(count - 1) * static_cast<double>(stride);
  };
  return static_cast<double>(view.offset) + last(e.batch, view.batch) +
         last(heads, view.head) + last(rows, view.row) +
         static_cast<double>(e.features);
}

absl::Status CheckView(const InferContext& context, const Operand& operand,
                       const char* name, const AttentionExtents& e,
                       int64_t heads, int64_t rows) {
  ASSAY_ASSIGN_OR_RETURN(const std::vector<int64_t> view,
                         IntsOfSize(context.attributes, name, {}, 4, 0));
  const double reach =
      Reach(HeadViewOf(context.attributes, name), e, heads, rows);
  const int64_t have = ElementCount(operand.shape());
  if (reach <= static_cast<double>(have)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, ": expected to end within the ", have,
                   " elements of the operand, got ", reach));
}

absl::Status CheckMask(const Operand& mask, DType dtype,
                       const AttentionExtents& e) {
  ASSAY_RETURN_IF_ERROR(mask.Is(dtype));
  ASSAY_RETURN_IF_ERROR(mask.HasRank(4, "[B,H,T,S]"));
  const int64_t extents[] = {e.batch, e.heads, e.queries, e.keys};
  for (int64_t axis = 0; axis < 4; ++axis) {
    if (mask.dim(axis) == 1 || mask.dim(axis) == extents[axis]) continue;
    return mask.Error(absl::StrCat("1 or ", extents[axis], " on axis ", axis));
  }
  return absl::OkStatus();
}

absl::Status InferAttention(InferContext& context) {
  ASSAY_RETURN_IF_ERROR(CheckAttention(context, 3));
  const AttentionExtents e = ExtentsOf(context.attributes);
  return SetResults(context, {{context.inputs[0]->dtype,
                               {e.batch, e.queries, e.heads * e.features}}});
}

template <typename T>
void AttendRow(const ReferenceContext& context, const AttentionExtents& e,
               int64_t b, int64_t h, int64_t t) {
  const Attributes& a = context.attributes;
  const int64_t kv_head = h / a.Int("repeats", 1);
  const auto row = [&](size_t operand, const char* name, int64_t head,
                       int64_t r) {
    const HeadView v = HeadViewOf(a, name);
    return context.inputs[operand]->data<T>() + v.offset + b * v.batch +
           head * v.head + r * v.row;
  };
  const Tensor* mask = context.inputs.size() > 3 ? context.inputs[3] : nullptr;
  const int64_t seen =
      a.Int("causal", 0) != 0 ? t + 1 + e.keys - e.queries : e.keys;
  const T* query = row(0, "query_view", h, t);
  std::vector<double> weights;
  double largest = -std::numeric_limits<double>::infinity();
  for (int64_t s = 0; s < seen; ++s) {
    const T* key = row(1, "key_view", kv_head, s);
    double score = 0;
    for (int64_t d = 0; d < e.features; ++d) {
      score += static_cast<double>(query[d]) * static_cast<double>(key[d]);
    }
    weights.push_back(score * a.Real("scale", 1) +
                      AttentionMaskAt(mask, b, h, t, s));
    largest = std::max(largest, weights.back());
  }
  double sum = 0;
  for (double& w : weights) sum += w = std::exp(w - largest);
  T* dst = context.outputs[0]->data<T>() +
           (b * e.queries + t) * e.heads * e.features + h * e.features;
  for (int64_t d = 0; d < e.features; ++d) {
    double y = 0;
    for (int64_t s = 0; s < seen; ++s) {
      y += weights[static_cast<size_t>(s)] *
           static_cast<double>(row(2, "value_view", kv_head, s)[d]);
    }
    dst[d] = static_cast<T>(y / sum);
  }
}

absl::Status AttentionReference(ReferenceContext& context) {
  const AttentionExtents e = ExtentsOf(context.attributes);
  return VisitFloat(context.inputs[0]->dtype(), [&]<typename T>() {
    for (int64_t b = 0; b < e.batch; ++b) {
      for (int64_t h = 0; h < e.heads; ++h) {
        for (int64_t t = 0; t < e.queries; ++t) {
          AttendRow<T>(context, e, b, h, t);
        }
      }
    }
    return absl::OkStatus();
  });
}

int64_t AttentionMacs(const Graph&, const Node& node) {
  const AttentionExtents e = ExtentsOf(node.attributes);
  return 2 * e.batch * e.heads * e.queries * e.keys * e.features;
}

// The gradient is one of a shared operand where the views of it do not overlap.
absl::Status AttentionGradient(GradientBuilder& g) {
  if (g.needs(3)) {
    return absl::UnimplementedError(
        "attention_fused has no gradient for its mask");
  }
  std::vector<ValueId> operands = {g.input(0), g.input(1), g.input(2),
                                   g.gradient()};
  if (g.input(3) != kNoValue) operands.push_back(g.input(3));
  Attributes attributes = g.attributes();
  const bool packed = g.input(0) == g.input(1) && g.input(0) == g.input(2) &&
                      ViewsLieApart(attributes);
  attributes.Set("packed", int64_t{packed ? 1 : 0});
  const std::vector<ValueId> results = g.b().Ops(
      "attention_backward", std::move(operands), std::move(attributes));
  for (size_t i = 0; i < results.size(); ++i) {
    if (g.needs(i)) g.Set(i, results[i]);
  }
  return absl::OkStatus();
}

}  // namespace

double AttentionMaskAt(const Tensor* mask, int64_t b, int64_t h, int64_t t,
                       int64_t s) {
  if (mask == nullptr) return 0;
  const int64_t at[] = {b, h, t, s};
  int64_t i = 0;
  for (int axis = 0; axis < 4; ++axis) {
    const int64_t extent = mask->dim(axis);
    i = i * extent + (extent == 1 ? 0 : at[axis]);
  }
  return mask->dtype() == DType::kF64
             ? mask->data<double>()[i]
             : static_cast<double>(mask->data<float>()[i]);
}

absl::Status CheckAttention(const InferContext& context, size_t mask) {
  const Attributes& a = context.attributes;
  const Operand query(context, 0, "query"), key(context, 1, "key"),
      value(context, 2, "value");
  ASSAY_RETURN_IF_ERROR(query.IsFloat());
  ASSAY_RETURN_IF_ERROR(key.Is(query.dtype()));
  ASSAY_RETURN_IF_ERROR(value.Is(query.dtype()));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<int64_t> extents,
                         IntsOfSize(a, "extents", {}, 5, 1));
  const AttentionExtents e = ExtentsOf(a);
  const int64_t repeats = a.Int("repeats", 1);
  if (repeats < 1 || e.heads % repeats != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "repeats: expected a divisor of ", e.heads, " heads, got ", repeats));
  }
  if (a.Int("causal", 0) != 0 && e.keys < e.queries) {
    return absl::InvalidArgumentError(absl::StrCat(
        "causal: expected at least ", e.queries, " keys, got ", e.keys));
  }
  ASSAY_RETURN_IF_ERROR(
      CheckView(context, query, "query_view", e, e.heads, e.queries));
  ASSAY_RETURN_IF_ERROR(
      CheckView(context, key, "key_view", e, e.heads / repeats, e.keys));
  ASSAY_RETURN_IF_ERROR(
      CheckView(context, value, "value_view", e, e.heads / repeats, e.keys));
  if (context.inputs.size() <= mask || context.inputs[mask] == nullptr) {
    return absl::OkStatus();
  }
  return CheckMask(Operand(context, mask, "mask"),
                   StatisticsType(query.dtype()), e);
}

HeadView HeadViewOf(const Attributes& attributes, const char* name) {
  const std::vector<int64_t> v = attributes.Ints(name, {0, 0, 0, 0});
  return {v[0], v[1], v[2], v[3]};
}

AttentionExtents ExtentsOf(const Attributes& attributes) {
  const std::vector<int64_t> e = attributes.Ints("extents", {1, 1, 1, 1, 1});
  return {e[0], e[1], e[2], e[3], e[4]};
}

std::map<std::string, std::string> AttentionAttributes() {
  return {{"extents", "ints"},    {"query_view", "ints"}, {"key_view", "ints"},
          {"value_view", "ints"}, {"repeats", "int"},     {"scale", "real"},
          {"causal", "int"}};
}

OpSchema AttentionFusedSchema() {
  return {.name = "attention_fused",
          .min_inputs = 3,
          .max_inputs = 4,
          .operands = "query key value [mask]",
          .attributes = AttentionAttributes(),
          .infer = InferAttention,
          .reference = AttentionReference,
          .gradient = AttentionGradient,
          .macs = AttentionMacs};
}

}  // namespace assay
