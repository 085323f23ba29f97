#include "harness/ops/conv/cpu/conv_geometry.h"

#include <vector>

#include "absl/strings/match.h"
#include "harness/backend/cpu/layout.h"

namespace assay::cpu {

using dnnl::memory;

memory::dims ConvGeometry::WeightsDims(const Shape& weights) const {
  memory::dims dims(weights.begin(), weights.end());
  if (groups > 1) {
    dims[0] /= groups;
    dims.insert(dims.begin(), groups);
  }
  return dims;
}

ConvGeometry GeometryOf(const Node& node) {
  const Attributes& a = node.attributes;
  ConvGeometry g;
  g.strides = a.Ints("strides", {1, 1});
  g.dilations = a.Ints("dilations", {1, 1});
  for (memory::dim& d : g.dilations) --d;
  const std::vector<int64_t> pads = a.Ints("pads", {0, 0, 0, 0});
  g.pads_begin = {pads[0], pads[1]};
  g.pads_end = {pads[2], pads[3]};
  g.groups = a.Int("groups", 1);
  return g;
}

memory::desc PlainWeights(const ConvGeometry& geometry, DType dtype,
                          const Shape& weights) {
  const memory::dims dims = geometry.WeightsDims(weights);
  return memory::desc(dims, DnnlType(dtype), RowMajorStrides(dims));
}

memory::desc AnyWeights(const ConvGeometry& geometry, DType dtype,
                        const Shape& weights) {
  return memory::desc(geometry.WeightsDims(weights), DnnlType(dtype),
                      memory::format_tag::any);
}

memory::desc PreferredDesc(const ProgramBuilder& builder, ValueId value) {
  const Layout& layout = builder.layout(value);
  if (!layout.plain) return layout.desc;
  return AnyDesc(builder.type(value).dtype, builder.shape(value));
}

bool IsFast(absl::string_view implementation) {
  return !absl::StartsWith(implementation, "ref") &&
         !absl::StrContains(implementation, "gemm:ref") &&
         !absl::StartsWith(implementation, "gemm");
}

}  // namespace assay::cpu
