/* assay.log/1: words, progress, numbers for the report, and the host's wish to
 * stop. A module never prints. Always present. */
#ifndef ASSAY_HARNESS_ABI_SERVICES_LOG_H_
#define ASSAY_HARNESS_ABI_SERVICES_LOG_H_

#include "../base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_LOG_ID "assay.log/1"

enum {
  ASSAY_LOG_DEBUG = 0,
  ASSAY_LOG_INFO = 1,
  ASSAY_LOG_WARNING = 2,
  ASSAY_LOG_ERROR = 3
};

/* Answers of stop_wanted. */
enum {
  ASSAY_STOP_NO = 0,
  ASSAY_STOP_SOON = 1, /* finish cleanly, submit what there is */
  ASSAY_STOP_NOW = 2   /* return; the process ends soon */
};

typedef struct assay_log_table {
  uint32_t size;
  uint32_t revision;

  /* One line, without line break. The last lines go into the report. [any] */
  void (*write)(assay_host* host, int32_t level, assay_text line);

  /* `done` of `total` units of the phase `name` ("score", "search"). May go
   * back; total < 0 is unknown. [any] */
  void (*progress)(assay_host* host, assay_text name, int64_t done,
                   int64_t total);

  /* Poll at least every 100 ms in long loops. An ASSAY_STOP_ value. [any] */
  int32_t (*stop_wanted)(assay_host* host);

  /* Keeps `value` under series `key` for the report: "sparsity/conv1". Steps
   * need not be ordered. [main, hook] */
  void (*metric)(assay_host* host, assay_text key, int64_t step, double value);

  /* Keeps a fact for the report: "bn_mode" = "train". The last one of a key
   * wins. [main, hook] */
  void (*note)(assay_host* host, assay_text key, assay_text value);
} assay_log_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_LOG_H_ */
