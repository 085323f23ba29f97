// What a run of a network with control flow leaves.
#ifndef ASSAY_HARNESS_DYNAMIC_PATH_H_
#define ASSAY_HARNESS_DYNAMIC_PATH_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/core/tensor.h"

namespace assay {

// One decision: at which conditional of the source, and how it fell.
struct PathStep {
  int32_t site = -1;
  bool holds = false;
  double distance = 0;  // to the threshold; predicate.h
};
using Path = std::vector<PathStep>;

// "0-1+1-": sites with how they fell. Equal texts are equal paths.
std::string PathText(const Path& path);

struct DynamicResult {
  std::map<std::string, Tensor> outputs;
  // The decisions in order: one list where the batch decides as one, else one
  // per sample.
  std::vector<Path> paths;
  // Multiply-accumulates of the sub-networks on each path; of compiled forms.
  std::vector<int64_t> macs;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_DYNAMIC_PATH_H_
