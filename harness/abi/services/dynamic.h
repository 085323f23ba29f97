/* assay.dynamic/1: networks whose path depends on the input: early exits, gated
 * blocks, routed experts. One is written as statements over *variables*, which
 * hold tensors: run a piece of a graph, copy, If, For, While, give the outputs.
 * It is compiled (both sides of every conditional), run with the path of each
 * sample, scored, and submitted: the score process runs it as it stands.
 *
 * Axis 0 of every tensor of rank 1 or more is the batch. Variables are numbers
 * that a network gives out; reading one that some path has not assigned is an
 * error of finish(). A call that fails changes nothing. */
#ifndef ASSAY_HARNESS_ABI_SERVICES_DYNAMIC_H_
#define ASSAY_HARNESS_ABI_SERVICES_DYNAMIC_H_

#include "../base.h"
#include "cost.h"
#include "data.h"
#include "evaluate.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_DYNAMIC_ID "assay.dynamic/1"

/* A network with control flow, being written until finish(). */
typedef struct assay_dynamic assay_dynamic;
typedef struct assay_dynamic_program assay_dynamic_program;

/* What a conditional asks. The first three read a row of logits (the last
 * axis), the others one element; a tensor must hold one of them per decision.
 */
enum {
  ASSAY_IF_MAX_PROBABILITY = 0, /* max softmax(row) >= threshold */
  ASSAY_IF_MARGIN = 1,  /* largest - second of softmax(row) >= threshold */
  ASSAY_IF_ENTROPY = 2, /* of softmax(row), in nats, <= threshold */
  ASSAY_IF_GATE = 3,    /* element > threshold */
  ASSAY_IF_TOKEN = 4,   /* integer element == token */
  ASSAY_IF_TRUE = 5     /* bool element */
};

typedef struct assay_condition {
  uint32_t size;
  int32_t kind;
  int32_t variable; /* that is read */
  int32_t negated;  /* not 0: holds where the above does not */
  double threshold; /* of the first four */
  int64_t token;
} assay_condition;

/* What lies between values of a graph: what computes `to` from `from`,
 * parameters and constants. The graph may be of any batch. */
typedef struct assay_piece {
  uint32_t size;
  uint32_t reserved;
  const assay_graph* graph;
  const int32_t* from;  /* values where it begins */
  const int32_t* reads; /* the variables that stand for them */
  uint64_t from_count;
  const int32_t* to; /* values that it computes */
  int32_t* writes;   /* the variables that get them; a negative number is
                        replaced by a new variable's */
  uint64_t to_count;
} assay_piece;

/* Who decides. */
enum {
  /* Every sample for itself: at a conditional the batch falls into groups,
   * which run without the others, meet again, or leave. So is a submitted
   * network run. */
  ASSAY_DECIDE_EACH = 0,
  /* The batch as one: every condition must hold one decision for all. */
  ASSAY_DECIDE_TOGETHER = 1
};

typedef struct assay_dynamic_options {
  uint32_t size;
  int32_t decide;
  /* EACH: sub-networks are compiled for groups of 1, 2, 4, ... up to this, and
   * any batch runs; TOGETHER: the batch. ASSAY_UNSET: the task's evaluation
   * batch, and 1. */
  int64_t batch;
} assay_dynamic_options;

/* The decisions of one sample (TOGETHER: of the batch), in order. Pointers are
 * lent until the next run or the program's end. */
typedef struct assay_path {
  uint32_t size;
  uint32_t reserved;
  const int32_t*
      sites; /* which conditional: numbers of begin_if, begin_while */
  const uint8_t* holds;
  const double* distances; /* from the threshold */
  uint64_t count;
  int64_t macs; /* multiply-accumulates on this path */
} assay_path;

