#include "harness/ops/fused/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <string>
#include <utility>
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

// Extents and views against the operands, whatever their types.
absl::Status CheckViews(const InferContext& context) {
  const Attributes& a = context.attributes;
  const Operand query(context, 0, "query"), key(context, 1, "key"),
      value(context, 2, "value");
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
  return CheckView(context, value, "value_view", e, e.heads / repeats, e.keys);
}

absl::Status CheckMaskOperand(const InferContext& context, size_t mask,
                              DType dtype) {
  if (context.inputs.size() <= mask || context.inputs[mask] == nullptr) {
    return absl::OkStatus();
  }
  return CheckMask(Operand(context, mask, "mask"), dtype,
                   ExtentsOf(context.attributes));
}

bool IsByte(DType dtype) { return dtype == DType::kU8 || dtype == DType::kS8; }

absl::Status CheckScale(const Attributes& a, const std::string& name) {
  return CheckRange(name, a.Real(name, 1), std::numeric_limits<float>::min(),
                    std::numeric_limits<float>::max());
}

absl::Status CheckIntegers(const InferContext& context) {
  const Attributes& a = context.attributes;
  constexpr const char* kNames[] = {"query", "key", "value"};
  for (size_t i = 0; i < 3; ++i) {
    const Operand operand(context, i, kNames[i]);
    if (!IsByte(operand.dtype())) return operand.Error("u8 or s8, as query is");
    ASSAY_RETURN_IF_ERROR(CheckScale(a, absl::StrCat(kNames[i], "_scale")));
    const double low = operand.dtype() == DType::kS8 ? -128 : 0;
    ASSAY_RETURN_IF_ERROR(CheckRange(
        absl::StrCat(kNames[i], "_zero_point"),
        static_cast<double>(AttentionGridOf(a, kNames[i]).zero_point), low,
        low + 255));
  }
  ASSAY_RETURN_IF_ERROR(CheckScale(a, "scale"));
  ASSAY_RETURN_IF_ERROR(CheckViews(context));
  // The longest sum of products of a u8 and an s8 that surely fits into s32.
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max() / (255 * 128);
  const AttentionExtents e = ExtentsOf(a);
  if (std::max(e.features, e.keys) > kMost) {
    return absl::InvalidArgumentError(
        absl::StrCat("extents: expected at most ", kMost,
                     " keys and features, got ", e.keys, ", ", e.features));
  }
  return CheckMaskOperand(context, 3, DType::kF32);
}

absl::Status InferAttention(InferContext& context) {
  const DType query = context.inputs[0]->dtype;
  ASSAY_RETURN_IF_ERROR(IsByte(query) ? CheckIntegers(context)
                                      : CheckAttention(context, 3));
  const AttentionExtents e = ExtentsOf(context.attributes);
  return SetResults(context, {{IsByte(query) ? DType::kF32 : query,
                               {e.batch, e.queries, e.heads * e.features}}});
}

int64_t SeenKeys(const Attributes& a, const AttentionExtents& e, int64_t t) {
  return a.Int("causal", 0) != 0 ? t + 1 + e.keys - e.queries : e.keys;
}

// An element of an integer operand, from its zero point.
class Steps {
 public:
  Steps(const ReferenceContext& context, size_t operand, const char* name)
      : tensor_(*context.inputs[operand]),
        view_(HeadViewOf(context.attributes,
                         (std::string(name) + "_view").c_str())),
        zero_point_(AttentionGridOf(context.attributes, name).zero_point) {}

  int64_t At(int64_t b, int64_t h, int64_t row, int64_t d) const {
    const int64_t i =
        view_.offset + b * view_.batch + h * view_.head + row * view_.row + d;
    const int64_t q = tensor_.dtype() == DType::kU8
                          ? int64_t{tensor_.data<uint8_t>()[i]}
                          : int64_t{tensor_.data<int8_t>()[i]};
    return q - zero_point_;
  }

 private:
  const Tensor& tensor_;
  HeadView view_;
  int64_t zero_point_;
};

