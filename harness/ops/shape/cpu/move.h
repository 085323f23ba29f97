// Copies of elements between strided places: slices, permutations, broadcasts.
#ifndef ASSAY_HARNESS_OPS_SHAPE_CPU_MOVE_H_
#define ASSAY_HARNESS_OPS_SHAPE_CPU_MOVE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "harness/backend/cpu/kernel.h"
#include "harness/core/shape.h"

namespace assay::cpu {

// All counts in elements of `width` bytes (1, 2, 4 or 8). A source stride of 0
// repeats.
struct Move {
  Shape extents;
  std::vector<int64_t> src_strides, dst_strides;
  int64_t src_start = 0, dst_start = 0;
};

std::unique_ptr<Kernel> MakeMove(Move move, int64_t width, SlotId src,
                                 SlotId dst, int threads);

// Fills `count` elements with the `width` bytes at `value`.
std::unique_ptr<Kernel> MakeFill(const void* value, int64_t width,
                                 int64_t count, SlotId dst, int threads);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_SHAPE_CPU_MOVE_H_
