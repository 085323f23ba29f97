// The ten outlines that the shapes data set draws.
#ifndef ASSAY_DATASETS_SHAPES_OUTLINE_H_
#define ASSAY_DATASETS_SHAPES_OUTLINE_H_

#include <array>

namespace assay::datasets::shapes {

inline constexpr int kClasses = 10;
inline constexpr std::array<const char*, kClasses> kClassNames = {
    "disc",    "ring", "square", "triangle",  "pentagon",
    "diamond", "star", "cross",  "half_disc", "ell"};

// Signed distance from (x, y) to the outline of class `label` in its own frame,
// where it is about as large as the unit disc: negative inside.
float SignedDistance(int label, float x, float y);

}  // namespace assay::datasets::shapes

#endif  // ASSAY_DATASETS_SHAPES_OUTLINE_H_
