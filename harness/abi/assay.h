/* Assay's plugin ABI, major 1, revision 1: a compression method as a shared
 * library. C11, no library needed; C++ authors take sdk.h over it.
 *
 * A library (*module*) exports one symbol, assay_module_open_v1. It holds one
 * or more methods, each with a static card. For a run the host makes an
 * instance of one method, plans, and lets it drive: the method asks the host's
 * tables for everything it needs and submits a candidate for each budget.
 *
 *   open -> card, match (any number) -> make -> plan -> run -> drop -> close
 *
 * base.h says how layouts grow, who owns what, and on which thread. */
#ifndef ASSAY_HARNESS_ABI_ASSAY_H_
#define ASSAY_HARNESS_ABI_ASSAY_H_

#include "base.h"
#include "services/analysis.h"
#include "services/cost.h"
#include "services/custom_op.h"
#include "services/data.h"
#include "services/decode.h"
#include "services/dynamic.h"
#include "services/elastic.h"
#include "services/evaluate.h"
#include "services/graph.h"
#include "services/ledger.h"
#include "services/linalg.h"
#include "services/log.h"
#include "services/parameters.h"
#include "services/program.h"
#include "services/random.h"
#include "services/status.h"
#include "services/submit.h"
#include "services/task.h"
#include "services/tensor.h"
#include "services/train.h"
#include "services/trainer.h"
#include "services/workers.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The newest revision that this header describes. */
#define ASSAY_REVISION 1u

/* --- Parameters of a method ---------------------------------------------- */

/* Types. */
enum {
  ASSAY_PARAM_FLAG = 0, /* integer 0 or 1 */
  ASSAY_PARAM_INTEGER = 1,
  ASSAY_PARAM_REAL = 2,
  ASSAY_PARAM_CHOICE = 3, /* text, one of `choices` */
  ASSAY_PARAM_TEXT = 4,
  ASSAY_PARAM_REALS = 5
};

/* How to search a number. */
enum { ASSAY_SCALE_LINEAR = 0, ASSAY_SCALE_LOG2 = 1, ASSAY_SCALE_LOG10 = 2 };

/* Bits of assay_param.flags. */
enum {
  ASSAY_PARAM_SEARCHABLE = 1, /* worth a sweep */
  ASSAY_PARAM_RETIRED = 2     /* accepted and ignored */
};

/* Static memory of the module. Ids are never reused. */
typedef struct assay_param {
  uint32_t size;
  uint32_t id;
  int32_t type;
  int32_t scale;
  assay_text key; /* "learning_rate" */
  assay_text unit;
  assay_text help;
  double low; /* bounds of numbers and of elements of lists, inclusive */
  double high;
  double preset;          /* flags and numbers */
  assay_text preset_text; /* choices and text */
  const double* preset_reals;
  uint64_t preset_reals_count;
  const assay_text* choices;
  uint64_t choice_count;
  uint64_t flags;
} assay_param;

/* One parameter's value, checked by the host. Text and reals are lent with the
 * config. */
typedef struct assay_setting {
  uint32_t size;
  uint32_t id;
  int64_t integer; /* flags, integers */
  double real;
  assay_text text; /* choices, text */
  const double* reals;
  uint64_t reals_count;
} assay_setting;

/* A setting for each parameter of the card, in its order, presets filled in.
 * Immutable, lent until drop. */
typedef struct assay_config {
  uint32_t size;
  uint32_t count;
  const assay_setting* const* settings;
} assay_config;

/* --- Cards --------------------------------------------------------------- */

/* Kinds of methods. */
enum {
  ASSAY_KIND_BASELINE = 0,
  ASSAY_KIND_PRUNE = 1,
  ASSAY_KIND_SEARCH = 2,
  ASSAY_KIND_QUANTIZE = 3,
  ASSAY_KIND_MIXED = 4
};

/* Levels of determinism that a method claims; the host checks. */
enum {
  ASSAY_STATISTICAL = 1,
  ASSAY_BITWISE_MACHINE = 2, /* same machine, same thread count */
  ASSAY_BITWISE_THREADS = 3  /* any thread count */
};

/* Who a method is. Static memory of the module; reading it touches nothing. */
typedef struct assay_card {
  uint32_t size;
  uint32_t revision; /* ASSAY_REVISION that the card was written for */
  assay_text id;     /* "magnitude": lower case, digits, '_' and '.' */
  assay_text version;
  assay_text title;
  assay_text paper; /* "Lee et al. 2021, arXiv 2010.07611" */
  assay_text licence;
  uint32_t kind;
  uint32_t determinism;
  uint32_t modalities; /* bits of assay_task_info.modality; 0: any */
  uint32_t budgets;    /* bits of assay_budget.kinds that it can meet */
  const assay_param* const* parameters;
  uint64_t parameter_count;
  const assay_text*
      requires_tables; /* ids of host tables it cannot do without */
  uint64_t requires_count;
} assay_card;

