/* assay.status/1: how both sides say what went wrong. Always present. */
#ifndef ASSAY_HARNESS_ABI_SERVICES_STATUS_H_
#define ASSAY_HARNESS_ABI_SERVICES_STATUS_H_

#include "../base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_STATUS_ID "assay.status/1"

/* The canonical codes. An unknown code reads as UNKNOWN. */
enum {
  ASSAY_OK = 0,
  ASSAY_CANCELLED = 1,
  ASSAY_UNKNOWN = 2,
  ASSAY_INVALID_ARGUMENT = 3,
  ASSAY_DEADLINE_EXCEEDED = 4,
  ASSAY_NOT_FOUND = 5,
  ASSAY_ALREADY_EXISTS = 6,
  ASSAY_PERMISSION_DENIED = 7,
  ASSAY_RESOURCE_EXHAUSTED = 8,
  ASSAY_FAILED_PRECONDITION = 9,
  ASSAY_ABORTED = 10,
  ASSAY_OUT_OF_RANGE = 11,
  ASSAY_UNIMPLEMENTED = 12,
  ASSAY_INTERNAL = 13,
  ASSAY_UNAVAILABLE = 14,
  ASSAY_DATA_LOSS = 15,
  ASSAY_UNAUTHENTICATED = 16
};

typedef struct assay_status_table {
  uint32_t size;
  uint32_t revision;

  /* A given status with a copy of `message`; `cause` (null or given to the
   * host) is appended to it. Never null: when memory is gone, a reserved
   * object. [any] */
  assay_status* (*make)(assay_host* host, int32_t code, assay_text message,
                        assay_status* cause);

  /* ASSAY_OK for null. [any] */
  int32_t (*code)(const assay_status* status);

  /* Lent until free. [any] */
  assay_text (*message)(const assay_status* status);

  /* Null is fine. [any] */
  void (*free)(assay_status* status);
} assay_status_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_STATUS_H_ */
