#include "harness/ops/fused/attention_backward.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"
#include "harness/core/status_macros.h"
#include "harness/ops/fused/attention.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

constexpr const char* kViews[] = {"query_view", "key_view", "value_view"};

// A view's axes but the features, the narrowest stride first.
struct Axis {
  int64_t stride, extent;
};

std::array<Axis, 3> AxesOf(const Attributes& attributes, size_t i) {
  const AttentionExtents e = ExtentsOf(attributes);
  const HeadView view = HeadViewOf(attributes, kViews[i]);
  const bool of_queries = i == 0;
  const int64_t repeats = attributes.Int("repeats", 1);
  std::array<Axis, 3> axes = {
      Axis{view.batch, e.batch},
      Axis{view.head, of_queries ? e.heads : e.heads / repeats},
      Axis{view.row, of_queries ? e.queries : e.keys}};
  std::stable_sort(axes.begin(), axes.end(), [](const Axis& a, const Axis& b) {
    return a.stride < b.stride;
  });
  return axes;
}

// True when each step along an axis leaves behind all that the narrower axes
// reach.
bool ReadsOnce(const Attributes& attributes, size_t i) {
  int64_t reach = ExtentsOf(attributes).features;
  for (const Axis& axis : AxesOf(attributes, i)) {
    if (axis.extent == 1) continue;
    if (axis.stride < reach) return false;
    reach += (axis.extent - 1) * axis.stride;
  }
  return true;
}

absl::Status InferBackward(InferContext& context) {
  ASSAY_RETURN_IF_ERROR(CheckAttention(context, 4));
  const Attributes& a = context.attributes;
  const AttentionExtents e = ExtentsOf(a);
  const TensorType& query = *context.inputs[0];
  const Operand gradient(context, 3, "gradient");
  ASSAY_RETURN_IF_ERROR(gradient.Is(query.dtype));
  if (gradient.shape() != Shape{e.batch, e.queries, e.heads * e.features}) {
    return gradient.Error(absl::StrCat("shape [", e.batch, ",", e.queries, ",",
                                       e.heads * e.features, "]"));
  }
  for (size_t i = 0; i < 3; ++i) {
    if (ReadsOnce(a, i)) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        kViews[i], ": expected a view that reads no element twice"));
  }
  if (a.Int("packed", 0) == 0) {
    return SetResults(context, {query, *context.inputs[1], *context.inputs[2]});
  }
  if (context.inputs[1]->shape != query.shape ||
      context.inputs[2]->shape != query.shape || !ViewsLieApart(a)) {
    return absl::InvalidArgumentError(
        "packed: expected views of one tensor that do not overlap");
  }
  return SetResults(context, {query});
}

// The gradient of one head of queries.
template <typename T>
class HeadBackward {
 public:
  HeadBackward(const ReferenceContext& context, int64_t b, int64_t h)
      : context_(context), e_(ExtentsOf(context.attributes)), b_(b), h_(h) {}

  // Adds to the sums over the results' elements.
  void Run(std::array<std::vector<double>*, 3> sums) const {
    const Attributes& a = context_.attributes;
    const double scale = a.Real("scale", 1);
    const Tensor* mask =
        context_.inputs.size() > 4 ? context_.inputs[4] : nullptr;
    for (int64_t t = 0; t < e_.queries; ++t) {
      const int64_t seen =
          a.Int("causal", 0) != 0 ? t + 1 + e_.keys - e_.queries : e_.keys;
      const T* gradient = context_.inputs[3]->data<T>() +
                          ((b_ * e_.queries + t) * e_.heads + h_) * e_.features;
      std::vector<double> weights, slopes;
      for (int64_t s = 0; s < seen; ++s) {
        weights.push_back(scale * Dot(Row(0, t), Row(1, s)) +
                          AttentionMaskAt(mask, b_, h_, t, s));
        slopes.push_back(Dot(gradient, Row(2, s)));
      }
      Softmax(&weights);
      double mean = 0;
      for (size_t s = 0; s < weights.size(); ++s)
        mean += weights[s] * slopes[s];
      for (int64_t s = 0; s < seen; ++s) {
        const double weight = weights[static_cast<size_t>(s)];
        const double score =
            scale * weight * (slopes[static_cast<size_t>(s)] - mean);
        Add(score, Row(1, s), 0, t, sums[0]);
        Add(score, Row(0, t), 1, s, sums[1]);
        Add(weight, gradient, 2, s, sums[2]);
      }
    }
  }

