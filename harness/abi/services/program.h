/* assay.program/1: compiled graphs. Parameters live on the device as variables,
 * which several programs may share: one program adds gradients up, another one
 * steps. */
#ifndef ASSAY_HARNESS_ABI_SERVICES_PROGRAM_H_
#define ASSAY_HARNESS_ABI_SERVICES_PROGRAM_H_

#include "../base.h"
#include "data.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_PROGRAM_ID "assay.program/1"

/* Where variables live and programs run. */
enum {
  ASSAY_DEVICE_RUN = 0,      /* the run's backend */
  ASSAY_DEVICE_REFERENCE = 1 /* readable loops in f64: exact, slow */
};

/* [main, hook] +blocks for all functions. On ASSAY_DEVICE_REFERENCE all f32
 * types of graph, variables and feeds are f64 inside; fetches give f64. */
typedef struct assay_program_table {
  uint32_t size;
  uint32_t revision;

  /* Variables with a copy of `set` (may be null: empty). Given. */
  assay_status* (*make_variables)(assay_host* host, int32_t device,
                                  const assay_parameters* set,
                                  assay_variables** out);
  /* Copies of all tensors of `set` in; of all variables out (f64 becomes the
   * type that the set has, f32 where it has none). */
  assay_status* (*load)(assay_host* host, assay_variables* variables,
                        const assay_parameters* set);
  assay_status* (*save)(assay_host* host, const assay_variables* variables,
                        assay_parameters* set);
  /* One variable. `get` gives a copy. */
  assay_status* (*set)(assay_host* host, assay_variables* variables,
                       assay_text name, const assay_tensor* tensor);
  assay_status* (*get)(assay_host* host, const assay_variables* variables,
                       assay_text name, assay_tensor** out);
  void (*free_variables)(assay_host* host, assay_variables* variables);

  /* A program over the variables, which must outlive it and hold all its
   * parameters when it runs. The graph may be freed. Given. UNIMPLEMENTED lists
   * nodes that the device cannot run. */
  assay_status* (*compile)(assay_host* host, const assay_graph* graph,
                           assay_variables* variables, assay_program** out);
  /* Copies in; an input keeps its value until fed again. */
  assay_status* (*feed)(assay_host* host, assay_program* program,
                        assay_text input, const assay_tensor* tensor);
  /* Feeds what the graph has an input for; the batch sizes must agree. */
  assay_status* (*feed_batch)(assay_host* host, assay_program* program,
                              const assay_batch* batch);
  /* One run; updates go to the variables. Counted in the ledger. */
  assay_status* (*run)(assay_host* host, assay_program* program);
  /* A given copy of an output of the last run. */
  assay_status* (*fetch)(assay_host* host, assay_program* program,
                         assay_text output, assay_tensor** out);
  void (*free_program)(assay_host* host, assay_program* program);
} assay_program_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_PROGRAM_H_ */
