// A convolution's attributes as oneDNN takes them.
#ifndef ASSAY_HARNESS_OPS_CONV_CPU_CONV_GEOMETRY_H_
#define ASSAY_HARNESS_OPS_CONV_CPU_CONV_GEOMETRY_H_

#include "absl/strings/string_view.h"
#include "harness/backend/cpu/program_builder.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace assay::cpu {

struct ConvGeometry {
  dnnl::memory::dims strides, dilations;  // 0: dense, as oneDNN counts
  dnnl::memory::dims pads_begin, pads_end;
  int64_t groups = 1;

  // Extents of weights [O, I/groups, kh, kw] with the groups as an axis of
  // their own where there are several.
  dnnl::memory::dims WeightsDims(const Shape& weights) const;
};

ConvGeometry GeometryOf(const Node& node);

// Row-major, and as the primitive likes.
dnnl::memory::desc PlainWeights(const ConvGeometry& geometry, DType dtype,
                                const Shape& weights);
dnnl::memory::desc AnyWeights(const ConvGeometry& geometry, DType dtype,
                              const Shape& weights);

// The layout in which `value` lies if a primitive made it, else any.
dnnl::memory::desc PreferredDesc(const ProgramBuilder& builder, ValueId value);

// False for oneDNN's readable and im2col fallbacks.
bool IsFast(absl::string_view implementation);

// `make(preferred)` if that gives a fast primitive, else `make(false)`: any
// layouts.
template <typename Make>
auto ChooseDescriptor(const Make& make) {
  auto preferred = make(true);
  if (preferred && IsFast(preferred.impl_info_str())) return preferred;
  return make(false);
}

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_CONV_CPU_CONV_GEOMETRY_H_