 private:
  int64_t At(size_t i, int64_t row) const {
    const HeadView v = HeadViewOf(context_.attributes, kViews[i]);
    const int64_t head =
        i == 0 ? h_ : h_ / context_.attributes.Int("repeats", 1);
    return v.offset + b_ * v.batch + head * v.head + row * v.row;
  }
  const T* Row(size_t i, int64_t row) const {
    return context_.inputs[i]->data<T>() + At(i, row);
  }
  double Dot(const T* a, const T* b) const {
    double sum = 0;
    for (int64_t d = 0; d < e_.features; ++d) {
      sum += static_cast<double>(a[d]) * static_cast<double>(b[d]);
    }
    return sum;
  }
  void Add(double factor, const T* x, size_t i, int64_t row,
           std::vector<double>* sums) const {
    double* to = sums->data() + At(i, row);
    for (int64_t d = 0; d < e_.features; ++d) {
      to[d] += factor * static_cast<double>(x[d]);
    }
  }
  static void Softmax(std::vector<double>* x) {
    const double largest = *std::max_element(x->begin(), x->end());
    double sum = 0;
    for (double& v : *x) sum += v = std::exp(v - largest);
    for (double& v : *x) v /= sum;
  }

  const ReferenceContext& context_;
  const AttentionExtents e_;
  const int64_t b_, h_;
};

absl::Status BackwardReference(ReferenceContext& context) {
  const AttentionExtents e = ExtentsOf(context.attributes);
  return VisitFloat(context.inputs[0]->dtype(), [&]<typename T>() {
    std::vector<std::vector<double>> sums;
    for (const Tensor* output : context.outputs) {
      sums.emplace_back(static_cast<size_t>(output->size()));
    }
    const bool packed = sums.size() == 1;
    for (int64_t b = 0; b < e.batch; ++b) {
      for (int64_t h = 0; h < e.heads; ++h) {
        HeadBackward<T>(context, b, h)
            .Run({&sums[0], &sums[packed ? 0 : 1], &sums[packed ? 0 : 2]});
      }
    }
    for (size_t i = 0; i < sums.size(); ++i) {
      T* to = context.outputs[i]->data<T>();
      for (const double sum : sums[i]) *to++ = static_cast<T>(sum);
    }
    return absl::OkStatus();
  });
}

absl::Status NoSecondGradient(GradientBuilder&) {
  return absl::UnimplementedError(
      "attention_backward does not differentiate again; keep attention as "
      "products and softmax (StepOptions::fuse_attention)");
}

int64_t BackwardMacs(const Graph&, const Node& node) {
  const AttentionExtents e = ExtentsOf(node.attributes);
  return 5 * e.batch * e.heads * e.queries * e.keys * e.features;
}

}  // namespace

bool ViewsLieApart(const Attributes& attributes) {
  const int64_t features = ExtentsOf(attributes).features;
  std::array<std::array<Axis, 3>, 3> axes;
  std::array<int64_t, 3> starts;
  for (size_t i = 0; i < 3; ++i) {
    if (!ReadsOnce(attributes, i)) return false;
    axes[i] = AxesOf(attributes, i);
    starts[i] = HeadViewOf(attributes, kViews[i]).offset;
  }
  // Axes [level, 3) are the views' common ones; within them each view reads one
  // stretch, and the stretches lie side by side.
  for (size_t level = 0; level <= 3; ++level) {
    std::array<std::pair<int64_t, int64_t>, 3> stretches;
    bool common = true;
    for (size_t i = 0; i < 3; ++i) {
      int64_t end = starts[i] + features;
      for (size_t axis = 0; axis < 3; ++axis) {
        const Axis& own = axes[i][axis];
        if (axis < level) {
          end += (own.extent - 1) * own.stride;
        } else {
          common = common && own.stride == axes[0][axis].stride &&
                   own.extent == axes[0][axis].extent;
        }
      }
      stretches[i] = {starts[i], end};
    }
    std::sort(stretches.begin(), stretches.end());
    const bool apart = stretches[0].second <= stretches[1].first &&
                       stretches[1].second <= stretches[2].first;
    const bool fits = level == 3 || stretches[2].second - stretches[0].first <=
                                        axes[0][level].stride;
    if (common && apart && fits) return true;
  }
  return false;
}

int64_t FilledByViews(const Attributes& attributes, size_t i) {
  const AttentionExtents e = ExtentsOf(attributes);
  const int64_t queries = e.batch * e.heads * e.queries * e.features;
  const int64_t keys =
      e.batch * (e.heads / attributes.Int("repeats", 1)) * e.keys * e.features;
  if (attributes.Int("packed", 0) != 0) return queries + 2 * keys;
  return i == 0 ? queries : keys;
}

OpSchema AttentionBackwardSchema() {
  std::map<std::string, std::string> attributes = AttentionAttributes();
  attributes["packed"] = "int";
  return {.name = "attention_backward",
          .min_inputs = 4,
          .max_inputs = 5,
          .operands = "query key value gradient [mask]",
          .attributes = std::move(attributes),
          .infer = InferBackward,
          .reference = BackwardReference,
          .gradient = NoSecondGradient,
          .macs = BackwardMacs};
}

}  // namespace assay
