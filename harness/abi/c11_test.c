/* The header alone compiles as pedantic C11, and its macros do what they say.
 */
#include <stdio.h>

#include "harness/abi/assay.h"

/* What a module built against a shorter table would see. */
typedef struct old_log_table {
  uint32_t size;
  uint32_t revision;
  void (*write)(assay_host* host, int32_t level, assay_text line);
} old_log_table;

int main(void) {
  assay_log_table table = {0};
  table.size = ASSAY_SIZE(old_log_table);
  if (!ASSAY_HAS(&table, assay_log_table, write) ||
      ASSAY_HAS(&table, assay_log_table, progress)) {
    fprintf(stderr, "ASSAY_HAS misjudges a table that was cut short\n");
    return 1;
  }
  table.size = ASSAY_SIZE(assay_log_table) + 64; /* of a later revision */
  if (!ASSAY_HAS(&table, assay_log_table, note)) {
    fprintf(stderr, "ASSAY_HAS misjudges a table that has grown\n");
    return 1;
  }
  return 0;
}
