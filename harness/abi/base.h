/* What every part of Assay's plugin ABI is made of: text, element types, opaque
 * handles, and the words that the comments use.
 *
 * Layout   Every table and every struct that crosses the border starts with its
 *          size in bytes, written by whoever made it (ASSAY_SIZE), and grows at
 *          the end only. A reader uses a member if ASSAY_HAS says that the
 *          writer knew it. Unknown bits and values read as documented defaults.
 *          Fixed-width integers and pointers only; an option "from the recipe"
 *          or "not given" is a negative number, so that a zeroed struct is
 *          never a trap: where 0 is legal, ASSAY_UNSET says "not given".
 * Errors   A function that may fail returns a status: null is success, else it
 *          is *given* and released by the status table. Outputs are untouched
 *          on failure unless said otherwise. No exception crosses the border.
 * Pointers *borrowed*  valid until the call returns;
 *          *lent*      valid until the named event;
 *          *given*     belongs to the receiver, released by the named call.
 *          Pointers into a module go to the host as borrowed or lent; nobody
 *          frees the other side's memory.
 * Threads  [main]  the thread that entered make, plan, run or drop
 *          [hook]  the same thread, inside a training hook
 *          [any]   every thread, at the same time
 *          +blocks may take long (training, reading files)
 *          The host never enters one method instance twice at once and holds no
 *          lock while it calls out. Out of place: FAILED_PRECONDITION. */
#ifndef ASSAY_HARNESS_ABI_BASE_H_
#define ASSAY_HARNESS_ABI_BASE_H_

#include <stddef.h>
#include <stdint.h>

#include "dlpack.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The size of a struct or table as this side knows it. */
#define ASSAY_SIZE(type) ((uint32_t)sizeof(type))

/* Whether the writer of *pointer knew `member`. */
#define ASSAY_HAS(pointer, type, member) \
  ((pointer)->size >= offsetof(type, member) + sizeof((pointer)->member))

/* A number that was not given; the host takes the task's recipe. */
#define ASSAY_UNSET (-1)

/* UTF-8, not terminated. data may be null when size is 0. */
typedef struct assay_text {
  const char* data;
  uint64_t size;
} assay_text;

/* Element types. */
enum {
  ASSAY_F32 = 0,
  ASSAY_F64 = 1,
  ASSAY_BF16 = 2,
  ASSAY_S8 = 3,
  ASSAY_U8 = 4,
  ASSAY_S32 = 5,
  ASSAY_S64 = 6,
  ASSAY_BOOL = 7
};

/* The host as one method instance sees it: first argument of every service
 * call. The one handed to the module's entry serves `assay.status` and
 * `assay.log` only. Lent until drop (until close for the entry's). */
typedef struct assay_host assay_host;

/* Objects of the host. Reached through tables only. */
typedef struct assay_status assay_status;
typedef struct assay_tensor assay_tensor;
typedef struct assay_random assay_random;
typedef struct assay_graph assay_graph;
typedef struct assay_parameters assay_parameters;
typedef struct assay_variables assay_variables;
typedef struct assay_program assay_program;
typedef struct assay_part assay_part;
typedef struct assay_batches assay_batches;
typedef struct assay_training assay_training;
typedef struct assay_groups assay_groups;

/* An object of the module: one method instance. */
typedef struct assay_method assay_method;

/* Receives text that the host makes on the spot: called once, the text is
 * borrowed. */
typedef struct assay_text_sink {
  void* context;
  void (*take)(void* context, assay_text text);
} assay_text_sink;

/* Finds a table by id, "assay.graph/1"; null when this host has none, which is
 * normal. Lent until close. [any] */
typedef const void* (*assay_find_fn)(assay_host* host, assay_text id);

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_BASE_H_ */
