/* assay.ledger/1: what has been spent, as the report will say. */
#ifndef ASSAY_HARNESS_ABI_SERVICES_LEDGER_H_
#define ASSAY_HARNESS_ABI_SERVICES_LEDGER_H_

#include "../base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_LEDGER_ID "assay.ledger/1"

typedef struct assay_ledger {
  uint32_t size;
  uint32_t reserved;
  int64_t samples; /* of the train split, drawn in any way */
  int64_t steps;   /* of the standard loop */
  int64_t evaluations;
  int64_t programs; /* runs of the method's own programs */
  int64_t macs;     /* multiply-accumulates of all of these */
  double seconds;   /* since run began */
} assay_ledger;

typedef struct assay_ledger_table {
  uint32_t size;
  uint32_t revision;

  /* `out->size` is set by the caller. [any] */
  void (*read)(assay_host* host, assay_ledger* out);
} assay_ledger_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_LEDGER_H_ */
