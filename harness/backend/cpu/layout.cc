#include "harness/backend/cpu/layout.h"

#include <algorithm>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/shape.h"

namespace assay::cpu {
namespace {

using dnnl::memory;

bool IsBlocked(const memory::desc& desc) { return desc.get_inner_nblks() > 0; }

std::optional<memory::desc> BlockedDesc(const memory::dims& dims,
                                        memory::data_type type, int64_t block) {
  using tag = memory::format_tag;
  constexpr tag kTags[3][3] = {{tag::aBc4b, tag::aBc8b, tag::aBc16b},
                               {tag::aBcd4b, tag::aBcd8b, tag::aBcd16b},
                               {tag::aBcde4b, tag::aBcde8b, tag::aBcde16b}};
  const size_t rank = dims.size();
  if (rank < 3 || rank > 5 || (block != 4 && block != 8 && block != 16)) {
    return std::nullopt;
  }
  const size_t column = block == 4 ? 0 : (block == 8 ? 1 : 2);
  return memory::desc(dims, type, kTags[rank - 3][column]);
}

bool BlocksChannels(const memory::desc& desc) {
  return desc.get_inner_nblks() == 1 && desc.get_inner_idxs()[0] == 1;
}

}  // namespace

memory::data_type DnnlType(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return memory::data_type::f32;
    case DType::kBF16:
      return memory::data_type::bf16;
    case DType::kS8:
      return memory::data_type::s8;
    case DType::kU8:
    case DType::kBool:
      return memory::data_type::u8;
    case DType::kS32:
      return memory::data_type::s32;
    case DType::kF64:
    case DType::kS64:
      return memory::data_type::undef;
  }
  return memory::data_type::undef;
}

memory::dims DnnlDims(const Shape& shape) {
  if (shape.empty()) return {1};
  return memory::dims(shape.begin(), shape.end());
}

memory::desc PlainDesc(DType dtype, const Shape& shape) {
  const memory::dims dims = DnnlDims(shape);
  return memory::desc(dims, DnnlType(dtype), RowMajorStrides(dims));
}

memory::desc AnyDesc(DType dtype, const Shape& shape) {
  return memory::desc(DnnlDims(shape), DnnlType(dtype),
                      memory::format_tag::any);
}

Layout PlainLayout(const TensorType& type) {
  Layout layout;
  layout.bytes = ElementCount(type.shape) * SizeOf(type.dtype);
  if (DnnlType(type.dtype) != memory::data_type::undef) {
    layout.desc = PlainDesc(type.dtype, type.shape);
  }
  return layout;
}

Layout LayoutOf(const TensorType& type, const memory::desc& desc) {
  Layout layout;
  layout.desc = desc;
  layout.bytes = static_cast<int64_t>(desc.get_size());
  layout.plain = SameMemory(desc, PlainDesc(type.dtype, type.shape));
  layout.padded = desc.get_padded_dims() != desc.get_dims();
  return layout;
}

bool SameMemory(const memory::desc& a, const memory::desc& b) {
  if (a == b) return true;
  if (a.get_ndims() != b.get_ndims() || a.get_ndims() == 0 ||
      a.get_data_type() != b.get_data_type() || a.get_dims() != b.get_dims() ||
      IsBlocked(a) || IsBlocked(b)) {
    return false;
  }
  const memory::dims dims = a.get_dims();
  const memory::dims sa = a.get_strides(), sb = b.get_strides();
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] > 1 && sa[i] != sb[i]) return false;
  }
  return true;
}

std::optional<memory::desc> WithType(const memory::desc& desc, DType dtype) {
  const memory::data_type type = DnnlType(dtype);
  if (desc.get_data_type() == type) return desc;
  if (!IsBlocked(desc)) {
    return memory::desc(desc.get_dims(), type, desc.get_strides());
  }
  if (!BlocksChannels(desc)) return std::nullopt;
  std::optional<memory::desc> other =
      BlockedDesc(desc.get_dims(), type, desc.get_inner_blks()[0]);
  if (other.has_value() && other->get_strides() != desc.get_strides()) {
    return std::nullopt;
  }
  return other;
}

std::optional<memory::desc> Relaid(const Layout& like, const TensorType& type) {
  if (like.plain || type.shape.size() < 3) return std::nullopt;
  const memory::data_type dtype = DnnlType(type.dtype);
  if (IsBlocked(like.desc)) {
    if (!BlocksChannels(like.desc)) return std::nullopt;
    const int64_t block = like.desc.get_inner_blks()[0];
    if (type.shape[1] % block != 0) return std::nullopt;
    return BlockedDesc(type.shape, dtype, block);
  }
  if (like.desc.get_strides()[1] != 1) return std::nullopt;
  // Channels last: row-major over (outer, spatial..., channels).
  memory::dims strides(type.shape.size());
  int64_t step = type.shape[1];
  strides[1] = 1;
  for (size_t i = type.shape.size() - 1; i >= 2; --i) {
    strides[i] = step;
    step *= type.shape[i];
  }
  strides[0] = step;
  return memory::desc(type.shape, dtype, strides);
}

absl::StatusOr<ChannelView> ViewChannels(const Layout& layout,
                                         const Shape& shape) {
  if (shape.size() < 2) return absl::NotFoundError("no channel axis");
  ChannelView view;
  view.outer = shape[0];
  view.channels = shape[1];
  view.inner = ElementCount(shape) / std::max<int64_t>(1, shape[0] * shape[1]);
  if (layout.plain) {
    view.blocks = view.channels;
    return view;
  }
  const memory::desc& desc = layout.desc;
  const memory::dims strides = desc.get_strides();
  // Spatial axes must be row-major among themselves, the last one adjacent to
  // the block; axis 0 outermost.
  int64_t step = 1;
  if (IsBlocked(desc)) {
    if (desc.get_inner_nblks() != 1 || desc.get_inner_idxs()[0] != 1) {
      return absl::NotFoundError("blocked along another axis");
    }
    view.block = desc.get_inner_blks()[0];
    view.blocks = desc.get_padded_dims()[1] / view.block;
    step = view.block;
  } else {
    view.block = view.channels;
    step = view.channels;
    if (view.channels > 1 && strides[1] != 1) {
      return absl::NotFoundError("channels neither first nor last");
    }
  }
  for (size_t i = shape.size() - 1; i >= 2; --i) {
    if (shape[i] > 1 && strides[i] != step) {
      return absl::NotFoundError("spatial axes not row-major");
    }
    step *= shape[i];
  }
  if (view.blocks > 1) {
    if (strides[1] != step) return absl::NotFoundError("blocks not adjacent");
    step *= view.blocks;
  }
  if (view.outer > 1 && strides[0] != step) {
    return absl::NotFoundError("axis 0 not outermost");
  }
  return view;
}

}  // namespace assay::cpu
