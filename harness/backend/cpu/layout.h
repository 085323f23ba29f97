// How a value lies in memory: a oneDNN descriptor, or row-major for the element
// types that oneDNN lacks.
#ifndef ASSAY_HARNESS_BACKEND_CPU_LAYOUT_H_
#define ASSAY_HARNESS_BACKEND_CPU_LAYOUT_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "harness/core/dtype.h"
#include "harness/graph/graph.h"
#include "oneapi/dnnl/dnnl.hpp"

namespace assay::cpu {

struct Layout {
  // Logical extents are the tensor's ({1} for rank 0). Zero dimensions, and
  // then row-major, for f64 and s64. A bool is a u8.
  dnnl::memory::desc desc;
  bool plain = true;  // row-major and dense
  bool padded =
      false;  // a blocked channel count is not a multiple of the block
  int64_t bytes = 0;
};

// undef for f64 and s64.
dnnl::memory::data_type DnnlType(DType dtype);
dnnl::memory::dims DnnlDims(const Shape& shape);

// A row-major descriptor; the type must be one that oneDNN has.
dnnl::memory::desc PlainDesc(DType dtype, const Shape& shape);
// The layout that a primitive chooses.
dnnl::memory::desc AnyDesc(DType dtype, const Shape& shape);

Layout PlainLayout(const TensorType& type);
// `desc` must have the logical extents of `type`.
Layout LayoutOf(const TensorType& type, const dnnl::memory::desc& desc);

// The same arrangement of elements of another type; nothing where blocks are
// of an unusual form.
std::optional<dnnl::memory::desc> WithType(const dnnl::memory::desc& desc,
                                           DType dtype);

// `type` (of equal rank) in the form of `like`: channels-last, or blocks of as
// many channels. Nothing when `like` is row-major or blocks would be padded.
std::optional<dnnl::memory::desc> Relaid(const Layout& like,
                                         const TensorType& type);

// True when equal bytes mean equal tensors: strides of extents of 1 do not
// count.
bool SameMemory(const dnnl::memory::desc& a, const dnnl::memory::desc& b);

// A tensor whose axis 1 is its channel, as [outer][blocks][inner][block]:
// row-major (block 1), channels-last (one block) or nChw16c and its like.
struct ChannelView {
  int64_t outer = 1;     // extent of axis 0
  int64_t channels = 1;  // extent of axis 1
  int64_t blocks = 1;    // block * blocks >= channels
  int64_t inner = 1;     // product of the other extents
  int64_t block = 1;
};

// NOT_FOUND when the layout is none of those.
absl::StatusOr<ChannelView> ViewChannels(const Layout& layout,
                                         const Shape& shape);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_LAYOUT_H_
