/* assay.elastic/1: networks that share weights: sub-networks of a supernet by
 * channels, depth, kernels and resolution, weights that are computed, channels
 * in another order. All take networks in inference form; graphs and sets that
 * come out are given. Programs of sub-networks with the same structure are
 * compiled once (assay.program). */
#ifndef ASSAY_HARNESS_ABI_SERVICES_ELASTIC_H_
#define ASSAY_HARNESS_ABI_SERVICES_ELASTIC_H_

#include "../base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_ELASTIC_ID "assay.elastic/1"

/* An addition of a value and of something computed from it. Text is lent until
 * the graph is changed or freed. */
typedef struct assay_block_info {
  uint32_t size;
  int32_t skip; /* the value that goes around */
  int32_t sum;  /* skip + branch */
  uint32_t reserved;
  assay_text name; /* of the first parameter of the branch */
} assay_block_info;

/* [main, hook] for all functions. */
typedef struct assay_elastic_table {
  uint32_t size;
  uint32_t revision;

  /* The sub-network without channels removed[g][0 .. counts[g]) of each of the
   * graph's groups (assay.analysis, of this very graph). `sliced` reads the
   * parameters whole and cuts them as it runs, so that gradients scatter into
   * them; updates of parameters that are cut are left out. `dense` has small
   * parameters of its own, as `cut` makes them; both compute the same to the
   * bit. Either may be null. */
  assay_status* (*subnet)(assay_host* host, const assay_graph* graph,
                          assay_groups* groups, const int64_t* const* removed,
                          const uint64_t* counts, assay_graph** sliced,
                          assay_graph** dense);

  /* A copy of `set` without those channels: values, masks and all that is kept
   * for a parameter as "purpose/<parameter>", optimiser state included. */
  assay_status* (*cut)(assay_host* host, const assay_graph* graph,
                       assay_groups* groups, const int64_t* const* removed,
                       const uint64_t* counts, const assay_parameters* set,
                       assay_parameters** out);

  /* Puts channel order[g][i] of group g into place i, in `set` and in all that
   * is kept there for its parameters; order[g] null: as it is. The network
   * computes the same function. */
  assay_status* (*permute)(assay_host* host, const assay_graph* graph,
                           assay_groups* groups, const int64_t* const* order,
                           assay_parameters* set);

  /* Residual blocks, in the order of their sums: how many there are, one of
   * them, and the network without some. */
  uint32_t (*block_count)(assay_host* host, const assay_graph* graph);
  assay_status* (*block)(assay_host* host, const assay_graph* graph,
                         uint32_t index, assay_block_info* out);
  assay_status* (*drop_blocks)(assay_host* host, const assay_graph* graph,
                               const uint32_t* blocks, uint32_t count,
                               assay_graph** out);

  /* Parameter names[i] is computed by formulas[i], a graph whose one output has
   * its type; the formulas' parameters and inputs join the graph's. */
  assay_status* (*derive)(assay_host* host, const assay_graph* graph,
                          const assay_text* names,
                          const assay_graph* const* formulas, uint32_t count,
                          assay_graph** out);

  /* Convolutions by `weights` ([O,I,K,K]) take the centre of extent `kernel`,
   * multiplied as a row by the parameter `transform` ([kernel^2, kernel^2])
   * where that is not empty. */
  assay_status* (*shrink_kernel)(assay_host* host, const assay_graph* graph,
                                 assay_text weights, int64_t kernel,
                                 assay_text transform, assay_graph** out);

  /* The network for another shape of an input: resolution, length, batch. */
  assay_status* (*reshape_input)(assay_host* host, const assay_graph* graph,
                                 assay_text input, const int64_t* shape,
                                 uint32_t rank, assay_graph** out);

  /* The network with every parameter p called prefix + p, so that it can stand
   * beside another one in one graph (a teacher, a second candidate). */
  assay_status* (*prefix)(assay_host* host, const assay_graph* graph,
                          assay_text prefix, assay_graph** out);

  /* A graph with gradients that keeps the activations at the borders of
   * `segments` runs of nodes up to `loss` and computes the rest again: the same
   * bits from less memory. Values have other numbers; outputs keep their names.
   */
  assay_status* (*recompute)(assay_host* host, const assay_graph* graph,
                             int32_t loss, int32_t segments, assay_graph** out);
} assay_elastic_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_ELASTIC_H_ */
