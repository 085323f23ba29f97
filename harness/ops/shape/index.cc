#include "harness/ops/shape/index.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/graph/gradient.h"
#include "harness/ops/support/couple.h"
#include "harness/ops/support/infer.h"
#include "harness/ops/support/visit.h"

namespace assay {
namespace {

absl::Status CheckIndex(const int32_t* indices, int64_t i, int64_t rows) {
  if (indices[i] >= 0 && indices[i] < rows) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat("indices: element ", i,
                                            ": expected a value in [0, ", rows,
                                            "), got ", indices[i]));
}

// --- gather

absl::Status InferGather(InferContext& context) {
  const Operand table(context, 0, "table"), indices(context, 1, "indices");
  ASSAY_RETURN_IF_ERROR(indices.Is(DType::kS32));
  ASSAY_ASSIGN_OR_RETURN(
      const int64_t axis,
      NormalizeAxis(context.attributes.Int("axis", 0), table.rank()));
  Shape shape = table.shape();
  shape.erase(shape.begin() + axis);
  shape.insert(shape.begin() + axis, indices.shape().begin(),
               indices.shape().end());
  return SetResults(context, {{table.dtype(), std::move(shape)}});
}

absl::Status GatherReference(ReferenceContext& context) {
  const Tensor& table = *context.inputs[0];
  const Tensor& indices = *context.inputs[1];
  const size_t axis = static_cast<size_t>(
      KnownAxis(context.attributes.Int("axis", 0), table.rank()));
  const absl::Span<const int64_t> shape = table.shape();
  const int64_t outer = ElementCount(shape.subspan(0, axis));
  const int64_t rows = shape[axis];
  const size_t row_bytes = static_cast<size_t>(
      ElementCount(shape.subspan(axis + 1)) * SizeOf(table.dtype()));
  const int32_t* index = indices.data<int32_t>();
  const char* from = static_cast<const char*>(table.raw());
  char* to = static_cast<char*>(context.outputs[0]->raw());
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < indices.size(); ++i, to += row_bytes) {
      ASSAY_RETURN_IF_ERROR(CheckIndex(index, i, rows));
      const size_t row = static_cast<size_t>(o * rows + index[i]);
      std::memcpy(to, from + row * row_bytes, row_bytes);
    }
  }
  return absl::OkStatus();
}

// The axes of a tensor of `rank`, with [first, first + count) moved to the
// front.
std::vector<int64_t> MovedToFront(int64_t rank, int64_t first, int64_t count) {
  std::vector<int64_t> order(static_cast<size_t>(rank));
  for (int64_t i = 0; i < rank; ++i) order[static_cast<size_t>(i)] = i;
  std::rotate(order.begin(), order.begin() + first,
              order.begin() + first + count);
  return order;
}

std::vector<int64_t> MovedBack(int64_t rank, int64_t axis) {
  std::vector<int64_t> order(static_cast<size_t>(rank));
  for (int64_t i = 0; i < rank; ++i) order[static_cast<size_t>(i)] = i;
  std::rotate(order.begin(), order.begin() + 1, order.begin() + 1 + axis);
  return order;
}

// The indices' axes come first, scatter_add gives [V, rest..], and V goes back.
absl::Status GatherGradient(GradientBuilder& g) {
  if (!g.needs(0)) return absl::OkStatus();
  GraphBuilder& b = g.b();
  const Shape table = b.shape(g.input(0));
  const int64_t rank = static_cast<int64_t>(table.size());
  const int64_t axis = KnownAxis(g.attributes().Int("axis", 0), rank);
  const int64_t count = static_cast<int64_t>(b.shape(g.input(1)).size());
  ValueId dy = g.gradient();
  if (axis != 0) {
    dy = b.Transpose(dy, MovedToFront(rank - 1 + count, axis, count));
  }
  ValueId sum = b.Op("scatter_add", {g.input(1), dy},
                     {{"rows", table[static_cast<size_t>(axis)]}});
  if (axis != 0) sum = b.Transpose(sum, MovedBack(rank, axis));
  g.Set(0, sum);
  return absl::OkStatus();
}

// The vocabulary stays, and so do the indices' axes; the table's other axes go
// on, and make channels.
void CoupleGather(ChannelCoupler& coupler) {
  const Node& node = coupler.node();
  const ValueId table = node.inputs[0], dst = node.outputs[0];
  const int64_t rank = RankOf(coupler, table);
  const int64_t axis = KnownAxis(node.attributes.Int("axis", 0), rank);
  const int64_t count = RankOf(coupler, node.inputs[1]);
  coupler.Freeze(table, static_cast<int>(axis));
  FreezeFrom(coupler, node.inputs[1], 0);
  for (int64_t i = 0; i < count; ++i) {
    coupler.Freeze(dst, static_cast<int>(axis + i));
  }
  for (int64_t i = 0; i < rank; ++i) {
    if (i == axis) continue;
    coupler.Same(table, static_cast<int>(i), dst,
                 static_cast<int>(i < axis ? i : i - 1 + count));
    ProducesIfParameter(coupler, table, i);
  }
}