void AttendIntegers(const ReferenceContext& context, const AttentionExtents& e,
                    int64_t b, int64_t h, int64_t t) {
  const Attributes& a = context.attributes;
  const Steps query(context, 0, "query"), key(context, 1, "key"),
      value(context, 2, "value");
  const Tensor* mask = context.inputs.size() > 3 ? context.inputs[3] : nullptr;
  const int64_t kv_head = h / a.Int("repeats", 1), seen = SeenKeys(a, e, t);
  const double scale = a.Real("scale", 1) * AttentionGridOf(a, "query").scale *
                       AttentionGridOf(a, "key").scale;
  std::vector<double> scores;
  for (int64_t s = 0; s < seen; ++s) {
    int64_t sum = 0;
    for (int64_t d = 0; d < e.features; ++d) {
      sum += query.At(b, h, t, d) * key.At(b, kv_head, s, d);
    }
    scores.push_back(scale * static_cast<double>(sum) +
                     AttentionMaskAt(mask, b, h, t, s));
  }
  const double largest = *std::max_element(scores.begin(), scores.end());
  std::vector<int64_t> weights;
  for (const double score : scores) {
    weights.push_back(std::llrint(255 * std::exp(score - largest)));
  }
  const int64_t all =
      std::accumulate(weights.begin(), weights.end(), int64_t{0});
  float* dst = context.outputs[0]->data<float>() +
               ((b * e.queries + t) * e.heads + h) * e.features;
  for (int64_t d = 0; d < e.features; ++d) {
    int64_t sum = 0;
    for (int64_t s = 0; s < seen; ++s) {
      sum += weights[static_cast<size_t>(s)] * value.At(b, kv_head, s, d);
    }
    dst[d] =
        static_cast<float>(AttentionGridOf(a, "value").scale *
                           static_cast<double>(sum) / static_cast<double>(all));
  }
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
  const int64_t seen = SeenKeys(a, e, t);
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
  const auto for_each_row = [&](const auto& attend) {
    for (int64_t b = 0; b < e.batch; ++b) {
      for (int64_t h = 0; h < e.heads; ++h) {
        for (int64_t t = 0; t < e.queries; ++t) attend(b, h, t);
      }
    }
    return absl::OkStatus();
  };
  if (IsByte(context.inputs[0]->dtype())) {
    return for_each_row([&](int64_t b, int64_t h, int64_t t) {
      AttendIntegers(context, e, b, h, t);
    });
  }
  return VisitFloat(context.inputs[0]->dtype(), [&]<typename T>() {
    return for_each_row([&](int64_t b, int64_t h, int64_t t) {
      AttendRow<T>(context, e, b, h, t);
    });
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
  const Operand query(context, 0, "query"), key(context, 1, "key"),
      value(context, 2, "value");
  ASSAY_RETURN_IF_ERROR(query.IsFloat());
  ASSAY_RETURN_IF_ERROR(key.Is(query.dtype()));
  ASSAY_RETURN_IF_ERROR(value.Is(query.dtype()));
  ASSAY_RETURN_IF_ERROR(CheckViews(context));
  return CheckMaskOperand(context, mask, StatisticsType(query.dtype()));
}

AttentionGrid AttentionGridOf(const Attributes& attributes,
                              const std::string& operand) {
  return {attributes.Real(operand + "_scale", 1),
          attributes.Int(operand + "_zero_point", 0)};
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
  std::map<std::string, std::string> attributes = AttentionAttributes();
  for (const char* operand : {"query", "key", "value"}) {
    attributes[absl::StrCat(operand, "_scale")] = "real";
    attributes[absl::StrCat(operand, "_zero_point")] = "int";
  }
  return {.name = "attention_fused",
          .min_inputs = 3,
          .max_inputs = 4,
          .operands = "query key value [mask]",
          .attributes = std::move(attributes),
          .infer = InferAttention,
          .reference = AttentionReference,
          .gradient = AttentionGradient,
          .macs = AttentionMacs};
}

}  // namespace assay
