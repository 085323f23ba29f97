/* assay.data/1: the train and validation splits. The test split does not exist
 * in this process. A part is a list of samples of one split; streams of batches
 * run over a part. */
#ifndef ASSAY_HARNESS_ABI_SERVICES_DATA_H_
#define ASSAY_HARNESS_ABI_SERVICES_DATA_H_

#include "../base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_DATA_ID "assay.data/1"

enum { ASSAY_TRAIN = 0, ASSAY_VALIDATION = 1 };

/* Bits of assay_batches_options.flags. */
enum {
  ASSAY_SHUFFLE = 1, /* parts of the train split only: a new order each epoch,
                        whose last incomplete batch is left out; else the part's
                        order */
  ASSAY_AUGMENT = 2, /* with SHUFFLE only: the recipe's augmentation */
  ASSAY_REPEAT = 4   /* goes on for ever; else ends after one epoch */
};

typedef struct assay_feed {
  uint32_t size;
  uint32_t reserved;
  assay_text name; /* "image", "labels" */
  const assay_tensor* tensor;
} assay_feed;

/* Batches composed of several parts of the train split: each has shares[i]
 * samples of parts[i], in this order; order and augmentation of each part are
 * its own. A balanced mixture of classes, domains or difficulties. */
typedef struct assay_mix {
  uint32_t size;
  uint32_t count;
  const assay_part* const* parts;
  const int64_t* shares; /* at least 1 each, at most the part's size */
} assay_mix;

/* Lent until the next call of `next` or until the stream is freed. Every batch
 * has the full batch size: where samples run out, the rows after the first
 * `samples` are padding whose labels are -1 and count for nothing. */
typedef struct assay_batch {
  uint32_t size;
  uint32_t feed_count;
  const assay_feed* const* feeds;
  int64_t samples;
  int64_t epoch; /* counted from 0 */
} assay_batch;

typedef struct assay_batches_options {
  uint32_t size;
  uint32_t flags;
  int64_t batch_size; /* ASSAY_UNSET: the recipe's */
  assay_text stream;  /* names order and augmentation; not empty with SHUFFLE */
} assay_batches_options;

/* [main, hook] +blocks for all functions. */
typedef struct assay_data_table {
  uint32_t size;
  uint32_t revision;

  /* All samples of a split. Lent until drop. */
  assay_status* (*whole)(assay_host* host, int32_t split,
                         const assay_part** out);
  /* `count` samples at random in random order, and the rest in order
   * (rest may be null). Given. */
  assay_status* (*carve)(assay_host* host, const assay_part* part,
                         int64_t count, assay_text stream, assay_part** out,
                         assay_part** rest);
  /* `per_class` samples of each class at random, classes interleaved (0, 1, ..,
   * 0, 1, ..). Given. FAILED_PRECONDITION: the task has no classes. */
  assay_status* (*balanced)(assay_host* host, const assay_part* part,
                            int64_t per_class, assay_text stream,
                            assay_part** out);
  /* Positions within `part`, in that order. Given. */
  assay_status* (*select)(assay_host* host, const assay_part* part,
                          const int64_t* positions, uint64_t count,
                          assay_part** out);
  int64_t (*size_of)(assay_host* host, const assay_part* part);
  void (*free_part)(assay_host* host, assay_part* part);

  /* A stream of batches over a part (which must outlive it). Given. */
  assay_status* (*open)(assay_host* host, const assay_part* part,
                        const assay_batches_options* options,
                        assay_batches** out);
  /* The next batch; *out is null at the end. Samples of the train split are
   * counted in the ledger. */
  assay_status* (*next)(assay_host* host, assay_batches* batches,
                        const assay_batch** out);
  void (*free_batches)(assay_host* host, assay_batches* batches);

  /* A stream of composed batches, shuffled and endless; an epoch is that of the
   * part that lasts longest. Of the options, `stream` must be given, AUGMENT
   * may be; `batch_size` must be UNSET or the sum of the shares. Given. */
  assay_status* (*compose)(assay_host* host, const assay_mix* mix,
                           const assay_batches_options* options,
                           assay_batches** out);
} assay_data_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_DATA_H_ */
