// How a sub-network reads the supernet's tensors: the first channels, the
// middle of the kernel. Pure and host-free.
#ifndef ASSAY_PLUGINS_NAS_BASELINES_CROP_H_
#define ASSAY_PLUGINS_NAS_BASELINES_CROP_H_

#include <cstdint>
#include <span>
#include <vector>

namespace assay::nas_baselines {

// Where the part of shape `part` begins in a tensor of shape `full` (equal
// ranks, no extent larger): 0 along the two axes of channels, in the middle
// along all others.
std::vector<int64_t> CropStarts(std::span<const int64_t> full,
                                std::span<const int64_t> part);

// Copies that part, row-major, from `source` (of shape `full`) to `target`.
void CopyCrop(std::span<const int64_t> full, std::span<const float> source,
              std::span<const int64_t> part, std::span<float> target);

}  // namespace assay::nas_baselines

#endif  // ASSAY_PLUGINS_NAS_BASELINES_CROP_H_
