#include "harness/ops/attention/heads.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/support/couple.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

// --- rope

absl::Status InferRope(InferContext& context) {
  const Operand src(context, 0, "src");
  ASSAY_RETURN_IF_ERROR(src.IsFloat());
  ASSAY_RETURN_IF_ERROR(src.HasRank(4, "[B,H,T,D]"));
  if (src.dim(3) % 2 != 0) return src.Error("an even D on axis 3");
  ASSAY_RETURN_IF_ERROR(CheckRange(
      "base", context.attributes.Real("base", 10000),
      std::numeric_limits<double>::min(), std::numeric_limits<double>::max()));
  return SetResults(context, {src.type()});
}

struct Turn {
  double cosine, sine;
};

// Turns [T, D/2].
std::vector<Turn> Turns(const Attributes& attributes, int64_t positions,
                        int64_t half) {
  const double base = attributes.Real("base", 10000);
  const int64_t offset = attributes.Int("offset", 0);
  const double sign = attributes.Int("inverse", 0) != 0 ? -1 : 1;
  std::vector<Turn> turns;
  for (int64_t t = 0; t < positions; ++t) {
    for (int64_t i = 0; i < half; ++i) {
      const double exponent =
          -static_cast<double>(i) / static_cast<double>(half);
      const double angle =
          static_cast<double>(t + offset) * std::pow(base, exponent);
      turns.push_back({std::cos(angle), sign * std::sin(angle)});
    }
  }
  return turns;
}

absl::Status RopeReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  const int64_t positions = src.dim(2), half = src.dim(3) / 2;
  const std::vector<Turn> turns = Turns(context.attributes, positions, half);
  return VisitFloat(src.dtype(), [&]<typename T>() {
    const T* from = src.data<T>();
    T* to = context.outputs[0]->data<T>();
    const int64_t rows = src.dim(0) * src.dim(1) * positions;
    for (int64_t row = 0; row < rows; ++row, from += 2 * half, to += 2 * half) {
      const Turn* turn = turns.data() + (row % positions) * half;
      for (int64_t i = 0; i < half; ++i) {
        const double a = static_cast<double>(from[i]);
        const double b = static_cast<double>(from[i + half]);
        to[i] = static_cast<T>(a * turn[i].cosine - b * turn[i].sine);
        to[i + half] = static_cast<T>(b * turn[i].cosine + a * turn[i].sine);
      }
    }
    return absl::OkStatus();
  });
}

absl::Status RopeGradient(GradientBuilder& g) {
  Attributes attributes = g.attributes();
  attributes.Set("inverse", int64_t{attributes.Int("inverse", 0) == 0 ? 1 : 0});
  g.Set(0, g.b().Op("rope", {g.gradient()}, std::move(attributes)));
  return absl::OkStatus();
}

// The angles depend on D, so that it stays; heads may go.
void CoupleRope(ChannelCoupler& coupler) {
  const ValueId src = coupler.node().inputs[0];
  CoupleLeading(coupler, src, coupler.node().outputs[0], 4);
  coupler.Freeze(src, 3);
}

// --- repeat_heads

absl::Status InferRepeatHeads(InferContext& context) {
  const Operand src(context, 0, "src");
  ASSAY_RETURN_IF_ERROR(src.IsFloat());
  ASSAY_RETURN_IF_ERROR(src.HasRank(4, "[B,KV,T,D]"));
  const int64_t repeats = context.attributes.Int("repeats", 1);
  Shape shape = src.shape();
  if (repeats < 1 || __builtin_mul_overflow(shape[1], repeats, &shape[1])) {
    return absl::InvalidArgumentError(
        absl::StrCat("repeats: expected at least 1, got ", repeats));
  }
  return SetResults(context, {{src.dtype(), std::move(shape)}});
}

absl::Status RepeatHeadsReference(ReferenceContext& context) {
  const Tensor& src = *context.inputs[0];
  const int64_t repeats = context.attributes.Int("repeats", 1);
  const int64_t heads = src.dim(0) * src.dim(1);
  const size_t bytes = static_cast<size_t>(src.bytes() / heads);
  const char* from = static_cast<const char*>(src.raw());
  char* to = static_cast<char*>(context.outputs[0]->raw());
  for (int64_t head = 0; head < heads; ++head, from += bytes) {
    for (int64_t i = 0; i < repeats; ++i, to += bytes) {
      std::memcpy(to, from, bytes);
    }
  }
  return absl::OkStatus();
}

absl::Status RepeatHeadsGradient(GradientBuilder& g) {
  GraphBuilder& b = g.b();
  const Shape src = b.shape(g.input(0));
  const ValueId grouped = b.Reshape(
      g.gradient(),
      {src[0], src[1], g.attributes().Int("repeats", 1), src[2], src[3]});
  g.Set(0, b.ReduceSum(grouped, {2}, false));
  return absl::OkStatus();
}

// A head goes with all its copies.
void CoupleRepeatHeads(ChannelCoupler& coupler) {
  const ValueId src = coupler.node().inputs[0];
  const ValueId dst = coupler.node().outputs[0];
  const int64_t repeats = coupler.node().attributes.Int("repeats", 1);
  for (const int axis : {0, 2, 3}) coupler.Same(src, axis, dst, axis);
  for (int64_t h = 0; h < coupler.graph().shape(dst)[1]; ++h) {
    coupler.Couple(src, 1, h / repeats, dst, 1, h);
  }
}

}  // namespace

OpSchema RopeSchema() {
  return {
      .name = "rope",
      .operands = "src",
      .attributes = {{"base", "real"}, {"offset", "int"}, {"inverse", "int"}},
      .infer = InferRope,
      .reference = RopeReference,
      .gradient = RopeGradient,
      .couple = CoupleRope};
}

OpSchema RepeatHeadsSchema() {
  return {.name = "repeat_heads",
          .operands = "src",
          .attributes = {{"repeats", "int"}},
          .infer = InferRepeatHeads,
          .reference = RepeatHeadsReference,
          .gradient = RepeatHeadsGradient,
          .couple = CoupleRepeatHeads};
}

}  // namespace assay
