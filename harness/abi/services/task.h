/* assay.task/1: what the method works on, as properties; never by name. */
#ifndef ASSAY_HARNESS_ABI_SERVICES_TASK_H_
#define ASSAY_HARNESS_ABI_SERVICES_TASK_H_

#include "../base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_TASK_ID "assay.task/1"

/* Modalities, also bits of a card's `modalities`. */
enum { ASSAY_IMAGE = 1, ASSAY_AUDIO = 2, ASSAY_TEXT = 4, ASSAY_SERIES = 8 };

/* Metrics of quality. */
enum {
  ASSAY_ACCURACY = 0,     /* fraction in [0, 1], higher is better */
  ASSAY_BITS_PER_BYTE = 1 /* lower is better */
};

/* What a budget limits, also bits of a card's `budgets`. */
enum {
  ASSAY_BUDGET_SPARSITY = 1,
  ASSAY_BUDGET_MACS = 2,
  ASSAY_BUDGET_BITS = 4, /* of weights, of activations, or of both */
  ASSAY_BUDGET_BYTES = 8
};

typedef struct assay_task_info {
  uint32_t size;
  uint32_t modality;
  int32_t metric;
  uint32_t higher_is_better;
  /* One sample as the network's input takes it, without the batch axis: lent
   * until drop. */
  const int64_t* sample_shape;
  uint32_t sample_rank;
  int32_t sample_dtype;
  int64_t classes; /* size of the last axis of the logits */
  int64_t train_samples;
  int64_t validation_samples;
  assay_text input;  /* name of the network's input: "image" */
  assay_text labels; /* name of the batch's labels: "labels" */
  double chance;     /* metric of a constant guess */
  double reference;  /* metric of the reference network on validation */
} assay_task_info;

/* The task's training recipe: what train does when not told otherwise. */
typedef struct assay_recipe {
  uint32_t size;
  uint32_t batch_size;
  double epochs;
  int64_t steps;           /* of the whole recipe */
  int64_t steps_per_epoch; /* on the whole train split */
  assay_text optimizer;    /* "sgd" or "adamw" */
  assay_text schedule; /* "constant", "cosine", "linear", "one_cycle", "step" */
  double learning_rate; /* peak */
  double momentum;
  double weight_decay;
  double label_smoothing;
  double warmup_steps;
} assay_recipe;

/* What one candidate must meet: all limits that `kinds` names. None: whatever
 * the method makes of the network. */
typedef struct assay_budget {
  uint32_t size;
  uint32_t kinds;
  assay_text id;        /* "sparsity>=0.9": how reports name it; until drop */
  double sparsity;      /* at least this fraction of the weights (conv,
                           depthwise conv, linear) is 0 or gone, short of one
                           weight for each of their tensors: rounding down */
  double macs_fraction; /* at most this fraction of the reference's MACs */
  int32_t weight_bits;  /* at most, in every layer that computes; ASSAY_UNSET */
  int32_t activation_bits;
  int64_t bytes; /* at most, of the parameters as stored */
} assay_budget;

/* What the method may spend in all, over all budgets. Negative: no limit. */
typedef struct assay_allowance {
  uint32_t size;
  uint32_t reserved;
  int64_t samples; /* of the train split, every pass counted */
  int64_t steps;   /* of the optimiser */
  int64_t evaluations;
  double seconds;
} assay_allowance;

/* [any] for all functions. `out->size` is set by the caller; the host fills
 * what both sides know. Text and shapes are lent until drop. */
typedef struct assay_task_table {
  uint32_t size;
  uint32_t revision;

  void (*info)(assay_host* host, assay_task_info* out);
  void (*recipe)(assay_host* host, assay_recipe* out);
  void (*allowance)(assay_host* host, assay_allowance* out);

  /* Budgets in the order in which the user gave them; at least one. */
  uint32_t (*budget_count)(assay_host* host);
  assay_status* (*budget)(assay_host* host, uint32_t index, assay_budget* out);
} assay_task_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_TASK_H_ */
