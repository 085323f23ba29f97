// A step of a compiled program.
#ifndef ASSAY_HARNESS_BACKEND_CPU_KERNEL_H_
#define ASSAY_HARNESS_BACKEND_CPU_KERNEL_H_

#include <cstdint>

#include "absl/status/status.h"

namespace assay::cpu {

// A place in memory of a program: an operand, a constant or a part of the
// arena.
using SlotId = int32_t;
constexpr SlotId kNoSlot = -1;

// Made once at compile time with all that it needs; a run allocates nothing,
// takes no lock and looks nothing up.
class Kernel {
 public:
  virtual ~Kernel();
  // slots[s] is the address of slot s. Fails only for data that no kernel can
  // take (an index out of range).
  virtual absl::Status Run(void* const* slots) const = 0;
};

template <typename T>
T* At(void* const* slots, SlotId slot) {
  return static_cast<T*>(slots[slot]);
}

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_BACKEND_CPU_KERNEL_H_
