/* assay.evaluate/1: the task's metric on the validation split (or on a part).
 */
#ifndef ASSAY_HARNESS_ABI_SERVICES_EVALUATE_H_
#define ASSAY_HARNESS_ABI_SERVICES_EVALUATE_H_

#include "../base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_EVALUATE_ID "assay.evaluate/1"

typedef struct assay_score {
  uint32_t size;
  uint32_t reserved;
  double metric; /* in the task's unit */
  double loss;   /* mean nats per prediction */
  int64_t samples;
} assay_score;

typedef struct assay_evaluate_table {
  uint32_t size;
  uint32_t revision;

  /* Scores a network in inference form. `part` null: the whole validation
   * split. Counted in the ledger; RESOURCE_EXHAUSTED once the allowance of
   * evaluations is used up. [main, hook] +blocks */
  assay_status* (*evaluate)(assay_host* host, const assay_graph* graph,
                            const assay_parameters* set, const assay_part* part,
                            assay_score* out);
} assay_evaluate_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_EVALUATE_H_ */
