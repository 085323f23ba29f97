/* assay.trainer/1: a network under training that the method drives step by
 * step: snapshots and rewinds to the bit, gradients between the halves of a
 * step, several passes per step (sub-networks over the same parameters), a
 * frozen teacher. assay.train is the whole loop in one call. */
#ifndef ASSAY_HARNESS_ABI_SERVICES_TRAINER_H_
#define ASSAY_HARNESS_ABI_SERVICES_TRAINER_H_

#include "../base.h"
#include "train.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_TRAINER_ID "assay.trainer/1"

typedef struct assay_trainer assay_trainer;

/* A frozen network whose answers the student follows:
 *   (1 - weight) * loss + weight * T^2 * cross-entropy(softmax(teacher / T),
 *                                                      softmax(student / T))
 * Borrowed; graph and set are copied. */
typedef struct assay_teacher {
  uint32_t size;
  uint32_t reserved;
  const assay_graph* graph; /* inference form, "logits" as the student's */
  const assay_parameters* set;
  double weight;      /* in [0, 1] */
  double temperature; /* T > 0 */
} assay_teacher;

/* [main] for all functions. Step k takes batch k of the stream and rate k of
 * the schedule, whatever came before; so what a later step depends on is
 * values, statistics, optimiser state, masks and the number of steps done.
 * Steps, samples and MACs are counted in the ledger; RESOURCE_EXHAUSTED: the
 * allowance does not cover them. */
typedef struct assay_trainer_table {
  uint32_t size;
  uint32_t revision;

  /* Options as for assay.train; `steps` or `epochs` say how long the schedule
   * is, `first_step` where it starts, `hooks` must be null. Copies of `set` and
   * masks. Given. */
  assay_status* (*make)(assay_host* host, const assay_graph* graph,
                        const assay_parameters* set,
                        const assay_train_options* options,
                        assay_trainer** out);
  void (*free)(assay_host* host, assay_trainer* trainer);

  /* From now on; null takes it away. The teacher's passes are counted as MACs.
   */
  assay_status* (*set_teacher)(assay_host* host, assay_trainer* trainer,
                               const assay_teacher* teacher);

  /* Whole steps; ends early, `stopped`, when the host wishes to stop. `result`
   * (may be null) is of these steps. +blocks */
  assay_status* (*advance)(assay_host* host, assay_trainer* trainer,
                           int64_t steps, assay_train_result* result);

  /* The same in parts: gradients := those of the next step's batch; added to by
   * further passes on that batch, of the network itself (`graph` null) or of
   * another one over the same parameters (ASSAY_OF_GRADIENT may be read and
   * written in between); then the optimiser steps. +blocks */
  assay_status* (*backward)(assay_host* host, assay_trainer* trainer,
                            double* loss);
  assay_status* (*backward_add)(assay_host* host, assay_trainer* trainer,
                                const assay_graph* graph, double* loss);
  assay_status* (*apply)(assay_host* host, assay_trainer* trainer);
  /* Counts a step that the method made itself with `write`. */
  assay_status* (*count_step)(assay_host* host, assay_trainer* trainer);

  /* As in hooks of assay.train: ASSAY_OF_VALUE, _GRADIENT or _MASK. */
  assay_status* (*read)(assay_host* host, assay_trainer* trainer, int32_t which,
                        assay_text parameter, assay_tensor** out);
  assay_status* (*write)(assay_host* host, assay_trainer* trainer,
                         int32_t which, assay_text parameter,
                         const assay_tensor* tensor);

  /* Steps done; the rate of the schedule times `factor` from now on. */
  int64_t (*steps_done)(assay_host* host, const assay_trainer* trainer);
  assay_status* (*set_rate_factor)(assay_host* host, assay_trainer* trainer,
                                   double factor);

  /* Everything that a later step depends on, as a set: values and statistics by
   * name, "optimizer/...", "<parameter>.mask", and "trainer/step" (s64 scalar).
   * Given. Restoring it into this trainer, or another one of the same network
   * and optimiser, goes on from there to the bit. */
  assay_status* (*snapshot)(assay_host* host, const assay_trainer* trainer,
                            assay_parameters** out);
  assay_status* (*restore)(assay_host* host, assay_trainer* trainer,
                           const assay_parameters* state);

  /* Copies the network's values and statistics out. */
  assay_status* (*save)(assay_host* host, const assay_trainer* trainer,
                        assay_parameters* set);
} assay_trainer_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_TRAINER_H_ */