/* The machine and the task, before anything is made. Borrowed. */
typedef struct assay_site {
  uint32_t size;
  uint32_t threads;
  assay_text backend;         /* "cpu" */
  assay_text hardware;        /* processor or accelerator, in words */
  const assay_text* features; /* "avx512_vnni", "amx_int8" */
  uint64_t feature_count;
  uint64_t memory_bytes;
  const assay_task_info* task;
} assay_site;

/* How well a method suits a site. */
typedef struct assay_fit {
  uint32_t size;
  uint32_t score;    /* 0: not at all, 100: as meant */
  assay_text reason; /* static memory of the module */
} assay_fit;

/* What a method wants to spend over all budgets; negative: cannot tell. */
typedef struct assay_needs {
  uint32_t size;
  uint32_t reserved;
  double epochs;
  int64_t evaluations;
  int64_t peak_bytes;
} assay_needs;

/* --- Method and module --------------------------------------------------- */

#define ASSAY_METHOD_ID "assay.method/1"

/* What the module offers for each instance under ASSAY_METHOD_ID. */
typedef struct assay_method_table {
  uint32_t size;
  uint32_t revision;

  /* A dry run: fills `out` (borrowed; size set by the host). Reads task, graph
   * and cost tables, trains nothing. The host may then lower the allowance
   * before it calls run. [main] */
  assay_status* (*plan)(assay_method* method, assay_needs* out);

  /* Does the work and submits. Called once, after plan. CANCELLED when it
   * stopped because the host asked. [main] +blocks */
  assay_status* (*run)(assay_method* method);
} assay_method_table;

/* Lent until close. Nothing here may touch a device, start a thread or print
 * before make. */
typedef struct assay_module {
  uint32_t size;
  uint32_t revision;

  uint32_t (*count)(void);                   /* [any] */
  const assay_card* (*card)(uint32_t index); /* [any] null past the end */

  /* Fills `out` (size set by the host). [any] */
  assay_status* (*match)(uint32_t index, assay_host* host,
                         const assay_site* site, assay_fit* out);

  /* Makes an instance, given to the host (drop). `host` and `config` are lent
   * until drop. Two instances must be able to live side by side. [main] */
  assay_status* (*make)(uint32_t index, assay_host* host,
                        const assay_config* config, assay_method** out);

  /* A table of the instance; null for an unknown id. Lent until drop. [any] */
  const void* (*find)(assay_method* method, assay_text id);

  void (*drop)(assay_method* method); /* [main] */

  /* Balances one open. The library stays mapped. [main] */
  void (*close)(void);
} assay_module;

/* --- Entry --------------------------------------------------------------- */

/* What the host offers. Borrowed; host and find are lent until close. */
typedef struct assay_offer {
  uint32_t size;
  uint32_t revision_low; /* the host speaks every revision from low to high */
  uint32_t revision_high;
  uint32_t flags; /* none in revision 1 */
  assay_host* host;
  assay_find_fn find;
} assay_offer;

/* Results of assay_module_open_v1. */
enum {
  ASSAY_OPENED = 0,
  ASSAY_NO_COMMON_REVISION = 1,
  ASSAY_MISSING_SUPPORT = 2, /* driver, instruction set, library */
  ASSAY_DAMAGED = 3
};

/* The module's answer. `why` says a refusal in words, terminated; it is the one
 * fixed buffer, since no service exists yet. */
typedef struct assay_answer {
  uint32_t size;     /* set by the host */
  uint32_t revision; /* the highest that both speak */
  const assay_module* module;
  char why[240];
} assay_answer;

#if defined(__GNUC__)
#define ASSAY_EXPORT __attribute__((visibility("default")))
#else
#define ASSAY_EXPORT
#endif

/* The only export. May be called several times; each success is balanced by
 * module->close, and gives the same table. [main] */
typedef int32_t (*assay_module_open_fn)(const assay_offer* offer,
                                        assay_answer* answer);
#define ASSAY_ENTRY "assay_module_open_v1"
ASSAY_EXPORT int32_t assay_module_open_v1(const assay_offer* offer,
                                          assay_answer* answer);

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_ASSAY_H_ */