typedef struct assay_dynamic_table {
  uint32_t size;
  uint32_t revision;

  /* --- Writing. [main, hook] --- */

  /* An empty network with the inputs and the names of the outputs of `graph`:
   * the reference network's where it is to be submitted. Given. */
  assay_status* (*make)(assay_host* host, const assay_graph* graph,
                        assay_text name, assay_dynamic** out);
  void (*free)(assay_host* host, assay_dynamic* network);
  /* The variable of an input; ASSAY_NO_VALUE where there is none. */
  int32_t (*input)(assay_host* host, const assay_dynamic* network,
                   assay_text name);
  /* Runs a piece. INVALID_ARGUMENT names an input of the graph on which `to`
   * depends otherwise. */
  assay_status* (*run_piece)(assay_host* host, assay_dynamic* network,
                             const assay_piece* piece);
  /* *to := from; *to := tensor. A negative *to is replaced by a new variable's
   * number. */
  assay_status* (*copy)(assay_host* host, assay_dynamic* network, int32_t from,
                        int32_t* to);
  assay_status* (*constant)(assay_host* host, assay_dynamic* network,
                            const assay_tensor* tensor, int32_t* to);
  /* What follows, up to otherwise() or end(), runs where the condition holds;
   * what follows otherwise(), where it does not. `site` (may be null) gets the
   * number that paths and thresholds name the conditional by. */
  assay_status* (*begin_if)(assay_host* host, assay_dynamic* network,
                            const assay_condition* condition, int32_t* site);
  assay_status* (*otherwise)(assay_host* host, assay_dynamic* network);
  /* What follows, up to end(), runs `count` times; `index` (may be null) gets
   * the number of a variable that counts from 0 (s64, rank 0). */
  assay_status* (*begin_for)(assay_host* host, assay_dynamic* network,
                             int64_t count, int32_t* index);
  /* ... while the condition holds, `maximum` times at most. */
  assay_status* (*begin_while)(assay_host* host, assay_dynamic* network,
                               const assay_condition* condition,
                               int64_t maximum, int32_t* site);
  assay_status* (*end)(assay_host* host, assay_dynamic* network);
  /* The outputs, in their order; ends the path. */
  assay_status* (*give)(assay_host* host, assay_dynamic* network,
                        const int32_t* variables, uint64_t count);
  /* Nothing is written after this. INVALID_ARGUMENT says which statement is
   * wrong; the network is as it was. */
  assay_status* (*finish)(assay_host* host, assay_dynamic* network);

  /* --- Finished networks. [main, hook] --- */

  /* The threshold of a conditional, for programs compiled after this. */
  assay_status* (*set_threshold)(assay_host* host, assay_dynamic* network,
                                 int32_t site, double threshold);
  assay_status* (*threshold)(assay_host* host, const assay_dynamic* network,
                             int32_t site, double* out);
  assay_status* (*text)(assay_host* host, const assay_dynamic* network,
                        assay_text_sink sink);

  /* A program with the values that `set` has now, lowered as plans are. The
   * network may be freed. Given. INVALID_ARGUMENT: a piece does not fit what it
   * gets, or mixes samples. +blocks */
  assay_status* (*compile)(assay_host* host, const assay_dynamic* network,
                           const assay_parameters* set,
                           const assay_dynamic_options* options,
                           assay_dynamic_program** out);
  void (*free_program)(assay_host* host, assay_dynamic_program* program);
  /* As in assay.program. */
  assay_status* (*feed)(assay_host* host, assay_dynamic_program* program,
                        assay_text input, const assay_tensor* tensor);
  assay_status* (*feed_batch)(assay_host* host, assay_dynamic_program* program,
                              const assay_batch* batch);
  assay_status* (*run)(assay_host* host, assay_dynamic_program* program);
  assay_status* (*fetch)(assay_host* host, assay_dynamic_program* program,
                         assay_text output, assay_tensor** out);
  /* Of the last run. OUT_OF_RANGE: there is no such sample. */
  assay_status* (*path)(assay_host* host, const assay_dynamic_program* program,
                        uint64_t sample, assay_path* out);
  /* Runs what was fed and moves the threshold of conditional i, where it asks
   * one of the first four, so that it holds for about fractions[i] of the
   * samples that come there: in the program and in `network`, from which it was
   * compiled. A program that decides EACH only. */
  assay_status* (*calibrate)(assay_host* host, assay_dynamic_program* program,
                             assay_dynamic* network, const double* fractions,
                             uint64_t count);

  /* As assay.evaluate, each sample deciding for itself. `macs` (may be null)
   * gets the mean over the samples. +blocks */
  assay_status* (*evaluate)(assay_host* host, const assay_dynamic* network,
                            const assay_parameters* set, const assay_part* part,
                            assay_score* out, double* macs);
  /* As assay.submit. The report's MACs are the mean over the test split, and
   * latency is that of the samples as they come. [main] +blocks */
  assay_status* (*submit)(assay_host* host, uint32_t budget,
                          const assay_dynamic* network,
                          const assay_parameters* set);

  /* As assay.cost's check, with the mean MACs over the validation split, which
   * is run for them: an evaluation. [main] +blocks */
  assay_status* (*check)(assay_host* host, uint32_t budget,
                         const assay_dynamic* network,
                         const assay_parameters* set);
  /* As assay.cost's latency, of samples as they come, each on its own path. A
   * network without conditionals stands for one without control flow. [main]
   * +blocks */
  assay_status* (*latency)(assay_host* host,
                           const assay_dynamic* const* networks,
                           const assay_parameters* const* sets, uint64_t count,
                           const assay_latency_options* options,
                           assay_latency* const* out);
} assay_dynamic_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_DYNAMIC_H_ */
