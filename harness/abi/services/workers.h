/* assay.workers/1: a population of trainings that copy one another's state. The
 * host decides how many run at a time; the results do not depend on it. */
#ifndef ASSAY_HARNESS_ABI_SERVICES_WORKERS_H_
#define ASSAY_HARNESS_ABI_SERVICES_WORKERS_H_

#include "../base.h"
#include "trainer.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_WORKERS_ID "assay.workers/1"

typedef struct assay_workers assay_workers;

/* [main] for all functions. */
typedef struct assay_workers_table {
  uint32_t size;
  uint32_t revision;

  /* `count` trainers that start from copies of `set`, each with options of its
   * own (streams of different names draw different batches). Given. */
  assay_status* (*make)(assay_host* host, const assay_graph* graph,
                        const assay_parameters* set,
                        const assay_train_options* const* options,
                        uint32_t count, assay_workers** out);
  void (*free)(assay_host* host, assay_workers* workers);

  uint32_t (*count)(assay_host* host, const assay_workers* workers);
  /* For assay.trainer's functions; lent until the workers are freed. */
  assay_status* (*trainer)(assay_host* host, const assay_workers* workers,
                           uint32_t worker, assay_trainer** out);

  /* `steps` steps of every worker; losses[i] is worker i's mean over them.
   * +blocks */
  assay_status* (*advance)(assay_host* host, assay_workers* workers,
                           int64_t steps, double* losses);

  /* Worker `to` takes over what `from` has learnt: values, statistics,
   * optimiser state, masks and the number of steps done; not its stream, its
   * options or its rate factor. */
  assay_status* (*copy)(assay_host* host, assay_workers* workers, uint32_t from,
                        uint32_t to);
} assay_workers_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_WORKERS_H_ */
