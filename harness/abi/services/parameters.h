/* assay.parameters/1: sets of named tensors on the host: weights, running
 * statistics, masks, whatever a method keeps beside them. Several graphs may
 * read one set. */
#ifndef ASSAY_HARNESS_ABI_SERVICES_PARAMETERS_H_
#define ASSAY_HARNESS_ABI_SERVICES_PARAMETERS_H_

#include "../base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_PARAMETERS_ID "assay.parameters/1"

/* [main, hook] for all functions.
 *
 * A mask is a set as well: under a parameter's name a tensor of its shape, any
 * type, nonzero = kept. Parameters without one are kept whole. */
typedef struct assay_parameters_table {
  uint32_t size;
  uint32_t revision;

  /* The reference network's trained values. Lent until drop, read-only. */
  const assay_parameters* (*reference)(assay_host* host);

  /* An empty set, a copy of a set with all values (a snapshot). Given. */
  assay_status* (*make)(assay_host* host, assay_parameters** out);
  assay_status* (*clone)(assay_host* host, const assay_parameters* set,
                         assay_parameters** out);
  void (*free)(assay_host* host, assay_parameters* set);

  /* Names are sorted; `name` is lent until the set changes. */
  uint32_t (*count)(assay_host* host, const assay_parameters* set);
  assay_status* (*name)(assay_host* host, const assay_parameters* set,
                        uint32_t index, assay_text* out);

  /* The tensor of that name, lent until it is erased or the set is freed; a
   * view with ASSAY_WRITE changes the set (not one that is lent read-only).
   * NOT_FOUND names it. */
  assay_status* (*tensor)(assay_host* host, const assay_parameters* set,
                          assay_text name, const assay_tensor** out);
  /* Copies the tensor into the set, in place where the type is the same. */
  assay_status* (*set)(assay_host* host, assay_parameters* set, assay_text name,
                       const assay_tensor* tensor);
  assay_status* (*erase)(assay_host* host, assay_parameters* set,
                         assay_text name);

  /* Copies every tensor of `source` over (restores a snapshot). */
  assay_status* (*assign)(assay_host* host, assay_parameters* set,
                          const assay_parameters* source);

  /* Gives each parameter of `graph` that the set lacks its standard initial
   * value for its role (He-normal convolutions, ones and zeros for norms, ...),
   * drawn in graph order from the random stream of that name. */
  assay_status* (*initialize)(assay_host* host, assay_parameters* set,
                              const assay_graph* graph, assay_text stream);

  /* Multiplies by the masks. */
  assay_status* (*apply_masks)(assay_host* host, assay_parameters* set,
                               const assay_parameters* masks);
} assay_parameters_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_PARAMETERS_H_ */
