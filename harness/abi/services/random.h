/* assay.random/1: all randomness of a method. Streams are counter-based (Philox
 * 4x32, 10 rounds), keyed by (run seed, method id, stream name), so that one
 * more consumer shifts no other. Any 64-bit seed is legal. Draw counts go into
 * the report. */
#ifndef ASSAY_HARNESS_ABI_SERVICES_RANDOM_H_
#define ASSAY_HARNESS_ABI_SERVICES_RANDOM_H_

#include "../base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_RANDOM_ID "assay.random/1"

typedef struct assay_random_table {
  uint32_t size;
  uint32_t revision;

  /* The stream of that name ("mask", "search", "init/2"): the same name gives
   * the same stream, which goes on where it was. Lent until drop. [main, hook]
   */
  assay_status* (*stream)(assay_host* host, assay_text name,
                          assay_random** out);

  /* The next 64 bits. [main, hook] for all below. */
  uint64_t (*bits)(assay_random* stream);

  /* Uniform in [0, n), unbiased; 0 when n is 0. */
  uint64_t (*below)(assay_random* stream, uint64_t n);

  /* Uniform in [0, 1), 53 bits. */
  double (*uniform)(assay_random* stream);

  void (*fill_uniform)(assay_random* stream, float low, float high, float* out,
                       uint64_t count);
  void (*fill_normal)(assay_random* stream, float mean, float stddev,
                      float* out, uint64_t count);

  /* Writes 0..count-1 in random order. */
  void (*permutation)(assay_random* stream, int64_t* out, uint64_t count);

  /* 32-bit words drawn so far; seek(position) resumes. */
  uint64_t (*position)(const assay_random* stream);
  void (*seek)(assay_random* stream, uint64_t position);
} assay_random_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_RANDOM_H_ */
