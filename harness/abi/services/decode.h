/* assay.decode/1: causal networks that take their positions little by little
 * and remember the keys and values of the ones before.
 *
 * A decoder holds weights and *parts*: what lies between values of causal
 * graphs, each with caches and a length of its own. The whole network may be
 * one part; a network that a token may leave early is one part per range of
 * layers; a draft model, an adapter, a head are parts.
 *
 * A part holds positions 0 .. length - 1 without gaps: what it has not been run
 * on is not there. Nothing fills in the keys of a token that left before a
 * part: keep its hidden state and run the part on all that are pending,
 * together, before the next token that needs it (exact); or store() the hidden
 * state of the exit as it is (an approximation, at the cost of keys and values
 * alone). One sequence at a time. */
#ifndef ASSAY_HARNESS_ABI_SERVICES_DECODE_H_
#define ASSAY_HARNESS_ABI_SERVICES_DECODE_H_

#include "../base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_DECODE_ID "assay.decode/1"

typedef struct assay_decoder assay_decoder;

/* [main, hook] for all functions. */
typedef struct assay_decode_table {
  uint32_t size;
  uint32_t revision;

  /* A decoder with a copy of `set` and no parts. Given. */
  assay_status* (*make)(assay_host* host, const assay_parameters* set,
                        assay_decoder** out);
  void (*free)(assay_host* host, assay_decoder* decoder);

  /* What computes values `to` from values `from` of `graph`; all of them are
   * [N,T,...], where T bounds the length. Attention is softmax(q k' + mask) v
   * with causal masks, rope counts positions of the part. `part` gets its
   * number. INVALID_ARGUMENT: another mask, positions that are learnt, or a
   * parameter that the set lacks. */
  assay_status* (*add_part)(assay_host* host, assay_decoder* decoder,
                            const assay_graph* graph, const int32_t* from,
                            uint64_t from_count, const int32_t* to,
                            uint64_t to_count, uint32_t* part);

  /* Positions that a part holds; -1 where there is no such part. */
  int64_t (*length)(assay_host* host, const assay_decoder* decoder,
                    uint32_t part);
  /* Back to an earlier length. OUT_OF_RANGE: a later one. */
  assay_status* (*truncate)(assay_host* host, assay_decoder* decoder,
                            uint32_t part, int64_t length);

  /* The part on positions length .. length + m - 1: inputs[i] is [1,m,...] and
   * stands for from[i]; `count` of them. The length grows by m. OUT_OF_RANGE:
   * more than T positions. +blocks */
  assay_status* (*run)(assay_host* host, assay_decoder* decoder, uint32_t part,
                       const assay_tensor* const* inputs, uint64_t count);
  /* The same, for what it leaves in the caches alone. */
  assay_status* (*store)(assay_host* host, assay_decoder* decoder,
                         uint32_t part, const assay_tensor* const* inputs,
                         uint64_t count);
  /* A given copy of to[index] as the part's last run made it: [1,m,...]. */
  assay_status* (*fetch)(assay_host* host, const assay_decoder* decoder,
                         uint32_t part, uint32_t index, assay_tensor** out);
} assay_decode_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_DECODE_H_ */
