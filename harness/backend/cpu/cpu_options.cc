#include "harness/backend/cpu/cpu_options.h"

#include "absl/strings/str_cat.h"

namespace assay {

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
  } else if (!options.winograd && !taken.sums) {
    missing = "sum in the place of Winograd's algorithm";
  }
  if (missing == nullptr) return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat("cpu: no layer has the ", missing, " that was asked for"));
}

}  // namespace assay
