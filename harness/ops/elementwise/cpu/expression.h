// A chain of elementwise ops as one kernel: small vector programs over blocks
// that stay in the first-level cache.
#ifndef ASSAY_HARNESS_OPS_ELEMENTWISE_CPU_EXPRESSION_H_
#define ASSAY_HARNESS_OPS_ELEMENTWISE_CPU_EXPRESSION_H_

#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "harness/backend/cpu/kernel.h"
#include "harness/core/dtype.h"
#include "harness/core/shape.h"

namespace assay::cpu {

struct BlockOp;

// Registers are numbered: first the inputs, then one per instruction, in order;
// the last is the result.
struct ExpressionInput {
  SlotId slot;
  DType dtype;
  std::vector<int64_t> strides;  // per extent, in elements; 0 repeats
};
struct ExpressionInstruction {
  const BlockOp* op;
  std::vector<int> operands;  // registers
  double p = 0, q = 0;        // constants of the op
};
struct ExpressionSpec {
  Shape extents;  // of the iteration, row-major in the result
  std::vector<ExpressionInput> inputs;
  std::vector<ExpressionInstruction> instructions;
  SlotId result = kNoSlot;
  DType result_dtype = DType::kF32;
  bool wide = false;  // compute in double: integers, f64
  int threads = 1;
};

// Result elements may overwrite same-typed input elements of the same index.
std::unique_ptr<Kernel> MakeExpression(ExpressionSpec spec);

}  // namespace assay::cpu

#endif  // ASSAY_HARNESS_OPS_ELEMENTWISE_CPU_EXPRESSION_H_
