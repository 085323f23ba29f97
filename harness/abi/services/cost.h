/* assay.cost/1: what a network costs, as the host will count it in the report.
 */
#ifndef ASSAY_HARNESS_ABI_SERVICES_COST_H_
#define ASSAY_HARNESS_ABI_SERVICES_COST_H_

#include "../base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_COST_ID "assay.cost/1"

typedef struct assay_cost {
  uint32_t size;
  uint32_t reserved;
  int64_t macs;         /* per sample, as executed */
  int64_t macs_nonzero; /* theoretical: without multiplications by 0 */
  int64_t parameters;   /* elements, without running statistics */
  int64_t weights;      /* elements of conv, linear and embedding weights */
  int64_t weights_nonzero;
  int64_t bytes;          /* as stored */
  double bits_per_weight; /* mean over `weights` */
} assay_cost;

/* [main, hook] for all functions. */
typedef struct assay_cost_table {
  uint32_t size;
  uint32_t revision;

  /* Of a network in inference form. `set` null: as if no weight were 0. */
  assay_status* (*cost)(assay_host* host, const assay_graph* graph,
                        const assay_parameters* set, assay_cost* out);

  /* Whether the network keeps within budget `index` (a status says what is
   * wrong, FAILED_PRECONDITION: expected and got). The host decides with the
   * same words at submission. */
  assay_status* (*check)(assay_host* host, uint32_t index,
                         const assay_graph* graph, const assay_parameters* set);
} assay_cost_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_COST_H_ */
