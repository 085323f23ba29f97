/* assay.submit/1: hands in the candidate for a budget. */
#ifndef ASSAY_HARNESS_ABI_SERVICES_SUBMIT_H_
#define ASSAY_HARNESS_ABI_SERVICES_SUBMIT_H_

#include "../base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_SUBMIT_ID "assay.submit/1"

typedef struct assay_submit_table {
  uint32_t size;
  uint32_t revision;

  /* Graph in inference form with the reference network's inputs and outputs,
   * and its parameters (others in the set are left out); both are written as an
   * artifact before the call returns. A later submission for the same budget
   * replaces the earlier one. The host derives size, density, bits and MACs
   * itself and says in the report whether the budget is met (cost.check says it
   * beforehand). INVALID_ARGUMENT: the network is no candidate: a parameter is
   * missing or not finite, or the interface differs. [main] +blocks */
  assay_status* (*submit)(assay_host* host, uint32_t budget,
                          const assay_graph* graph,
                          const assay_parameters* set);
} assay_submit_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_SUBMIT_H_ */
