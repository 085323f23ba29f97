#include "harness/backend/cpu/cpu_options.h"

#include "absl/strings/str_cat.h"

namespace assay {

CpuOptionsTaken operator|(const CpuOptionsTaken& a, const CpuOptionsTaken& b) {
  return {.layout = a.layout || b.layout,
          .algorithm = a.algorithm || b.algorithm,
          .library_depthwise = a.library_depthwise || b.library_depthwise,
          .plain_weights = a.plain_weights || b.plain_weights,
          .whole_images = a.whole_images || b.whole_images,
          .sums = a.sums || b.sums};
}

absl::Status CheckTaken(const CpuOptions& options,
                        const CpuOptionsTaken& taken) {
  if (!options.refuse_unheeded) return absl::OkStatus();
  const char* missing = nullptr;
  if (options.layout != ImageLayout::kRule && !taken.layout) {
    missing = "layout";
  } else if (options.algorithm != ConvAlgorithm::kRule && !taken.algorithm) {
    missing = "algorithm";
  } else if (!options.own_depthwise && !taken.library_depthwise) {
    missing = "depthwise kernel";
  } else if (!options.pack_weights && !taken.plain_weights) {
    missing = "form of weights";
  } else if (!options.row_bands && !taken.whole_images) {
    missing = "whole images in the place of bands of rows";
  } else if (!options.winograd && !taken.sums) {
    missing = "sum in the place of Winograd's algorithm";
  }
  if (missing == nullptr) return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat("cpu: no layer has the ", missing, " that was asked for"));
}

}  // namespace assay
