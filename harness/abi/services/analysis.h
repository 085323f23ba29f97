/* assay.analysis/1: knowledge about networks and rewrites that need it: channel
 * groups and their physical removal, batch-norm folding and recalibration,
 * quantization. All take networks in inference form. */
#ifndef ASSAY_HARNESS_ABI_SERVICES_ANALYSIS_H_
#define ASSAY_HARNESS_ABI_SERVICES_ANALYSIS_H_

#include "../base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_ANALYSIS_ID "assay.analysis/1"

/* Channels that go together with the same pattern of parameter axes: the
 * outputs of one convolution, or a residual stream with all that writes or
 * reads it. Lent until the groups are freed. */
typedef struct assay_group_info {
  uint32_t size;
  uint32_t axis_count;
  assay_text name; /* of the first producer: "layer1.conv1.weights" */
  int64_t channels;
} assay_group_info;

/* One axis of a group's pattern. Lent likewise. */
typedef struct assay_axis_info {
  uint32_t size;
  int32_t axis;
  assay_text parameter;
  int32_t value;     /* the parameter in the graph */
  uint32_t producer; /* nonzero: these are output channels of its layer */
} assay_axis_info;

/* How one value is quantized, by nearest rounding, half to even:
 *   an activation, u8: the grid of [low, high] widened to hold 0,
 *     scale = (high - low) / 255, zero_point = round(-low / scale);
 *   the weights of a conv2d or linear (a parameter), s8, symmetric: q in
 *     [-127, 127] with one scale, or one for each output channel.
 * Borrowed. */
typedef struct assay_quantizer {
  uint32_t size;
  int32_t value; /* in the graph */
  double low;    /* activations */
  double high;
  const float* scales; /* weights; null for an activation */
  uint64_t scale_count;
} assay_quantizer;

/* Bits of quantize's flags. */
enum {
  /* Both operands of an addition of two activations with ranges are quantized
   * too, so that residual branches stay integer. */
  ASSAY_QUANTIZE_ADDITIONS = 1
};

/* [main, hook] for all functions. */
typedef struct assay_analysis_table {
  uint32_t size;
  uint32_t revision;

  /* The groups of a network, in the order of their first parameter. Channels
   * that must stay (inputs, outputs) are in none. Given. */
  assay_status* (*groups)(assay_host* host, const assay_graph* graph,
                          assay_groups** out);
  uint32_t (*group_count)(assay_host* host, const assay_groups* groups);
  assay_status* (*group)(assay_host* host, const assay_groups* groups,
                         uint32_t group, assay_group_info* out);
  assay_status* (*axis)(assay_host* host, const assay_groups* groups,
                        uint32_t group, uint32_t axis, assay_axis_info* out);
  /* The indices along that axis that belong to a channel, ascending; lent until
   * the groups are freed. */
  assay_status* (*indices)(assay_host* host, const assay_groups* groups,
                           uint32_t group, uint32_t axis, int64_t channel,
                           const int64_t** indices, uint64_t* count);
  void (*free_groups)(assay_host* host, assay_groups* groups);

  /* Removes channels for good. `removed[g]` points to `removed_counts[g]`
   * channel numbers of group g, for all groups. Writes a given graph without
   * them, and cuts each of the `set_count` sets (values, masks, saved
   * gradients, optimiser state: tensors named as parameters of the graph) in
   * place. INVALID_ARGUMENT: a group would lose all channels. */
  assay_status* (*remove)(assay_host* host, const assay_graph* graph,
                          const assay_groups* groups,
                          const int64_t* const* removed,
                          const uint64_t* removed_counts,
                          assay_parameters* const* sets, uint32_t set_count,
                          assay_graph** out);

  /* Folds batch norms into the convolutions and linear layers before them. The
   * graph is given; the set is changed in place. */
  assay_status* (*fold_batch_norm)(assay_host* host, const assay_graph* graph,
                                   assay_parameters* set, assay_graph** out);

  /* Sets all running statistics to the mean over `batches` batches of `part`
   * (null: train split, shuffled by the stream, not augmented). Counted as
   * samples. [main] +blocks */
  assay_status* (*recalibrate)(assay_host* host, const assay_graph* graph,
                               assay_parameters* set, const assay_part* part,
                               int64_t batches, int64_t batch_size,
                               assay_text stream);

  /* A layer is quantized if its weights stand among the quantizers; then its
   * source needs a range. Inserts quantize and dequantize nodes; the weights
   * become integers of the same name in the set (in place), scales constants;
   * biases stay f32. Fold batch norms first. The graph is given; plans run it
   * with integer kernels. */
  assay_status* (*quantize)(assay_host* host, const assay_graph* graph,
                            assay_parameters* set,
                            const assay_quantizer* const* quantizers,
                            uint32_t quantizer_count, uint32_t flags,
                            assay_graph** out);
} assay_analysis_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_ANALYSIS_H_ */
