/* assay.train/1: the host's standard training loop, with hooks. A method that
 * needs another loop writes it over assay.program. */
#ifndef ASSAY_HARNESS_ABI_SERVICES_TRAIN_H_
#define ASSAY_HARNESS_ABI_SERVICES_TRAIN_H_

#include "../base.h"
#include "data.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_TRAIN_ID "assay.train/1"

/* Moments of a training, in their order; also bit numbers of
 * assay_hooks.events. In all of them values and masks may be read and written;
 * gradients from AFTER_BACKWARD to STEP_END, as they came: before clipping and
 * masks. */
enum {
  ASSAY_RUN_BEGIN = 0,
  ASSAY_EPOCH_BEGIN = 1,
  ASSAY_AFTER_BACKWARD = 2,  /* gradients are there */
  ASSAY_AFTER_OPTIMIZER = 3, /* values have moved and are masked */
  ASSAY_STEP_END = 4,
  ASSAY_EPOCH_END = 5,
  ASSAY_RUN_END = 6
};

/* Bits of assay_reply.actions; unknown bits are ignored. */
enum {
  ASSAY_SKIP_UPDATE = 1,  /* from AFTER_BACKWARD: no optimiser step this time */
  ASSAY_STOP_TRAINING = 2 /* ends after this step, as if finished */
};

/* Which tensor of a parameter: for read and write below. */
enum { ASSAY_OF_VALUE = 0, ASSAY_OF_GRADIENT = 1, ASSAY_OF_MASK = 2 };

typedef struct assay_event {
  uint32_t size;
  int32_t kind;
  int64_t step; /* of this training, counted from 0; total in `steps` */
  int64_t steps;
  int64_t epoch; /* counted from 0 */
  int64_t steps_per_epoch;
  int64_t samples; /* seen so far */
  double loss;     /* of this step's batch; NaN before it is known */
  double learning_rate;
  assay_training* training; /* lent until the hook returns */
} assay_event;

typedef struct assay_reply {
  uint32_t size;
  uint32_t actions;
} assay_reply;

/* Lent to the host until train returns. Events whose bit is not set cost
 * nothing. A status other than null ends the training with it. */
typedef struct assay_hooks {
  uint32_t size;
  uint32_t events;
  void* context;
  assay_status* (*on_event)(void* context, const assay_event* event,
                            assay_reply* reply);
} assay_hooks;

/* A rule for one parameter that differs from the rest. */
typedef struct assay_parameter_rule {
  uint32_t size;
  uint32_t frozen; /* nonzero: keeps its value */
  assay_text name;
  double l1; /* adds l1 * sign(w) to the gradient; 0: nothing */
} assay_parameter_rule;

/* ASSAY_UNSET, empty text and null pointers: as the recipe says. */
typedef struct assay_train_options {
  uint32_t size;
  uint32_t flags; /* none in revision 1 */
  double epochs;  /* fractions allowed; ignored if `steps` is given */
  int64_t steps;
  int64_t batch_size;
  double learning_rate; /* peak */
  double momentum;
  double weight_decay;
  double label_smoothing;
  double warmup_steps;
  double clip_norm;     /* 0: no clipping */
  assay_text optimizer; /* "sgd", "adamw" */
  assay_text schedule;  /* "constant", "cosine", "linear", "step" */
  assay_text precision; /* "f32", "bf16" */
  /* Names the random streams of order, augmentation and dropout: the same name
   * replays the same batches. Must not be empty. */
  assay_text stream;
  const assay_part* part;        /* null: the whole train split */
  const assay_parameters* masks; /* null: none. Copied. */
  const assay_hooks* hooks;      /* null: none */
  const assay_parameter_rule* const* rules;
  uint64_t rule_count;
  /* The schedule runs as if this training were steps [first_step, first_step +
   * steps) of `schedule_steps`. UNSET: 0 and first_step + steps. */
  int64_t first_step;
  int64_t schedule_steps;
  /* Batches composed of several parts (see assay.data's compose) instead of
   * `part` and `batch_size`; null: none. Lent until train returns or the
   * trainer is freed. */
  const assay_mix* mix;
  /* Activations kept at the borders of so many segments, the rest computed
   * again: less memory, the same bits. UNSET or 0: all are kept. */
  int64_t recompute_segments;
} assay_train_options;

typedef struct assay_train_result {
  uint32_t size;
  uint32_t stopped; /* nonzero: by a hook, or the host wished to stop */
  int64_t steps;
  int64_t samples;
  double loss; /* mean over the last epoch or what there was of it */
  double seconds;
} assay_train_result;

typedef struct assay_train_table {
  uint32_t size;
  uint32_t revision;

  /* Trains `set` in place on the task's loss. `graph` is a network in inference
   * form with output "logits", at any batch size. With masks: forward uses
   * mask * w, gradients and optimiser state are masked, and masked weights are
   * 0 after every step. RESOURCE_EXHAUSTED: the allowance does not cover the
   * steps (nothing was done). [main] +blocks */
  assay_status* (*train)(assay_host* host, const assay_graph* graph,
                         assay_parameters* set,
                         const assay_train_options* options,
                         assay_train_result* result);

  /* In hooks: a given copy of what `which` says of a parameter; a mask that
   * does not exist reads as ones. [hook] */
  assay_status* (*read)(assay_host* host, assay_training* training,
                        int32_t which, assay_text parameter,
                        assay_tensor** out);
  /* Replaces it. A new mask multiplies value and optimiser state at once.
   * [hook] */
  assay_status* (*write)(assay_host* host, assay_training* training,
                         int32_t which, assay_text parameter,
                         const assay_tensor* tensor);
} assay_train_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_TRAIN_H_ */
