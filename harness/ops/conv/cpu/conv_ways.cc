#include "harness/ops/conv/cpu/conv_ways.h"

#include <optional>

#include "absl/strings/match.h"
#include "harness/backend/cpu/cpu_options.h"

namespace assay::cpu {
namespace {

using dnnl::memory;

constexpr int64_t kBlock = 16;

std::optional<memory::desc> AskedForm(ImageLayout layout,
                                      const TensorType& type) {
  using tag = memory::format_tag;
  if (type.shape.size() != 4) return std::nullopt;
  const auto make = [&](tag form) {
    return memory::desc(DnnlDims(type.shape), DnnlType(type.dtype), form);
  };
  switch (layout) {
    case ImageLayout::kRule:
      return std::nullopt;
    case ImageLayout::kBlocked:
      // What comes from outside with few channels has no blocks.
      return type.shape[1] < kBlock ? AnyDesc(type.dtype, type.shape)
                                    : make(tag::nChw16c);
    case ImageLayout::kChannelsLast:
      return make(tag::nhwc);
    case ImageLayout::kRowMajor:
      return make(tag::nchw);
  }
  return std::nullopt;
}

}  // namespace

std::vector<ImageForms> FormsToTry(const ProgramBuilder& b, ValueId src,
                                   const TensorType& dst) {
  std::vector<ImageForms> forms;
  const ImageLayout layout = b.options().layout;
  const std::optional<memory::desc> from = AskedForm(layout, b.type(src));
  const std::optional<memory::desc> to = AskedForm(layout, dst);
  if (from.has_value() && to.has_value()) forms.push_back({*from, *to, true});
  const memory::desc any_dst = AnyDesc(dst.dtype, dst.shape);
  forms.push_back({PreferredDesc(b, src), any_dst});
  forms.push_back({AnyDesc(b.type(src).dtype, b.shape(src)), any_dst});
  return forms;
}

bool IsAlgorithm(ConvAlgorithm algorithm, absl::string_view implementation) {
  const auto is = [&](absl::string_view part) {
    return absl::StrContains(implementation, part);
  };
  if (absl::StartsWith(implementation, "ref") || is(":ref")) return false;
  switch (algorithm) {
    case ConvAlgorithm::kRule:
      return true;
    case ConvAlgorithm::kBrgemm:
      return is("brgconv");
    case ConvAlgorithm::kJit:
      return absl::StartsWith(implementation, "jit");
    case ConvAlgorithm::kGemm:
      return is("gemm:");
  }
  return false;
}

}  // namespace assay::cpu
