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

typedef struct assay_latency_options {
  uint32_t size;
  int32_t threads;      /* ASSAY_UNSET: all that the process may use */
  int64_t batch;        /* samples of a query; ASSAY_UNSET: 1 */
  assay_text precision; /* "f32" or "bf16"; empty: f32, or int8 where the
                           network is quantized, which has no other */
  double seconds;       /* about so long for each network; <= 0: 0.2 */
} assay_latency_options;

typedef struct assay_latency {
  uint32_t size;
  uint32_t threads; /* of the plan */
  int64_t queries;  /* timed; at least 32 */
  double median_ns; /* of a query */
  double p10_ns;
  double p90_ns;
} assay_latency;

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

  /* Times `count` networks in inference form as plans, in turns, so that what
   * disturbs the machine disturbs them all. Figures to search by: the report
   * holds what the host measures later, elsewhere. `out` points to `count`
   * structs. The queries are validation batches. UNIMPLEMENTED lists what the
   * backend cannot run. [main] +blocks */
  assay_status* (*latency)(assay_host* host, const assay_graph* const* graphs,
                           const assay_parameters* const* sets, size_t count,
                           const assay_latency_options* options,
                           assay_latency* const* out);
} assay_cost_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_COST_H_ */
