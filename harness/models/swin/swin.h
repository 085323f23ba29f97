// Swin transformers (Liu et al. 2021): attention in windows that shift, on
// grids that shrink from stage to stage.
#ifndef ASSAY_HARNESS_MODELS_SWIN_SWIN_H_
#define ASSAY_HARNESS_MODELS_SWIN_SWIN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/graph/graph.h"
#include "harness/models/layers.h"

namespace assay {

struct SwinStage {
  int64_t blocks;
  int64_t heads;  // divides the stage's features
};

// Swin-T by default.
struct SwinOptions {
  std::string name = "swin-tiny";
  Shape image = {3, 224, 224};
  int64_t patch = 4;      // pixels of a side
  int64_t features = 96;  // of the first stage; each further has twice as many
  int64_t window = 7;     // patches of a side; divides every stage's grid
  std::vector<SwinStage> stages = {{2, 3}, {2, 6}, {6, 12}, {2, 24}};
  int64_t classes = 1000;
};

// Pre-norm blocks of attention within windows of the grid, with a learnt bias
// by relative position, and a gelu MLP of 4 * features; every second block of a
// stage whose grid is larger than the window looks through windows shifted by
// half a window. Between stages patches of 2 x 2 are merged. Input "image"
// [N,C,H,W]. Parameters are called as torchvision's swin_t does
// ("features.0.0.weights", "features.1.0.attn.relative_position_bias_table",
// "features.2.reduction.weights", "head.bias"), so that its weights fit by
// FromTorch (torch_names.h) without the tables "relative_position_index".
// INVALID_ARGUMENT: a window that does not divide a grid, heads that do not
// divide the features.
absl::StatusOr<ReferenceGraph> Swin(const OpSet& ops, const SwinOptions& swin,
                                    const ReferenceGraphOptions& options);

}  // namespace assay

#endif  // ASSAY_HARNESS_MODELS_SWIN_SWIN_H_