// --- scatter_add

absl::Status InferScatterAdd(InferContext& context) {
  const Operand indices(context, 0, "indices"), updates(context, 1, "updates");
  ASSAY_RETURN_IF_ERROR(indices.Is(DType::kS32));
  ASSAY_RETURN_IF_ERROR(updates.IsFloat());
  const int64_t rows = context.attributes.Int("rows", 0);
  if (rows < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("rows: expected at least 1, got ", rows));
  }
  const Shape& lead = indices.shape();
  if (updates.rank() < indices.rank() ||
      !std::equal(lead.begin(), lead.end(), updates.shape().begin())) {
    return updates.Error(
        absl::StrCat("a shape that begins with the indices' ", ToString(lead)));
  }
  Shape shape(updates.shape().begin() + indices.rank(), updates.shape().end());
  shape.insert(shape.begin(), rows);
  return SetResults(context, {{updates.dtype(), std::move(shape)}});
}

absl::Status ScatterAddReference(ReferenceContext& context) {
  const Tensor& indices = *context.inputs[0];
  const Tensor& updates = *context.inputs[1];
  Tensor& dst = *context.outputs[0];
  const int64_t rows = dst.dim(0), width = dst.size() / rows;
  const int32_t* index = indices.data<int32_t>();
  return VisitFloat(updates.dtype(), [&]<typename T>() {
    std::vector<double> sums(static_cast<size_t>(dst.size()), 0.0);
    const T* from = updates.data<T>();
    for (int64_t i = 0; i < indices.size(); ++i, from += width) {
      ASSAY_RETURN_IF_ERROR(CheckIndex(index, i, rows));
      double* to = sums.data() + index[i] * width;
      for (int64_t j = 0; j < width; ++j) to[j] += static_cast<double>(from[j]);
    }
    std::transform(sums.begin(), sums.end(), dst.data<T>(),
                   [](double sum) { return static_cast<T>(sum); });
    return absl::OkStatus();
  });
}

absl::Status ScatterAddGradient(GradientBuilder& g) {
  if (g.needs(1)) g.Set(1, g.b().Op("gather", {g.gradient(), g.input(0)}));
  return absl::OkStatus();
}

// --- one_hot

absl::Status InferOneHot(InferContext& context) {
  const Operand indices(context, 0, "indices");
  ASSAY_RETURN_IF_ERROR(indices.Is(DType::kS32));
  ASSAY_ASSIGN_OR_RETURN(const DType dtype,
                         ParseDType(context.attributes.Text("dtype", "f32")));
  const int64_t depth = context.attributes.Int("depth", 0);
  if (depth < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("depth: expected at least 1, got ", depth));
  }
  Shape shape = indices.shape();
  shape.push_back(depth);
  return SetResults(context, {{dtype, std::move(shape)}});
}

absl::Status OneHotReference(ReferenceContext& context) {
  const Tensor& indices = *context.inputs[0];
  Tensor& dst = *context.outputs[0];
  const int64_t depth = dst.shape().back();
  const Tensor one = Tensor::From<float>({}, {1.0f}).Cast(dst.dtype());
  std::memset(dst.raw(), 0, static_cast<size_t>(dst.bytes()));
  return VisitWidth(dst.dtype(), [&]<typename T>() {
    T* to = static_cast<T*>(dst.raw());
    const int32_t* index = indices.data<int32_t>();
    for (int64_t i = 0; i < indices.size(); ++i, to += depth) {
      if (index[i] < 0 || index[i] >= depth) continue;
      to[index[i]] = *static_cast<const T*>(one.raw());
    }
    return absl::OkStatus();
  });
}

}  // namespace

OpSchema GatherSchema() {
  return {.name = "gather",
          .min_inputs = 2,
          .max_inputs = 2,
          .operands = "table indices",
          .attributes = {{"axis", "int"}},
          .infer = InferGather,
          .reference = GatherReference,
          .gradient = GatherGradient,
          .couple = CoupleGather};
}

OpSchema ScatterAddSchema() {
  return {.name = "scatter_add",
          .min_inputs = 2,
          .max_inputs = 2,
          .operands = "indices updates",
          .attributes = {{"rows", "int"}},
          .infer = InferScatterAdd,
          .reference = ScatterAddReference,
          .gradient = ScatterAddGradient};
}

OpSchema OneHotSchema() {
  return {.name = "one_hot",
          .operands = "indices",
          .attributes = {{"depth", "int"}, {"dtype", "text"}},
          .infer = InferOneHot,
          .reference = OneHotReference};
}

}  // namespace assay
