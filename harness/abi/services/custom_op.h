/* assay.custom_op/1: ops that the method computes itself. A node "custom" (or
 * its gradient, "custom_backward") calls back into the module; everything else
 * about it is an ordinary node: it is differentiated, compiled and run.
 *
 * For training and search only: the process that scores holds no plugin, so a
 * candidate with such a node is refused. */
#ifndef ASSAY_HARNESS_ABI_SERVICES_CUSTOM_OP_H_
#define ASSAY_HARNESS_ABI_SERVICES_CUSTOM_OP_H_

#include "../base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_CUSTOM_OP_ID "assay.custom_op/1"

/* The largest rank of an operand or result. */
enum { ASSAY_CUSTOM_RANK = 8 };

/* The type of an operand or result. */
typedef struct assay_custom_type {
  uint32_t size;
  int32_t dtype;
  uint32_t rank;
  uint32_t reserved;
  int64_t shape[8]; /* the first `rank`; ASSAY_CUSTOM_RANK is the room */
} assay_custom_type;

/* Lent to the host until drop. The callbacks run inside the call that infers
 * types or runs the program, on the thread that made it, and must be pure: the
 * same operands give the same results, whatever was called before. They may
 * call status and log alone. Tensors are row-major host memory, borrowed. On
 * ASSAY_DEVICE_REFERENCE f32 operands come as f64. */
typedef struct assay_custom_op {
  uint32_t size;
  uint32_t output_count; /* 1 to 8 */
  assay_text name;       /* of this op in the method: "sparsemax" */
  void* context;

  /* Types of the results from those of the operands. Float results must follow
   * the operands' type. */
  assay_status* (*infer)(void* context, const assay_custom_type* inputs,
                         uint32_t input_count, assay_custom_type* outputs);
  assay_status* (*forward)(void* context, const DLTensor* inputs,
                           uint32_t input_count, DLTensor* outputs);
  /* Writes the gradient of each floating-point operand from operands, results
   * and the results' gradients (zeros where none arrived). Null: no gradient
   * flows. input_gradients[i].data is null where operand i is no float. */
  assay_status* (*backward)(void* context, const DLTensor* inputs,
                            uint32_t input_count, const DLTensor* outputs,
                            const DLTensor* output_gradients,
                            DLTensor* input_gradients);
  /* Not 0: instead of `backward`, the call of an op that was added before and
   * computes the gradients as its results, one of each operand and of its type.
   * Its operands are operands, results and the results' gradients, all floats.
   * So the gradient differentiates again as far as that op does; one by
   * `backward` does not, and differentiating it is FAILED_PRECONDITION. */
  int64_t gradient_call;
} assay_custom_op;

typedef struct assay_custom_op_table {
  uint32_t size;
  uint32_t revision;

  /* Makes the op known; `call` is the value of attribute "call" of the nodes
   * "custom" that run it. Valid until drop. ALREADY_EXISTS: the name is taken.
   * [main] */
  assay_status* (*add)(assay_host* host, const assay_custom_op* op,
                       int64_t* call);
} assay_custom_op_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_CUSTOM_OP_H_ */
